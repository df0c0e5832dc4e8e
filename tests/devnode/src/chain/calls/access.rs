//! `eth_createAccessList`.

use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, U64, map::AddressHashSet};
use revm::{context::result::ExecutionResult, precompile, state::EvmState};
use serde::Serialize;

use super::call::{Call, CallError, Prepared, output};
use crate::{arbos::slots::ARBOS, chain::Chain, evm::env::SEQUENCER, precompiles};

/// Runs after which a list that still changes is taken as it is.
const RUNS_MAX: usize = 8;

/// What a call accesses, and its gas if it says so in advance.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Accessed {
    /// Accounts and slots that are not warm anyway.
    pub access_list: AccessList,
    /// {gas} With that list.
    pub gas_used: U64,
    /// Why the call failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Chain {
    /// What a call accesses. Whatever the EVM and programs read or wrote counts, be it in frames
    /// that were reverted.
    ///
    /// # Errors
    /// [`CallError`] for a call that cannot start; one that fails has a list and says why.
    pub fn access_list(&self, call: Call) -> Result<Accessed, CallError> {
        let mut prepared = self.prepare_call(call)?;
        prepared.session.is_probe = true;
        let warm = always_warm(&prepared);
        let mut runs = 0;
        let result = loop {
            let executed = prepared.execute(prepared.tx.gas_limit)?;
            let list = accessed(&executed.state, &prepared, &warm);
            runs += 1;
            if list == prepared.tx.access_list || runs == RUNS_MAX {
                break executed.result;
            }
            prepared.tx.access_list = list;
            // Access lists came with type 1; type 2 is what other calls with a list have.
            prepared.tx.tx_type = prepared.tx.tx_type.max(2);
            prepared.tx.gas_priority_fee = Some(0);
        };
        Ok(Accessed {
            access_list: prepared.tx.access_list,
            gas_used: U64::from(result.tx_gas_used()),
            error: failure(result),
        })
    }
}

fn always_warm(prepared: &Prepared<'_>) -> AddressHashSet {
    let ethereum = precompile::Precompiles::new(prepared.rules.spec.into());
    let mut warm: AddressHashSet = ethereum.addresses().copied().collect();
    warm.extend(precompiles::arbitrum_addresses(
        prepared.session.arbos_version,
    ));
    warm.extend([SEQUENCER, ARBOS, prepared.block.beneficiary]);
    warm
}

/// The sender and the callee are warm, their slots are not.
fn accessed(state: &EvmState, prepared: &Prepared<'_>, warm: &AddressHashSet) -> AccessList {
    let sender = prepared.tx.caller;
    let callee = match prepared.tx.kind.to() {
        Some(to) => *to,
        None => sender.create(prepared.tx.nonce),
    };
    let is_warm = |address: &Address| *address == sender || *address == callee;
    let mut items: Vec<_> = state
        .iter()
        .filter(|(address, account)| {
            !warm.contains(*address) && (!is_warm(address) || !account.storage.is_empty())
        })
        .map(|(address, account)| {
            let mut storage_keys: Vec<_> =
                account.storage.keys().map(|slot| (*slot).into()).collect();
            storage_keys.sort_unstable();
            AccessListItem {
                address: *address,
                storage_keys,
            }
        })
        .collect();
    items.sort_unstable_by_key(|item| item.address);
    AccessList(items)
}

fn failure(result: ExecutionResult) -> Option<String> {
    output(result).err().map(|error| error.to_string())
}
