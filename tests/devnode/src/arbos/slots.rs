//! Where ArbOS keeps what.
//!
//! A space has a key; the root's is empty. A child's key is `keccak(parent key ‖ id)`, and entry
//! `k` of a space lives at slot `keccak(space key ‖ k[0..31])[0..31] ‖ k[31]`, so that 256
//! neighbours share a page.

use alloy_primitives::{Address, B256, Keccak256, U256, address};

/// The account that holds ArbOS state.
pub const ARBOS: Address = address!("0xA4B05FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");

/// The root space.
pub const ROOT: Space = Space { key: None };

/// A region of ArbOS state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    key: Option<B256>,
}

impl Space {
    /// The sub-space `id`.
    pub fn child(&self, id: u8) -> Self {
        self.child_of(&[id])
    }

    /// The sub-space with a longer name.
    pub fn child_of(&self, id: &[u8]) -> Self {
        let mut hasher = self.hasher();
        hasher.update(id);
        Self {
            key: Some(hasher.finalize()),
        }
    }

    /// Slot of the entry with a small number.
    pub fn slot(&self, number: u64) -> U256 {
        self.slot_of(B256::from(U256::from(number)))
    }

    /// Slot of an entry.
    pub fn slot_of(&self, key: B256) -> U256 {
        let mut hasher = self.hasher();
        hasher.update(&key[..31]);
        let mut slot = hasher.finalize();
        slot[31] = key[31];
        slot.into()
    }

    fn hasher(&self) -> Keccak256 {
        let mut hasher = Keccak256::new();
        if let Some(key) = &self.key {
            hasher.update(key);
        }
        hasher
    }
}

/// Ids of the root's sub-spaces.
pub mod space {
    /// L1 data pricing.
    pub const L1_PRICING: u8 = 0;
    /// Base fee and limits.
    pub const L2_PRICING: u8 = 1;
    /// Tickets of L1.
    pub const RETRYABLES: u8 = 2;
    /// Addresses with short names.
    pub const ADDRESS_TABLE: u8 = 3;
    /// Chain owners, an address set.
    pub const CHAIN_OWNERS: u8 = 4;
    /// The Merkle tree of messages to L1.
    pub const SENDS: u8 = 5;
    /// Stylus programs.
    pub const PROGRAMS: u8 = 8;
    /// Switches, one bit each.
    pub const FEATURES: u8 = 9;
    /// Owners of the native token, an address set.
    pub const NATIVE_TOKEN_OWNERS: u8 = 10;
}

/// Numbers of the entries.
pub mod offset {
    /// ArbOS version.
    pub const VERSION: u64 = 0;
    /// Version that a scheduled upgrade leads to.
    pub const UPGRADE_VERSION: u64 = 1;
    /// When it happens.
    pub const UPGRADE_TIMESTAMP: u64 = 2;
    /// Who receives the fees, but for the infrastructure's share.
    pub const NETWORK_FEE_ACCOUNT: u64 = 3;
    /// The chain id.
    pub const CHAIN_ID: u64 = 4;
    /// Number of the first block.
    pub const GENESIS_BLOCK: u64 = 5;
    /// Who receives the minimum price of each gas.
    pub const INFRA_FEE_ACCOUNT: u64 = 6;
    /// Brotli level at which transactions are measured for the poster's fee.
    pub const BROTLI_LEVEL: u64 = 7;

    /// Entries of the L2 pricing space.
    pub mod l2 {
        /// {gas/s} Speed limit.
        pub const SPEED_LIMIT: u64 = 0;
        /// {gas} Limit of a block (of a transaction from ArbOS 50 on).
        pub const BLOCK_GAS_LIMIT: u64 = 1;
        /// {wei/gas}
        pub const BASE_FEE: u64 = 2;
        /// {wei/gas}
        pub const BASE_FEE_MIN: u64 = 3;
        /// {gas}
        pub const BACKLOG: u64 = 4;
        /// How slowly the fee follows the backlog.
        pub const INERTIA: u64 = 5;
        /// {s}
        pub const BACKLOG_TOLERANCE: u64 = 6;
        /// {gas}
        pub const TX_GAS_LIMIT: u64 = 7;
    }

    /// Entries of the L1 pricing space.
    pub mod l1 {
        /// Who receives the posters' rewards.
        pub const REWARD_RECIPIENT: u64 = 0;
        /// {unit} Data over which a surplus or deficit is evened out.
        pub const EQUILIBRATION_UNITS: u64 = 1;
        /// How slowly the price follows.
        pub const INERTIA: u64 = 2;
        /// {wei/unit} The posters' reward.
        pub const REWARD_RATE: u64 = 3;
        /// {s}
        pub const LAST_UPDATE: u64 = 4;
        /// {wei}
        pub const REWARDS_DUE: u64 = 5;
        /// {unit} since the last update.
        pub const UNITS: u64 = 6;
        /// {wei/unit} Price of L1 data, 16 units a byte.
        pub const PRICE_PER_UNIT: u64 = 7;
        /// {wei} Surplus at the last update; negative for a deficit.
        pub const LAST_SURPLUS: u64 = 8;
        /// {L1 gas} Fixed part of a batch.
        pub const BATCH_GAS: u64 = 9;
        /// Most of a batch's cost that one update takes, in basis points.
        pub const COST_CAP_BIPS: u64 = 10;
        /// {wei} Collected for the posters.
        pub const FEES_AVAILABLE: u64 = 11;
        /// {L1 gas/token} Floor price of calldata on L1.
        pub const FLOOR_PER_TOKEN: u64 = 12;
        /// Sub-space of the batch posters.
        pub const POSTERS: u8 = 0;
    }

    /// Entries of a ticket's space.
    pub mod retryable {
        /// Who gets the value of a cancelled ticket.
        pub const BENEFICIARY: u64 = 4;
        /// {s} When it expires, but for the lifetimes that were added.
        pub const TIMEOUT: u64 = 5;
        /// Lifetimes that were added.
        pub const LIFETIMES_LEFT: u64 = 6;
    }

    /// Sub-spaces and entries of the programs space.
    pub mod programs {
        /// Sub-space of the parameters.
        pub const PARAMS: u8 = 0;
        /// Sub-space of program words by code hash.
        pub const WORDS: u8 = 1;
        /// Sub-space of module hashes by code hash.
        pub const MODULE_HASHES: u8 = 2;
        /// Sub-space of the data pricer.
        pub const DATA_PRICER: u8 = 3;
        /// Sub-space of the cache managers, an address set.
        pub const CACHE_MANAGERS: u8 = 4;
        /// Sub-space of the activation gas (entry 0).
        pub const ACTIVATION_GAS: u8 = 5;
    }
}
