//! Conditions under which a transaction may be mined: `eth_sendRawTransactionConditional`.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U64, U256};
use revm::context::BlockEnv;
use serde::Deserialize;
use thiserror::Error;

use crate::{
    chain::state::{proof, view::View},
    fork::StateError,
};

/// Most accounts and slots that one transaction may name.
const LOOKUPS_MAX: usize = 1_000;

/// {byte} About what the map of an account or slot keeps of it.
const LOOKUP_BYTES: usize = 100;

/// What must hold when the transaction is mined. Unnamed things may be anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Conditions {
    known_accounts: BTreeMap<Address, Known>,
    block_number_min: Option<U64>,
    block_number_max: Option<U64>,
    timestamp_min: Option<U64>,
    timestamp_max: Option<U64>,
}

/// What is known of an account's storage.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Known {
    Root(B256),
    Slots(BTreeMap<U256, U256>),
}

/// A condition that does not hold.
#[derive(Debug, Error)]
pub enum ConditionError {
    /// The block is too early or too late.
    #[error("{name} {have} is not within {min}..={max}")]
    Bounds {
        /// What is bounded.
        name: &'static str,
        /// Its value in the next block.
        have: U256,
        /// The least allowed.
        min: U256,
        /// The most allowed.
        max: U256,
    },
    /// A slot has another value.
    #[error("storage slot {slot} of {address} holds {have}, not {want}")]
    Slot {
        /// Whose storage.
        address: Address,
        /// Which slot.
        slot: U256,
        /// Its value.
        have: B256,
        /// The value asked for.
        want: B256,
    },
    /// The storage as a whole is another.
    #[error("storage root of {address} is {have}, not {want}")]
    Root {
        /// Whose storage.
        address: Address,
        /// Its root.
        have: B256,
        /// The root asked for.
        want: B256,
    },
    /// The root of a forked account is that of another chain's storage, of which not all is here.
    #[error("storage roots of accounts are not known in fork mode: name the slots of {0}")]
    RootUnknown(Address),
    /// More than a transaction may ask for.
    #[error("conditions name {0} accounts and slots, more than {LOOKUPS_MAX}")]
    TooMany(usize),
    /// State could not be read.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Conditions {
    /// How many accounts and slots are named.
    fn lookups(&self) -> usize {
        let slots = self.known_accounts.values().map(|known| match known {
            Known::Root(_) => 1,
            Known::Slots(slots) => slots.len(),
        });
        slots.sum()
    }

    /// {byte} About what they take in memory.
    pub(in crate::chain) fn bytes(&self) -> usize {
        let named = self.lookups().saturating_add(self.known_accounts.len());
        size_of::<Self>().saturating_add(named.saturating_mul(LOOKUP_BYTES))
    }

    /// Checks the conditions against the block to come and the state before it. As contracts see
    /// it, `block.number` is L1's.
    ///
    /// # Errors
    /// [`ConditionError`], the first that fails.
    pub(in crate::chain) fn check(
        &self,
        view: &View<'_>,
        block: &BlockEnv,
        is_fork: bool,
    ) -> Result<(), ConditionError> {
        let lookups = self.lookups();
        if lookups > LOOKUPS_MAX {
            return Err(ConditionError::TooMany(lookups));
        }
        let (number, time) = (block.number, block.timestamp);
        within(
            "block number",
            number,
            self.block_number_min,
            self.block_number_max,
        )?;
        within("timestamp", time, self.timestamp_min, self.timestamp_max)?;
        for (address, known) in &self.known_accounts {
            match known {
                Known::Root(_) if is_fork => return Err(ConditionError::RootUnknown(*address)),
                known => known.check(view, *address)?,
            }
        }
        Ok(())
    }
}

impl Known {
    fn check(&self, view: &View<'_>, address: Address) -> Result<(), ConditionError> {
        match self {
            Self::Root(want) => {
                let account = proof::account(view, &address, || Ok::<_, StateError>(()))?;
                let have =
                    account.map_or(alloy_trie::EMPTY_ROOT_HASH, |account| account.storage_root);
                match have == *want {
                    true => Ok(()),
                    false => Err(ConditionError::Root {
                        address,
                        have,
                        want: *want,
                    }),
                }
            }
            Self::Slots(slots) => slots.iter().try_for_each(|(slot, want)| {
                let have = view.slot(&address, slot)?;
                match have == *want {
                    true => Ok(()),
                    false => Err(ConditionError::Slot {
                        address,
                        slot: *slot,
                        have: have.into(),
                        want: (*want).into(),
                    }),
                }
            }),
        }
    }
}

fn within(
    name: &'static str,
    have: U256,
    min: Option<U64>,
    max: Option<U64>,
) -> Result<(), ConditionError> {
    let bound = |bound: Option<U64>, default| bound.map_or(default, |bound| bound.to::<U256>());
    let (min, max) = (bound(min, U256::ZERO), bound(max, U256::from(u64::MAX)));
    match (min..=max).contains(&have) {
        true => Ok(()),
        false => Err(ConditionError::Bounds {
            name,
            have,
            min,
            max,
        }),
    }
}
