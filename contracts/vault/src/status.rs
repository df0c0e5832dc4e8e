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
        let status = self.unlocked()?;
        self.set_status(Status {
            locked: true,
            ..status
        });
        let done = run(self)?;
        // Read again: the operation may have moved the nonce.
        let status = self.status();
        self.set_status(Status {
            locked: false,
            ..status
        });
        Ok(done)
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
