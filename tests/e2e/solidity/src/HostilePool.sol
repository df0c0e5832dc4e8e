// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Reentrant} from "./Reentrant.sol";

interface IToken {
    function balanceOf(address account) external view returns (uint256);
    function transfer(address to, uint256 value) external returns (bool);
}

interface ISwapCallback {
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external;
}

/// @title A factory that names whatever pool it is told to
contract MockFactory {
    mapping(address => mapping(address => mapping(uint24 => address))) public getPool;

    function setPool(address tokenA, address tokenB, uint24 fee, address pool) external {
        getPool[tokenA][tokenB][fee] = pool;
        getPool[tokenB][tokenA][fee] = pool;
    }
}

/// @title Looks like a Uniswap V3 pool with one constant price, and turns on its caller when told to
/// @notice Holds real tokens and trades them at `sqrtPriceX96` without a fee. Armed calls (see Reentrant) fire at the
/// moment that `trap` names.
contract HostilePool is Reentrant {
    /// When armed calls fire, or what else the pool does wrong in `swap`.
    enum Trap {
        None,
        BeforeCallback,
        AfterCallback,
        DuringObserve, // no call is possible from a view; the pool reverts instead
        CallbackTwice,
        NoCallback,
        Overcharge, // asks for twice the input
        Underpay, // pays half of the output
        NoPay
    }

    address public immutable factory;
    address public immutable token0;
    address public immutable token1;
    uint24 public immutable fee;
    int24 public immutable tickSpacing = 10;
    uint160 public sqrtPriceX96;
    int24 public tick;
    uint128 public liquidity = 1e24;
    Trap public trap;

    error ObserveDown();

    constructor(address factory_, address token0_, address token1_, uint24 fee_) {
        (factory, token0, token1, fee) = (factory_, token0_, token1_, fee_);
    }

    function setPrice(uint160 sqrtPriceX96_, int24 tick_) external {
        (sqrtPriceX96, tick) = (sqrtPriceX96_, tick_);
    }

    function setLiquidity(uint128 liquidity_) external {
        liquidity = liquidity_;
    }

    function setTrap(Trap trap_) external {
        trap = trap_;
    }

    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool) {
        return (sqrtPriceX96, tick, 0, 100, 100, 0, true);
    }

    function observe(uint32[] calldata ago)
        external
        view
        returns (int56[] memory tickCumulatives, uint160[] memory secondsPerLiquidity)
    {
        if (trap == Trap.DuringObserve) revert ObserveDown();
        tickCumulatives = new int56[](ago.length);
        secondsPerLiquidity = new uint160[](ago.length);
        for (uint256 i; i < ago.length; ++i) {
            uint256 time = block.timestamp - ago[i];
            tickCumulatives[i] = int56(tick) * int56(int256(time));
            secondsPerLiquidity[i] = uint160((time << 128) / (liquidity == 0 ? 1 : liquidity));
        }
    }

    function swap(address recipient, bool zeroForOne, int256 amountSpecified, uint160, bytes calldata data)
        external
        returns (int256 amount0, int256 amount1)
    {
        uint256 amountIn = uint256(amountSpecified);
        uint256 amountOut = _quote(zeroForOne, amountIn);
        if (trap == Trap.BeforeCallback) _fire();
        _pay(zeroForOne ? token1 : token0, recipient, amountOut);
        if (trap == Trap.Overcharge) amountIn *= 2;
        (amount0, amount1) = zeroForOne
            ? (int256(amountIn), -int256(amountOut))
            : (-int256(amountOut), int256(amountIn));
        if (trap != Trap.NoCallback) ISwapCallback(msg.sender).uniswapV3SwapCallback(amount0, amount1, data);
        if (trap == Trap.CallbackTwice) ISwapCallback(msg.sender).uniswapV3SwapCallback(amount0, amount1, data);
        if (trap == Trap.AfterCallback) _fire();
    }

    function _pay(address token, address recipient, uint256 amountOut) private {
        if (trap == Trap.NoPay) return;
        if (trap == Trap.Underpay) amountOut /= 2;
        IToken(token).transfer(recipient, amountOut);
    }

    function _quote(bool zeroForOne, uint256 amountIn) private view returns (uint256) {
        uint256 ratio = uint256(sqrtPriceX96);
        return zeroForOne ? (amountIn * ratio >> 96) * ratio >> 96 : ((amountIn << 96) / ratio << 96) / ratio;
    }
}
