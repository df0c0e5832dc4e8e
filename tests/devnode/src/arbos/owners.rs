//! Address sets of ArbOS: chain owners, cache managers, batch posters.
//!
//! Entry 0 of a set's space is its size, entries 1 to size are the members, and sub-space 0 maps a
//! member to its entry.

use alloy_primitives::{Address, U256};

use super::{
    access, address_word,
    slots::{ROOT, Space, offset, space},
};
use crate::{evm::Context, fork::StateError};

/// An address set.
#[derive(Clone, Copy, Debug)]
pub struct AddressSet(Space);

/// The chain owners.
pub fn chain_owners() -> AddressSet {
    AddressSet(ROOT.child(space::CHAIN_OWNERS))
}

/// The managers of the program cache.
pub fn cache_managers() -> AddressSet {
    AddressSet(
        ROOT.child(space::PROGRAMS)
            .child(offset::programs::CACHE_MANAGERS),
    )
}

/// The owners of the native token.
pub fn native_token_owners() -> AddressSet {
    AddressSet(ROOT.child(space::NATIVE_TOKEN_OWNERS))
}

/// Those who post the chain's data on L1.
pub fn batch_posters() -> AddressSet {
    AddressSet(poster_table().child(0))
}

/// Slot of the account that a batch poster's fees go to.
pub fn fee_collector_slot(poster: Address) -> U256 {
    poster_table().child(1).child_of(poster.as_slice()).slot(1)
}

/// Slot of what all batch posters are owed {wei}.
pub fn poster_funds_due_slot() -> U256 {
    poster_table().slot(0)
}

fn poster_table() -> Space {
    ROOT.child(space::L1_PRICING).child(offset::l1::POSTERS)
}

impl AddressSet {
    /// The slots of a set with one member.
    pub fn with_member(&self, member: Address) -> [(U256, U256); 3] {
        [
            (self.0.slot(0), U256::ONE),
            (self.0.slot(1), address_word(member)),
            (self.index_slot(member), U256::ONE),
        ]
    }

    /// How many members it has.
    pub fn size(&self, context: &Context<'_>) -> Result<u64, StateError> {
        Ok(access::read(context, self.0.slot(0))?.saturating_to())
    }

    /// Whether the address is a member.
    pub fn contains(&self, context: &Context<'_>, address: Address) -> Result<bool, StateError> {
        Ok(!access::read(context, self.index_slot(address))?.is_zero())
    }

    /// The members in order, at most 65,536 of them.
    pub fn members(&self, context: &Context<'_>) -> Result<Vec<Address>, StateError> {
        let count = self.size(context)?.min(65_536);
        (1..=count)
            .map(|entry| self.member(context, entry))
            .collect()
    }

    /// Adds a member, if it is not one.
    pub fn add(&self, context: &mut Context<'_>, address: Address) -> Result<(), StateError> {
        if self.contains(context, address)? {
            return Ok(());
        }
        let entry = self.size(context)?.saturating_add(1);
        access::write(context, self.0.slot(entry), address_word(address))?;
        access::write(context, self.index_slot(address), U256::from(entry))?;
        access::write(context, self.0.slot(0), U256::from(entry))
    }

    /// Removes a member, if it is one; the last member takes its entry.
    pub fn remove(&self, context: &mut Context<'_>, address: Address) -> Result<(), StateError> {
        let entry: u64 = access::read(context, self.index_slot(address))?.saturating_to();
        if entry == 0 {
            return Ok(());
        }
        let size = self.size(context)?;
        access::write(context, self.index_slot(address), U256::ZERO)?;
        if entry < size {
            let last = self.member(context, size)?;
            access::write(context, self.0.slot(entry), address_word(last))?;
            access::write(context, self.index_slot(last), U256::from(entry))?;
        }
        access::write(context, self.0.slot(size), U256::ZERO)?;
        access::write(context, self.0.slot(0), U256::from(size.saturating_sub(1)))
    }

    fn member(&self, context: &Context<'_>, entry: u64) -> Result<Address, StateError> {
        let word = access::read(context, self.0.slot(entry))?;
        Ok(Address::from_word(word.into()))
    }

    fn index_slot(&self, address: Address) -> U256 {
        self.0.child(0).slot_of(address.into_word())
    }
}
