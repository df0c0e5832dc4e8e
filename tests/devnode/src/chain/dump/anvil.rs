//! Dumps of anvil: its accounts, laid over this chain's state.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes, U64, U256, address};
use serde::Deserialize;

use super::DumpError;
use crate::{
    arbos,
    chain::{
        Chain, genesis,
        state::{account::Basic, bytecode},
    },
    fork::StateError,
};

/// EIP-2935's contract keeps hashes of blocks, which are those of another chain.
const BLOCK_HASHES: Address = address!("0x0000F90827F1C53a10cb7A02335B175320002935");

/// What is read of a dump: its blocks and transactions are none of this chain.
#[derive(Deserialize)]
pub(super) struct Anvil {
    block: Option<Env>,
    accounts: BTreeMap<Address, Dumped>,
}

#[derive(Deserialize)]
struct Env {
    timestamp: U256,
}

#[derive(Deserialize)]
struct Dumped {
    nonce: U64,
    balance: U256,
    #[serde(default)]
    code: Bytes,
    #[serde(default)]
    storage: BTreeMap<U256, U256>,
}

impl Chain {
    /// Puts each account of the dump in the place of what is there. Contracts of Arbitrum stay, and so do
    /// accounts that the dump lacks, blocks and pool; the clock goes on from the dump's time if that is
    /// later.
    pub(super) fn load_anvil(&mut self, dump: Anvil) -> Result<(), DumpError> {
        let version = arbos::version(&self.latest())?;
        let mut own = genesis::contracts(version);
        own.push(BLOCK_HASHES);
        let before = self.state.position();
        for (address, account) in dump.accounts {
            if own.contains(&address) {
                continue;
            }
            if let Err(error) = self.put(address, account) {
                self.state.revert_to(before);
                return Err(error.into());
            }
        }
        let time = dump
            .block
            .map_or(0, |block| block.timestamp.saturating_to());
        if time > self.clock.now() {
            self.clock.set(time);
        }
        Ok(())
    }

    fn put(&mut self, address: Address, account: Dumped) -> Result<(), StateError> {
        self.state.detach(address);
        let code_hash = self.state.add_code(bytecode(account.code));
        let basic = Basic {
            nonce: account.nonce.to(),
            balance: account.balance,
            code_hash,
        };
        self.state.set_basic(address, Some(basic))?;
        for (slot, value) in account.storage {
            self.state.set_slot(address, slot, value)?;
        }
        Ok(())
    }
}
