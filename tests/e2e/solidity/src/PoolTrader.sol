// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

interface IERC20 {
    function transfer(address to, uint256 value) external returns (bool);
}

interface IPool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
    function swap(address recipient, bool zeroForOne, int256 amountSpecified, uint160 limit, bytes calldata data)
        external
        returns (int256, int256);
}

/// @title A trader with its own money: moves Uniswap V3 pools to a price, or by an amount
/// @notice The tests' outside trader and the hostile keeper's accomplice.
contract PoolTrader {
    address private _pool;

    error NotExpected(address caller);

    /// @notice Trades until the pool's price is `target`.
    function moveTo(address pool, uint160 target) external returns (int256 amount0, int256 amount1) {
        (uint160 price,,,,,,) = IPool(pool).slot0();
        if (price == target) return (0, 0);
        return _swap(pool, target < price, type(int256).max, target);
    }

    /// @notice Sells `amountIn` at any price.
    function sell(address pool, bool zeroForOne, uint256 amountIn) external returns (int256 amount0, int256 amount1) {
        uint160 limit = zeroForOne ? 4295128740 : 1461446703485210103287273052203988822378723970341;
        return _swap(pool, zeroForOne, int256(amountIn), limit);
    }

    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        if (msg.sender != _pool) revert NotExpected(msg.sender);
        if (amount0Delta > 0) IERC20(IPool(_pool).token0()).transfer(_pool, uint256(amount0Delta));
        if (amount1Delta > 0) IERC20(IPool(_pool).token1()).transfer(_pool, uint256(amount1Delta));
    }

    function _swap(address pool, bool zeroForOne, int256 amount, uint160 limit) private returns (int256, int256) {
        _pool = pool;
        (int256 a0, int256 a1) = IPool(pool).swap(address(this), zeroForOne, amount, limit, "");
        _pool = address(0);
        return (a0, a1);
    }
}
