//! The slot that every call reads: mode, lock, number of assets, time of the latest halt, nonce.

use alloy_primitives::U256;
use stylus_sdk::prelude::*;

use crate::{
    Vault,
    errors::{Locked, Revert, revert},
};

/// The packed slot. Limbs, least significant first: nonce; halted at; mode, lock and count as bytes; zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// Number of swaps so far.
    pub(crate) nonce: u64,
    /// {s}, chain time of the latest halt or kill.
    pub(crate) halted_at: u64,
    /// See `modes`.
    pub(crate) mode: u8,
    /// An operation is open.
    pub(crate) locked: bool,
    /// Number of assets, at most `ASSETS_MAX`.
    pub(crate) count: u8,
}

impl Status {
    fn unpack(word: U256) -> Self {
        let [nonce, halted_at, small, _] = *word.as_limbs();
        let [mode, locked, count, ..] = small.to_le_bytes();
        Self {
            nonce,
            halted_at,
            mode,
            locked: locked != 0,
            count,
        }
    }

    fn pack(self) -> U256 {
        let small = [self.mode, u8::from(self.locked), self.count, 0, 0, 0, 0, 0];
        U256::from_limbs([self.nonce, self.halted_at, u64::from_le_bytes(small), 0])
    }
}

impl Vault {
    pub(crate) fn status(&self) -> Status {
        Status::unpack(self.status.get())
    }

    pub(crate) fn set_status(&mut self, status: Status) {
        self.status.set(status.pack());
    }

    /// The status, if no operation is open.
    pub(crate) fn unlocked(&self) -> Result<Status, Revert> {
        let status = self.status();
        if status.locked {
            return Err(revert(Locked {}));
        }
        Ok(status)
    }

    /// Runs an operation that calls out of the vault, with the lock held. An error reverts the call and with it the lock;
    /// the only other way out of here closes it.
    pub(crate) fn operation<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, Revert>,
    ) -> Result<T, Revert> {
        self.unlocked()?;
        self.set_lock(true);
        let done = run(self)?;
        self.set_lock(false);
        Ok(done)
    }

    /// Reads the rest of the slot anew: the operation may have changed it.
    fn set_lock(&mut self, locked: bool) {
        let status = self.status();
        self.set_status(Status { locked, ..status });
    }

    /// The sender of this call.
    pub(crate) fn caller(&self) -> alloy_primitives::Address {
        self.vm().msg_sender()
    }

    /// {s}, chain time.
    pub(crate) fn now(&self) -> u64 {
        self.vm().block_timestamp()
    }
}

#[cfg(test)]
mod tests {
    use super::Status;
    use crate::testing::{ALICE, Chain};

    #[test]
    fn a_status_survives_packing() {
        let status = Status {
            nonce: u64::MAX,
            halted_at: 1,
            mode: 2,
            locked: true,
            count: 8,
        };
        assert_eq!(Status::unpack(status.pack()), status);
    }

    #[test]
    fn an_operation_opens_and_closes() {
        let chain = Chain::seeded();
        let inside = chain.sends(ALICE, |vault| vault.operation(|vault| Ok(vault.status())));
        assert!(inside.expect("runs").locked);
        assert!(!chain.view(|vault| vault.state_change_active()));
        let failed = chain.sends(ALICE, |vault| vault.operation(|_| Err::<(), _>(vec![1])));
        assert_eq!(failed, Err(vec![1]));
        assert!(!chain.view(|vault| vault.state_change_active()));
    }
}
