// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Gimbal adapter: swaps on Uniswap V3 pools for one vault
/// @notice The vault pushes the input and calls `swap`; of what passes through, nothing stays behind. What somebody gave to
/// the adapter beforehand counts for nothing.
/// @dev The only contract of Gimbal that is ever re-entered: by the pool that it just called.
interface IAdapter {
    error BadRoute(uint256 length);
    error CallFailed(address target);
    error NotVault(address caller);
    error Overflow();
    error Slippage(address token, uint256 got, uint256 want);
    error TransferFailed(address token);
    error UnexpectedCallback(address caller);
    error UnknownPool(address pool);
    error ZeroAddress();

    /// @notice Swaps `amountIn` of `tokenIn`, already held, along `route`; sends the output and any rest of the input to the vault.
    /// @dev Guards in order: vault, route of one or two packed 20-byte pool addresses, each pool the one that the
    /// canonical factory names for its tokens and fee, tokens continuous, output >= minOut (`Slippage`).
    function swap(address tokenIn, address tokenOut, uint256 amountIn, uint256 minOut, bytes calldata route)
        external
        returns (uint256 spent, uint256 got);

    /// @dev Accepted once per hop, only from the pool that the adapter is calling at that moment.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external;

    function factory() external view returns (address);
    function vault() external view returns (address);
}
