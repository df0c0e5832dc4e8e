//! The structs of the interface, as words.
//!
//! Alloy's generated decoders cost a kilobyte of wasm per struct; these share one loop. They are as strict: a word that
//! does not fit its type is refused.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{
    SolType, Word,
    abi::token::{FixedSeqToken, PackedSeqToken, WordToken},
    private::SolTypeValue,
};
use stylus_sdk::abi::{AbiType, ConstString};

use crate::words::{Field, fits, record};

record! {
    /// How one asset is priced and how far it may drift (`IEngine.Asset`).
    pub Asset, 0 slots {
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
    pub Limits, 2 slots {
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
pub struct Trade {
    /// Index in the engine's venues.
    pub venue: u64,
    /// Index of the asset to sell.
    pub asset_in: u64,
    /// Index of the asset to buy.
    pub asset_out: u64,
    /// {tokIn}
    pub max_in: U256,
    /// {tokOut} for `max_in`.
    pub min_out: U256,
    /// Packed pool addresses.
    pub route: Vec<u8>,
}

impl Trade {
    /// Width of each static field in bytes.
    const BYTES: [usize; 5] = [1, 1, 1, 16, 16];
    /// The ABI's name of the struct in selectors.
    const SELECTOR: &str = "(uint8,uint8,uint8,uint128,uint128,bytes)";
}

fn fit(tokens: &[WordToken], bytes: &[usize]) -> bool {
    let mut pairs = tokens.iter().zip(bytes);
    pairs.all(|(token, bytes)| fits(&token.0, *bytes))
}

/// Lets a record of static words cross the ABI.
macro_rules! static_struct {
    ($name:ident, $sol:literal, $selector:literal) => {
        impl SolType for $name {
            type RustType = Self;
            type Token<'a> = FixedSeqToken<WordToken, { $name::BYTES.len() }>;

            const SOL_NAME: &'static str = $selector;
            const ENCODED_SIZE: Option<usize> = Some(Self::BYTES.len().saturating_mul(32));
            const PACKED_ENCODED_SIZE: Option<usize> = Self::ENCODED_SIZE;

            fn valid_token(token: &Self::Token<'_>) -> bool {
                fit(token.as_slice(), &Self::BYTES)
            }

            fn detokenize(token: Self::Token<'_>) -> Self {
                Self::from_words(&token.into_array().map(|token| token.0))
            }
        }

        impl SolTypeValue<Self> for $name {
            fn stv_to_tokens(&self) -> <Self as SolType>::Token<'_> {
                self.words().map(WordToken).into()
            }

            fn stv_abi_encode_packed_to(&self, out: &mut Vec<u8>) {
                for word in self.words() {
                    out.extend(word.0);
                }
            }

            fn stv_eip712_data_word(&self) -> Word {
                Word::ZERO
            }
        }

        impl AbiType for $name {
            type SolType = Self;

            const ABI: ConstString = ConstString::new($sol);
            const SELECTOR_ABI: ConstString = ConstString::new($selector);
            const EXPORT_ABI_ARG: ConstString = ConstString::new(concat!($sol, " calldata"));
            const EXPORT_ABI_RET: ConstString = ConstString::new(concat!($sol, " memory"));
        }
    };
}

static_struct!(
    Asset,
    "Asset",
    "(address,address,address,uint32,uint128,uint128,uint128,uint64,uint16)"
);
static_struct!(
    Limits,
    "Limits",
    "(uint16,uint16,uint16,uint16,uint16,uint16,uint16,uint32,uint32,uint32,uint128)"
);

impl SolType for Trade {
    type RustType = Self;
    type Token<'a> = (FixedSeqToken<WordToken, 5>, PackedSeqToken<'a>);

    const SOL_NAME: &'static str = Self::SELECTOR;
    const ENCODED_SIZE: Option<usize> = None;
    const PACKED_ENCODED_SIZE: Option<usize> = None;

    fn valid_token((words, _): &Self::Token<'_>) -> bool {
        fit(words.as_slice(), &Self::BYTES)
    }

    fn detokenize((words, route): Self::Token<'_>) -> Self {
        let [venue, asset_in, asset_out, max_in, min_out] = words.as_array();
        Self {
            venue: Field::from_word(&venue.0),
            asset_in: Field::from_word(&asset_in.0),
            asset_out: Field::from_word(&asset_out.0),
            max_in: Field::from_word(&max_in.0),
            min_out: Field::from_word(&min_out.0),
            route: route.into_vec(),
        }
    }
}

impl SolTypeValue<Self> for Trade {
    fn stv_abi_encoded_size(&self) -> usize {
        // Offset, five words, length, and the route in whole words.
        let route = self.route.len().div_ceil(32).saturating_mul(32);
        route.saturating_add(8 * 32)
    }

    fn stv_to_tokens(&self) -> <Self as SolType>::Token<'_> {
        let words = [
            self.venue.to_word(),
            self.asset_in.to_word(),
            self.asset_out.to_word(),
            self.max_in.to_word(),
            self.min_out.to_word(),
        ];
        (words.map(WordToken).into(), PackedSeqToken(&self.route))
    }

    fn stv_abi_packed_encoded_size(&self) -> usize {
        self.route.len()
    }

    fn stv_abi_encode_packed_to(&self, out: &mut Vec<u8>) {
        out.extend(&self.route);
    }

    fn stv_eip712_data_word(&self) -> Word {
        Word::ZERO
    }
}

impl AbiType for Trade {
    type SolType = Self;

    const ABI: ConstString = ConstString::new("Trade");
    const SELECTOR_ABI: ConstString = ConstString::new(Self::SELECTOR);
    const EXPORT_ABI_ARG: ConstString = ConstString::new("Trade calldata");
    const EXPORT_ABI_RET: ConstString = ConstString::new("Trade memory");
}
