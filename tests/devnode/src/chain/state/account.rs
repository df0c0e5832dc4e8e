//! Accounts: what is known of them.

use alloy_primitives::{B256, U256, map::HashMap};
use revm::{primitives::KECCAK_EMPTY, state::AccountInfo};
use serde::{Deserialize, Serialize};

use crate::fork;

/// Balance, nonce and code hash of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basic {
    /// {wei}
    pub balance: U256,
    /// Transactions sent, or contracts created.
    pub nonce: u64,
    /// Keccak of the code.
    pub code_hash: B256,
}

impl Default for Basic {
    fn default() -> Self {
        Self {
            balance: U256::ZERO,
            nonce: 0,
            code_hash: KECCAK_EMPTY,
        }
    }
}

impl From<fork::Account> for Basic {
    fn from(account: fork::Account) -> Self {
        Self {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
        }
    }
}

impl Basic {
    /// What revm knows of an account. It writes "no code" in two ways.
    pub(in crate::chain) fn of(info: &AccountInfo) -> Self {
        let code_hash = match info.code_hash {
            B256::ZERO => KECCAK_EMPTY,
            hash => hash,
        };
        Self {
            balance: info.balance,
            nonce: info.nonce,
            code_hash,
        }
    }

    /// Whether it is as good as no account (EIP-161).
    pub(in crate::chain) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is known of an account without its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its basics, if they are known; those of an account that does not exist are none.
    #[serde(with = "known")]
    pub basic: Option<Option<Basic>>,
    /// Slots that are known. Without an origin those that are missing are zero, and zeros missing.
    pub storage: HashMap<U256, U256>,
    /// Whether slots that are not known are zero, whatever the origin says: the contract was
    /// created or destroyed here.
    #[serde(default)]
    pub is_detached: bool,
}

/// Unknown basics are not written, those of an account that does not exist are null.
mod known {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Basic;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form {
        Unknown(bool),
        Known(Option<Basic>),
    }

    pub(in crate::chain) fn serialize<S: Serializer>(
        basic: &Option<Option<Basic>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let form = match basic {
            Some(basic) => Form::Known(*basic),
            None => Form::Unknown(false),
        };
        form.serialize(serializer)
    }

    pub(in crate::chain) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<Basic>>, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Known(basic) => Some(basic),
            Form::Unknown(_) => None,
        })
    }
}
