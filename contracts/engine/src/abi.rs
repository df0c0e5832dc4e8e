//! The structs of the interface.

use alloy_primitives::{Address, B256};

use crate::words::Field;

record! {
    /// How one asset is priced and how far it may drift (`IEngine.Asset`).
    pub(crate) Asset, 0 slots {
        /// The token; must equal the vault's asset at the same index.
        token: Address, 20;
        /// Chainlink-style feed in USD.
        feed: Address, 20;
        /// Pool against the reference asset; zero for the reference itself.
        pool: Address, 20;
        /// {s}, oldest answer that is accepted.
        heartbeat: u64, 4;
        /// D18{usd/whole token}
        price_min: u128, 16;
        /// D18{usd/whole token}
        price_max: u128, 16;
        /// Least harmonic-mean liquidity of the pool over the window.
        liquidity_min: u128, 16;
        /// D18
        target: u64, 8;
        /// {bps}
        band: u64, 2;
    }
}

record! {
    /// Bounds on every rebalance (`IEngine.Limits`).
    pub(crate) Limits, 2 slots {
        /// {bps}, output floor below the fair amount of every live source.
        slippage_bps: u64, 2;
        /// {bps}, most nav a rebalance may lose.
        loss_bps: u64, 2;
        /// {bps}, most nav a rebalance may gain.
        gain_bps: u64, 2;
        /// {bps}, feed against TWAP: trades are refused at or above.
        deviation_skip_bps: u64, 2;
        /// {bps}, feed against TWAP: HALTED is latched at or above.
        deviation_trip_bps: u64, 2;
        /// {bps}, pool spot against TWAP: trades are refused at or above.
        deviation_spot_bps: u64, 2;
        /// {bps} of nav, largest trade.
        trade_bps_max: u64, 2;
        /// {s} between rebalances.
        cooldown: u64, 4;
        /// {s}
        twap_window: u64, 4;
        /// {s} after the sequencer came back.
        sequencer_grace: u64, 4;
        /// D18{usd}, smallest trade.
        trade_usd_min: u128, 16;
    }
}

/// One leg of a rebalance (`IEngine.Trade`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trade<'a> {
    /// Index in the engine's venues.
    pub(crate) venue: u64,
    /// Index of the asset to sell.
    pub(crate) asset_in: u64,
    /// Index of the asset to buy.
    pub(crate) asset_out: u64,
    /// {tokIn}
    pub(crate) max_in: u128,
    /// {tokOut} for `max_in`.
    pub(crate) min_out: u128,
    /// Packed pool addresses.
    pub(crate) route: &'a [u8],
}

impl<'a> Trade<'a> {
    /// Width of each static field in bytes.
    pub(crate) const BYTES: [usize; 5] = [1, 1, 1, 16, 16];

    /// From the static fields in order, and the route.
    pub(crate) fn new(words: &[B256; 5], route: &'a [u8]) -> Self {
        let [venue, asset_in, asset_out, max_in, min_out] = words;
        Self {
            venue: Field::from_word(venue),
            asset_in: Field::from_word(asset_in),
            asset_out: Field::from_word(asset_out),
            max_in: Field::from_word(max_in),
            min_out: Field::from_word(min_out),
            route,
        }
    }
}
