//! A block of the upstream, as far as a fork needs it.

use alloy_consensus::Header;
use alloy_primitives::{B256, U64};
use alloy_rpc_types_eth::Header as RpcHeader;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A header with its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The header.
    pub header: Header,
    /// Its hash, as the upstream tells it.
    pub hash: B256,
    /// The L1 block number beside it, where the upstream is an Arbitrum chain.
    pub l1_number: Option<u64>,
}

impl Head {
    /// Reads a block as `eth_getBlockBy*` serves it; the transactions do not matter.
    ///
    /// # Errors
    /// What does not have its form.
    pub fn parse(block: &Value) -> Result<Self, String> {
        let header: RpcHeader =
            serde_json::from_value(block.clone()).map_err(|error| error.to_string())?;
        let l1_number = block.get("l1BlockNumber").cloned();
        let l1_number: Option<U64> =
            serde_json::from_value(l1_number.unwrap_or_default()).map_err(|e| e.to_string())?;
        Ok(Self {
            hash: header.hash,
            header: header.inner,
            l1_number: l1_number.map(|number| number.to()),
        })
    }

    /// Whether the hash vouches for a state: some development chains keep no state root.
    pub fn commits_to_state(&self) -> bool {
        !self.header.state_root.is_zero()
    }
}
