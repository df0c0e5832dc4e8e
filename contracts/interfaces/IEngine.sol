// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Gimbal engine: prices, targets, bands, breakers and the permissioned rebalance
/// @notice Reads Chainlink-style feeds and Uniswap V3 TWAPs, and lets an allowlisted keeper trade the vault towards its
/// targets inside limits that the keeper cannot move. Holds no asset.
/// @dev Scales: usd and prices D18, price per whole token; weights D18; bands, deviations and slippage in bps.
/// Indices are the vault's registry order. Roles in `NotRole`: 0 owner, 1 guardian, 3 keeper.
interface IEngine {
    /// @notice How one asset is priced and how far it may drift.
    struct Asset {
        address token; // must equal the vault's asset at the same index
        address feed; // Chainlink AggregatorV3Interface, answer in USD
        address pool; // Uniswap V3 pool against the reference asset; zero for the reference itself
        uint32 heartbeat; // s, oldest answer that is accepted
        uint128 priceMin; // D18{usd/whole token}, answers at or below are refused; within 1 % of it: trip
        uint128 priceMax; // D18{usd/whole token}, answers at or above are refused; within 1 % of it: trip
        uint128 liquidityMin; // least harmonic-mean liquidity of the pool over the window
        uint64 target; // D18, all targets sum to 1e18
        uint16 band; // bps, 25..2500: drift of this asset that allows a rebalance
    }

    /// @notice Bounds on every rebalance; each has a hard cap in the code.
    struct Limits {
        uint16 slippageBps; // <= 200, output floor below the fair amount of every live source
        uint16 lossBps; // <= 100, most nav a rebalance may lose
        uint16 gainBps; // <= 200, most nav a rebalance may gain (more means a wrong price)
        uint16 deviationSkipBps; // <= 500, Chainlink against TWAP: trades are refused at or above
        uint16 deviationTripBps; // <= 2000, Chainlink against TWAP: HALTED is latched at or above
        uint16 deviationSpotBps; // <= 300, pool spot against TWAP, before and after each trade
        uint16 tradeBpsMax; // <= 2500, largest trade in bps of nav
        uint32 cooldown; // s, >= 60, between rebalances
        uint32 twapWindow; // s, 60..86400
        uint32 sequencerGrace; // s, >= 1800, after the sequencer came back
        uint128 tradeUsdMin; // D18{usd}, smallest trade
    }

    /// @notice One leg of a rebalance: sell asset `assetIn` for `assetOut`.
    struct Trade {
        uint8 venue; // index in the engine's venues
        uint8 assetIn;
        uint8 assetOut;
        uint128 maxIn; // {tokIn}, clamped to surplus and deficit
        uint128 minOut; // {tokOut} for maxIn; scaled when clamped; can only tighten the floor
        bytes route; // one or two packed pool addresses; must be the listed pools of the two assets
    }

    // ------------------------------------------------------------------ events

    event KeeperSet(address indexed caller, address indexed keeper, bool allowed);
    event LimitsSet(address indexed caller, Limits limits);
    event Rebalanced(
        address indexed keeper,
        uint64 indexed nonce,
        uint256 navBefore,
        uint256 navAfter,
        uint256 driftBefore,
        uint256 driftAfter,
        uint256[] prices
    );
    event TargetsSet(address indexed caller, uint64[] targets, uint16[] bands);
    event Tripped(address indexed caller, uint8 reason, uint256 index, uint256 value, uint256 limit);
    event VenueAdded(address indexed caller, uint256 index, address venue);

    // ------------------------------------------------------------------ errors

    error BadNonce(uint64 got, uint64 want);
    error BadPrice(uint256 index);
    error BadRoute(uint256 trade);
    error CallFailed(address target);
    error Cooldown(uint64 until);
    error DeadlinePassed(uint64 deadline);
    error Deviation(uint256 index, uint256 bps);
    error DriftNotReduced(uint256 before, uint256 afterwards);
    error GainTooLarge(uint256 bps, uint256 limit);
    error HardCap(uint256 value, uint256 cap);
    error LengthMismatch(uint256 got, uint256 want);
    error LossTooLarge(uint256 bps, uint256 limit);
    error NotBreached(uint256 drift);
    error NotListed(uint256 index);
    error NotRole(uint8 role);
    error Overflow();
    error Overshoot(uint256 index);
    error RegistryMismatch(uint256 index);
    error SequencerDown();
    error SequencerGrace(uint64 until);
    error SpotDeviation(uint256 index, uint256 bps);
    error StalePrice(uint256 index);
    error SupplyChanged(uint256 before, uint256 afterwards);
    error TargetSum(uint256 sum);
    error ThinPool(uint256 index, uint256 liquidity);
    error TradeCount(uint256 count);
    error TradeTooLarge(uint256 trade, uint256 usd);
    error TradeTooSmall(uint256 trade, uint256 usd);
    error TwapUnavailable(uint256 index);
    error UnknownVenue(uint256 venue);
    error WrongDirection(uint256 trade);
    error WrongMode(uint8 mode);
    error ZeroAddress();

    // ------------------------------------------------------------------ act

    /// @notice Trades the vault towards its targets. Latches HALTED and returns outcome 1 when a trip condition holds.
    /// @dev Guards in order: keeper, deadline, trade count 1..4, cooldown, vault mode ACTIVE, nonce, sequencer, prices of
    /// all assets (`BadPrice`, `StalePrice`), clamped feeds (trip), TWAPs of the traded assets (`TwapUnavailable`,
    /// `ThinPool`), deviation (trip, then `Deviation`), drift above a band (`NotBreached`); per trade: venue, route
    /// length, assets, route, direction, clamped size, size bounds, spot, swap with the output floor, spot again; at the end: supply
    /// unchanged, drift_l1 strictly reduced, overshoot, loss, gain.
    /// @param nonce the vault's nonce
    /// @param deadline last chain time at which the call is valid
    /// @return outcome 0 done, 1 tripped
    function rebalance(Trade[] calldata trades, uint64 nonce, uint64 deadline)
        external
        returns (uint8 outcome, uint256 navBefore, uint256 navAfter);

    /// @notice Anyone: latches HALTED if a trip condition holds for any asset.
    /// @return outcome 0 nothing, 1 tripped
    function poke() external returns (uint8 outcome);

    /// @notice Owner: resumes the vault once every source of every asset is healthy and in agreement.
    /// @dev Guards in order: owner, sequencer, prices, clamp, TWAPs, deviation, then the vault's own.
    function resume() external;

    // ------------------------------------------------------------------ configure (roles are the vault's)

    /// @dev Guards in order: owner (to allow) or owner or guardian (to remove), not zero.
    function setKeeper(address keeper, bool allowed) external;
    /// @dev Guards in order: owner, hard caps.
    function setLimits(Limits calldata limits) external;
    /// @dev Guards in order: owner, lengths, sum of targets, band range.
    function setTargets(uint64[] calldata targets, uint16[] calldata bands) external;
    /// @dev Guards in order: owner, not zero, at most eight.
    function addVenue(address venue) external returns (uint256 index);

    // ------------------------------------------------------------------ views

    /// @notice Whether a rebalance would be accepted now, and why not. Cautious: it judges the TWAPs of all assets, while
    /// `rebalance` judges those of the traded ones.
    /// @return status 0 READY, 1 NOT_BREACHED, 2 COOLDOWN, 3 SEQUENCER, 4 PRICE, 5 TWAP, 6 DEVIATION, 7 WOULD_TRIP,
    /// 8 HALTED, 9 KILLED
    /// @return retryAt chain time at which to ask again, zero if unknown
    /// @return drift max over i of |w[i] - t[i]|, D18; zero when no price is to be had
    /// @return over bit mask of assets above target
    /// @return under bit mask of assets below target
    function checkRebalance()
        external
        view
        returns (uint8 status, uint64 retryAt, uint256 drift, uint256 over, uint256 under);

    /// @notice Prices by source, D18{usd/whole token}; zero where a source has none.
    /// @return chainlink feed answers that pass every check
    /// @return twap pool TWAP against the reference, times the reference's feed; the reference repeats its feed
    /// @return spot pool spot, times the reference's feed
    /// @return flags per asset: 1 bad answer, 2 stale, 4 near a price bound, 8 no TWAP, 16 thin pool, 32 deviation at or
    /// above skip, 64 deviation at or above trip, 128 spot deviation
    function prices()
        external
        view
        returns (uint256[] memory chainlink, uint256[] memory twap, uint256[] memory spot, uint256[] memory flags);

    /// @notice Value of the managed basket by feed prices, D18{usd}. Reverts without a good price for every asset.
    function nav() external view returns (uint256);

    /// @notice Current weights, targets (D18) and bands (bps). Reverts without a good price for every asset.
    function weights()
        external
        view
        returns (uint256[] memory current, uint256[] memory targets, uint256[] memory bands);

    function asset(uint256 index) external view returns (Asset memory);
    function limits() external view returns (Limits memory);
    function isKeeper(address account) external view returns (bool);
    function venues() external view returns (address[] memory);
    function vault() external view returns (address);
    function sequencerFeed() external view returns (address);
    function reference() external view returns (uint256 index);
    function lastRebalance() external view returns (uint64);
}
