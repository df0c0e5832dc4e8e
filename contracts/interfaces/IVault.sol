// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Gimbal vault: custody, shares and the in-kind exit
/// @notice Holds a basket of at most eight ERC-20 tokens and issues ERC-20 shares of it. Knows no price.
/// @dev Assumptions on a listed token: a transfer moves the stated amount or fails; the vault's balance falls only
/// when the vault transfers. A token that breaks them can fail its own leg of `redeem`, never another token's.
/// Roles in `NotRole`: 0 owner, 1 guardian, 2 engine, 4 pending owner. Modes: 0 ACTIVE, 1 HALTED, 2 KILLED.
/// Asset arrays are in registry order, the order of the constructor's `assets`.
interface IVault {
    // ------------------------------------------------------------------ events

    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Transfer(address indexed from, address indexed to, uint256 value);

    event Claimed(address indexed user, address indexed asset, address to, uint256 amount);
    event EngineSet(address indexed caller, address engine);
    event GuardianSet(address indexed caller, address indexed guardian, bool allowed);
    event Halted(address indexed caller, uint8 reason);
    event Killed(address indexed caller, uint8 reason);
    event Minted(address indexed caller, address indexed receiver, uint256 shares, uint256[] amountsIn);
    event Owed(address indexed user, address indexed asset, uint256 amount);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
    event QuotaSet(address indexed caller, address indexed asset, uint16 outBps);
    event Redeemed(
        address indexed caller,
        address indexed receiver,
        address indexed owner,
        uint256 shares,
        uint256[] amountsOut,
        uint256 owedMask
    );
    event Resumed(address indexed caller);
    event Seeded(address indexed caller, uint256 shares, uint256[] amounts);
    event Swapped(
        uint64 indexed nonce,
        address indexed venue,
        address tokenIn,
        address tokenOut,
        uint256 spent,
        uint256 got
    );
    event VenueSet(address indexed caller, address indexed venue, bool allowed);

    // ------------------------------------------------------------------ errors

    error AlreadySeeded();
    error AssetCount(uint256 count);
    error CallFailed(address target);
    error DuplicateAsset(address asset);
    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    error ERC20InvalidReceiver(address receiver);
    error ERC20InvalidSpender(address spender);
    error FeeOnTransfer(address token, uint256 got, uint256 want);
    error HardCap(uint256 value, uint256 cap);
    error InsufficientGas(uint256 available, uint256 needed);
    error LengthMismatch(uint256 got, uint256 want);
    error Locked();
    error MaxInExceeded(address token, uint256 needed, uint256 maxIn);
    error MinHalt(uint64 until);
    error NoCode(address target);
    error NotListed(address token);
    error NotRole(uint8 role);
    error NotSeeded();
    error NothingOwed(address user, address asset);
    error Overflow();
    error QuotaExceeded(address token, uint256 used, uint256 cap);
    error SeedTooSmall(uint256 shares, uint256 minimum);
    error Slippage(address token, uint256 got, uint256 want);
    error TransferFailed(address token);
    error UnknownVenue(address venue);
    error WrongMode(uint8 mode);
    error ZeroAddress();
    error ZeroAmount();

    // ------------------------------------------------------------------ ERC-20

    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function decimals() external view returns (uint8);
    function totalSupply() external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
    function approve(address spender, uint256 value) external returns (bool);
    function transfer(address to, uint256 value) external returns (bool);
    function transferFrom(address from, address to, uint256 value) external returns (bool);

    // ------------------------------------------------------------------ users: no price, no pause on the way out

    /// @notice Seeds the basket, once: pulls `amounts` from the owner and mints `shares`, 1e15 of them to 0x…01.
    /// @dev Guards in order: lock, owner, not seeded, array length, shares > 1e15, every amount > 0.
    function genesis(uint256[] calldata amounts, uint256 shares) external;

    /// @notice Mints `shares` to `receiver` against `ceil(managed[i] * shares / supply)` of every asset.
    /// @dev Guards in order: lock, mode not KILLED, seeded, receiver, shares > 0, array length, `maxIn[i]`, then per
    /// token the received amount must equal the asked one (`FeeOnTransfer`).
    /// @param maxIn most of each asset that the caller will pay
    /// @return amountsIn what was pulled from the caller
    function mint(uint256 shares, address receiver, uint256[] calldata maxIn)
        external
        returns (uint256[] memory amountsIn);

    /// @notice Burns `shares` of `owner` and pays `floor(managed[i] * shares / supply)` of every asset. Works in every
    /// mode. A token whose transfer fails, or whose bit is set in `skipMask`, is credited as owed to `receiver`.
    /// @dev Guards in order: lock, seeded, receiver, shares > 0, allowance, balance, array length, `minOut[i]`
    /// (`Slippage`). Each transfer gets at most 300,000 gas; a call too short of gas for that reverts
    /// (`InsufficientGas`) instead of turning a payment into a debt.
    /// @param minOut least of each asset; may be empty
    /// @return amountsOut the amounts due, paid or owed
    /// @return owedMask bit i set where asset i was credited instead of paid
    function redeem(uint256 shares, address receiver, address owner, uint256[] calldata minOut, uint256 skipMask)
        external
        returns (uint256[] memory amountsOut, uint256 owedMask);

    /// @notice Pays all that is owed to the caller in `asset` to `to`.
    /// @dev Guards in order: lock, listed, receiver, something owed, transfer moved exactly the amount. Where the token
    /// fails with data of its own, that data bubbles up.
    function claim(address asset, address to) external returns (uint256 amount);

    function previewMint(uint256 shares) external view returns (address[] memory assets, uint256[] memory amounts);
    function previewRedeem(uint256 shares) external view returns (address[] memory assets, uint256[] memory amounts);

    // ------------------------------------------------------------------ engine

    /// @notice Sells at most `maxIn` of `tokenIn` at a registered venue. Amounts are measured as balance changes.
    /// @dev Guards in order: lock, engine, mode ACTIVE, seeded, venue, tokens listed and different, amount > 0, outflow
    /// quota; after the venue: spent <= maxIn, got >= minOut (`Slippage`). Equal tokens: `DuplicateAsset`.
    function executeSwap(
        address venue,
        address tokenIn,
        uint256 maxIn,
        address tokenOut,
        uint256 minOut,
        bytes calldata route
    ) external returns (uint256 spent, uint256 got);

    /// @notice Latches HALTED from ACTIVE; a no-op in HALTED.
    /// @dev Guards in order: lock, engine, mode not KILLED.
    function trip(uint8 reason) external;

    /// @notice Leaves HALTED, an hour after it began at the earliest.
    /// @dev Guards in order: lock, engine, mode HALTED, minimum halt. The engine calls it for the owner, with healthy prices.
    function resume() external;

    // ------------------------------------------------------------------ safety and governance

    /// @dev Guards in order: lock, owner or guardian, mode not KILLED.
    function halt(uint8 reason) external;
    /// @notice Stops everything but the way out. A guardian that kills loses its role in the same call.
    /// @dev Guards in order: lock, owner or guardian, mode not KILLED.
    function kill(uint8 reason) external;

    /// @dev Guards in order: lock, owner, not zero.
    function transferOwnership(address newOwner) external;
    /// @dev Guards in order: lock, pending owner.
    function acceptOwnership() external;
    /// @dev Guards in order: lock, owner (or, to remove, any guardian for itself), not zero.
    function setGuardian(address guardian, bool allowed) external;
    /// @dev Guards in order: lock, owner, code at the address.
    function setEngine(address engine) external;
    /// @dev Guards in order: lock, owner (to allow) or owner or guardian (to disable), code at the address (to allow).
    function setVenue(address venue, bool allowed) external;
    /// @notice Sets the share of an asset that swaps may take out at once, and that refills over 24 hours; at most 5,000 bps.
    /// @dev Guards in order: lock, owner (to raise) or owner or guardian (to lower), listed, hard cap.
    function setQuota(address asset, uint16 outBps) external;

    // ------------------------------------------------------------------ views

    function owner() external view returns (address);
    function pendingOwner() external view returns (address);
    function engine() external view returns (address);
    function isGuardian(address account) external view returns (bool);
    function isVenue(address venue) external view returns (bool);
    function owed(address user, address asset) external view returns (uint256);
    function reserved(address asset) external view returns (uint256);
    /// @return used share of the asset that swaps took lately, D18
    /// @return cap the most it may be, D18
    function quota(address asset) external view returns (uint256 used, uint256 cap);
    /// @dev Reverts with `Locked` while an operation is open, as every view that depends on balances or supply does.
    function state()
        external
        view
        returns (uint8 mode, uint64 nonce, uint256 supply, address[] memory assets, uint256[] memory managed);
    /// @notice Whether an operation is open. Never reverts by the vault's own lock.
    function stateChangeActive() external view returns (bool);
    /// @return mode 0 ACTIVE, 1 HALTED, 2 KILLED
    /// @return haltedAt chain time of the latest halt, zero if none
    function modeSince() external view returns (uint8 mode, uint64 haltedAt);
}
