//! The inside of a precompile call: gas, and ArbOS state at ArbOS prices.

use alloy_primitives::{Address, B256, Log, LogData, U256, keccak256};
use alloy_sol_types::{SolError, SolEvent};
use revm::{
    context_interface::{
        Block, ContextTr, JournalTr, journaled_state::account::JournaledAccountTr,
    },
    interpreter::CallInputs,
};

use crate::{
    arbos::{access, owners::AddressSet},
    evm::{Context, programs},
    fork::StateError,
    stylus::Rules,
};

/// {gas} Prices of ArbOS state, which are not EIP-2929's.
mod price {
    pub(super) const READ: u64 = 800;
    pub(super) const WRITE: u64 = 20_000;
    pub(super) const WRITE_ZERO: u64 = 5_000;
    pub(super) const CODE_HASH: u64 = 2_600;
    pub(super) const PARAMS: u64 = 100;
    /// Hashing, and hashing a word.
    pub(super) const KECCAK: u64 = 30;
    pub(super) const KECCAK_WORD: u64 = 6;
    /// Copying arguments and results, per word.
    pub(super) const COPY_WORD: u64 = 3;
    pub(super) const LOG: u64 = 375;
    pub(super) const LOG_TOPIC: u64 = 375;
    pub(super) const LOG_BYTE: u64 = 8;
}

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// With revert data, and the gas that is left.
    Revert(Vec<u8>),
    /// With nothing.
    Burn,
    /// Not at all: state could not be read, and the transaction cannot be executed.
    State(StateError),
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// A custom error as a failure.
pub(super) fn revert(error: impl SolError) -> Failure {
    Failure::Revert(error.abi_encode())
}

/// A call of a precompile.
pub(super) struct Metered<'c, 'a> {
    pub(super) context: &'c mut Context<'a>,
    pub(super) address: Address,
    pub(super) caller: Address,
    pub(super) value: U256,
    gas_limit: u64,
    gas_left: u64,
    is_free: bool,
}

impl<'c, 'a> Metered<'c, 'a> {
    pub(super) fn new(context: &'c mut Context<'a>, inputs: &CallInputs) -> Self {
        Self {
            context,
            address: inputs.bytecode_address,
            caller: inputs.caller,
            value: inputs.call_value(),
            gas_limit: inputs.gas_limit,
            gas_left: inputs.gas_limit,
            is_free: false,
        }
    }

    pub(super) fn gas_left(&self) -> u64 {
        self.gas_left
    }

    /// From here on the call costs nothing, nor did it so far.
    pub(super) fn make_free(&mut self) {
        self.gas_left = self.gas_limit;
        self.is_free = true;
    }

    /// {gas} What a call that burned all its gas has left: nothing, unless it is free.
    pub(super) fn gas_burned_left(&self) -> u64 {
        if self.is_free { self.gas_limit } else { 0 }
    }

    pub(super) fn burn(&mut self, gas: u64) -> Result<(), Failure> {
        if self.is_free {
            return Ok(());
        }
        match self.gas_left.checked_sub(gas) {
            Some(left) => self.gas_left = left,
            None => {
                self.gas_left = 0;
                return Err(Failure::Burn);
            }
        }
        Ok(())
    }

    /// Pays for copying arguments or results.
    pub(super) fn copy(&mut self, len: usize) -> Result<(), Failure> {
        self.burn(price::COPY_WORD * len.div_ceil(32) as u64)
    }

    /// Opens ArbOS state, as every method that is not pure does.
    pub(super) fn open(&mut self) -> Result<(), Failure> {
        self.burn(price::READ)
    }

    pub(super) fn read(&mut self, slot: U256) -> Result<U256, Failure> {
        self.burn(price::READ)?;
        Ok(access::read(self.context, slot)?)
    }

    pub(super) fn read_u64(&mut self, slot: U256) -> Result<u64, Failure> {
        Ok(self.read(slot)?.saturating_to())
    }

    pub(super) fn read_address(&mut self, slot: U256) -> Result<Address, Failure> {
        Ok(Address::from_word(self.read(slot)?.into()))
    }

    pub(super) fn write(&mut self, slot: U256, value: U256) -> Result<(), Failure> {
        self.burn(if value.is_zero() {
            price::WRITE_ZERO
        } else {
            price::WRITE
        })?;
        Ok(access::write(self.context, slot, value)?)
    }

    /// The Stylus parameters.
    pub(super) fn params(&mut self) -> Result<Rules, Failure> {
        self.burn(price::PARAMS)?;
        Ok(programs::rules(self.context)?)
    }

    /// An account's code hash.
    pub(super) fn code_hash(&mut self, address: Address) -> Result<B256, Failure> {
        self.burn(price::CODE_HASH)?;
        Ok(access::code_hash(self.context, address)?)
    }

    pub(super) fn is_member(&mut self, set: AddressSet, address: Address) -> Result<bool, Failure> {
        self.burn(price::READ)?;
        Ok(set.contains(self.context, address)?)
    }

    pub(super) fn members(&mut self, set: AddressSet) -> Result<Vec<Address>, Failure> {
        self.burn(price::READ)?;
        let members = set.members(self.context)?;
        self.burn(price::READ.saturating_mul(members.len() as u64))?;
        Ok(members)
    }

    /// Adds a member to a set, unless it is one.
    pub(super) fn add_member(&mut self, set: AddressSet, member: Address) -> Result<(), Failure> {
        if self.is_member(set, member)? {
            return Ok(());
        }
        // The size is read to find the place, and again to be raised; the member, its entry and the
        // size are written.
        self.burn(2 * price::READ + 3 * price::WRITE)?;
        Ok(set.add(self.context, member)?)
    }

    pub(super) fn keccak(&mut self, bytes: &[u8]) -> Result<B256, Failure> {
        self.burn(price::KECCAK + price::KECCAK_WORD * bytes.len().div_ceil(32) as u64)?;
        Ok(keccak256(bytes))
    }

    /// Destroys the value that came with the call.
    pub(super) fn destroy_value(&mut self) -> Result<(), Failure> {
        let (address, value) = (self.address, self.value);
        let mut account = self.context.journal_mut().load_account_mut(address)?;
        match account.decr_balance(value) {
            true => Ok(()),
            false => Err(Failure::Burn),
        }
    }

    pub(super) fn emit<E: SolEvent>(&mut self, event: &E) -> Result<(), Failure> {
        let data: LogData = event.encode_log_data();
        let topics = data.topics().len() as u64;
        let bytes = data.data.len() as u64;
        self.burn(price::LOG + price::LOG_TOPIC * topics + price::LOG_BYTE * bytes)?;
        JournalTr::log(
            self.context.journal_mut(),
            Log {
                address: self.address,
                data,
            },
        );
        Ok(())
    }

    /// Moves value without an EVM call: no code of the receiver runs.
    pub(super) fn pay(&mut self, to: Address, amount: U256) -> Result<(), Failure> {
        match access::transfer(self.context, self.address, to, amount)? {
            None => Ok(()),
            Some(_) => Err(Failure::Burn),
        }
    }

    /// {s} Time of the block.
    pub(super) fn time(&self) -> u64 {
        self.context.block().timestamp().saturating_to()
    }
}
