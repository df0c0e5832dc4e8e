//! The assets, and what the vault holds of each. Bookkeeping, never `balanceOf`: a donation changes nothing here.

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use stylus_sdk::{
    prelude::*,
    storage::{StorageAddress, StorageGuardMut, StorageU256},
};

use crate::{
    Vault,
    errors::{AssetCount, DuplicateAsset, NotListed, Revert, overflow, revert},
    quota,
};

/// Most assets that a vault can hold.
pub(crate) const ASSETS_MAX: usize = 8;

/// What is stored of one asset.
#[storage]
pub(crate) struct Asset {
    token: StorageAddress,
    /// Packed: see [`Holding`].
    holding: StorageU256,
    /// Packed: see `quota`.
    pub(crate) quota: StorageU256,
}

/// What the vault holds of one asset. Packed into one slot, `managed` in the low half.
///
/// `managed + reserved < 2^128`, so that a debt of a redemption can always be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    /// {tok}, belongs to the holders of shares.
    pub(crate) managed: U256,
    /// {tok}, owed to users whose redemption could not be paid.
    pub(crate) reserved: U256,
}

impl Holding {
    fn unpack(word: U256) -> Self {
        let [managed_low, managed_high, reserved_low, reserved_high] = *word.as_limbs();
        Self {
            managed: U256::from_limbs([managed_low, managed_high, 0, 0]),
            reserved: U256::from_limbs([reserved_low, reserved_high, 0, 0]),
        }
    }

    fn pack(self) -> Result<U256, Revert> {
        let sum = self.managed.checked_add(self.reserved);
        let [managed_low, managed_high, ..] = *self.managed.as_limbs();
        let [reserved_low, reserved_high, ..] = *self.reserved.as_limbs();
        match sum.map(|sum| *sum.as_limbs()) {
            Some([_, _, 0, 0]) => Ok(U256::from_limbs([
                managed_low,
                managed_high,
                reserved_low,
                reserved_high,
            ])),
            _ => Err(overflow(())),
        }
    }
}

impl Vault {
    /// Writes the registry. It never changes afterwards.
    pub(crate) fn register(&mut self, assets: Vec<Address>) -> Result<(), Revert> {
        let count = u8::try_from(assets.len()).unwrap_or(u8::MAX);
        if count == 0 || assets.len() > ASSETS_MAX {
            return Err(revert(AssetCount {
                count: U256::from(assets.len()),
            }));
        }
        let this = self.vm().contract_address();
        for (index, asset) in assets.into_iter().enumerate() {
            self.check_code(asset)?;
            // The share token inside its own basket would price itself.
            if asset == this || self.position(asset).is_some() {
                return Err(revert(DuplicateAsset { asset }));
            }
            self.entry(index)?.token.set(asset);
            let mut status = self.status();
            status.count = status.count.saturating_add(1);
            self.set_status(status);
            quota::write(self, index, quota::OUT_BPS_DEFAULT)?;
        }
        Ok(())
    }

    /// Indices of the registry.
    pub(crate) fn indices(&self) -> core::ops::Range<usize> {
        0..usize::from(self.status().count)
    }

    /// The asset at an index, zero past the end.
    pub(crate) fn asset(&self, index: usize) -> Address {
        self.assets
            .getter(index)
            .map_or(Address::ZERO, |asset| asset.token.get())
    }

    /// All assets.
    pub(crate) fn all_assets(&self) -> Vec<Address> {
        let mut assets = Vec::with_capacity(ASSETS_MAX);
        for index in self.indices() {
            assets.push(self.asset(index));
        }
        assets
    }

    /// All assets, and what is held of each for the holders of shares.
    pub(crate) fn managed(&self) -> (Vec<Address>, Vec<U256>) {
        let mut managed = Vec::with_capacity(ASSETS_MAX);
        for index in self.indices() {
            managed.push(self.holding(index).managed);
        }
        (self.all_assets(), managed)
    }

    /// The stored asset at an index.
    pub(crate) fn entry(&mut self, index: usize) -> Result<StorageGuardMut<'_, Asset>, Revert> {
        self.assets.setter(index).ok_or_else(|| overflow(()))
    }

    fn position(&self, asset: Address) -> Option<usize> {
        self.indices().find(|index| self.asset(*index) == asset)
    }

    /// The index of an asset.
    pub(crate) fn listed(&self, asset: Address) -> Result<usize, Revert> {
        self.position(asset)
            .ok_or_else(|| revert(NotListed { token: asset }))
    }

    /// What is held of the asset at an index, nothing past the end.
    pub(crate) fn holding(&self, index: usize) -> Holding {
        let entry = self.assets.getter(index);
        Holding::unpack(entry.map_or(U256::ZERO, |asset| asset.holding.get()))
    }

    pub(crate) fn set_holding(&mut self, index: usize, holding: Holding) -> Result<(), Revert> {
        let word = holding.pack()?;
        self.entry(index)?.holding.set(word);
        Ok(())
    }

    /// Books an inflow for the holders.
    pub(crate) fn add_managed(&mut self, index: usize, amount: U256) -> Result<(), Revert> {
        let mut holding = self.holding(index);
        holding.managed = add(holding.managed, amount)?;
        self.set_holding(index, holding)
    }

    /// Books an outflow of the holders.
    pub(crate) fn sub_managed(&mut self, index: usize, amount: U256) -> Result<(), Revert> {
        let mut holding = self.holding(index);
        holding.managed = sub(holding.managed, amount)?;
        self.set_holding(index, holding)
    }
}

/// `a + b`, or `Overflow`.
pub(crate) fn add(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_add(b).ok_or_else(|| overflow(()))
}

/// `a - b`, or `Overflow`.
pub(crate) fn sub(a: U256, b: U256) -> Result<U256, Revert> {
    a.checked_sub(b).ok_or_else(|| overflow(()))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use alloy_sol_types::SolError;

    use super::Holding;
    use crate::errors::Overflow;

    #[test]
    fn a_holding_survives_packing_and_leaves_room_for_debts() {
        let most = U256::from(u128::MAX);
        for (managed, reserved) in [
            (U256::ZERO, U256::ZERO),
            (U256::ONE, U256::from(u64::MAX)),
            (most, U256::ZERO),
            (U256::ONE, most - U256::ONE),
        ] {
            let holding = Holding { managed, reserved };
            assert_eq!(holding.pack().map(Holding::unpack), Ok(holding));
        }
        for (managed, reserved) in [
            (most, U256::ONE),
            (most + U256::ONE, U256::ZERO),
            (U256::MAX, U256::ONE),
        ] {
            let packed = Holding { managed, reserved }.pack();
            assert_eq!(packed, Err(Overflow {}.abi_encode()));
        }
    }
}
