//! The vault's own lock, held from outside.
//!
//! The SDK's guard answers first in real re-entrancy, with empty revert data, so that writing the vault's storage is the
//! one way to see its own lock at work.

use alloy::primitives::U256;
use eyre::{Result, eyre};
use gimbal_abi::IVault;

use crate::gimbal::Gimbal;
use crate::rpc::Rpc;

impl Gimbal {
    /// Takes the vault's own lock by writing its storage, as if an operation were open. The SDK's guard answers first
    /// in real re-entrancy, so this is the one way to see the vault's own lock at work. Returns what `unlock` needs.
    ///
    /// # Errors
    ///
    /// If no storage byte is the lock.
    pub async fn lock(&self, rpc: &Rpc) -> Result<(U256, U256)> {
        for slot in (0..64).map(U256::from) {
            let before = rpc.slot(self.vault, slot).await?;
            for byte in 0..32 {
                let bit = U256::from(1) << (8 * byte);
                if before.byte(byte) != 0 {
                    continue;
                }
                rpc.set_slot(self.vault, slot, before | bit).await?;
                let busy = rpc
                    .view(self.vault, &IVault::stateChangeActiveCall {})
                    .await;
                if busy.is_ok_and(|busy| busy) {
                    return Ok((slot, before));
                }
            }
            rpc.set_slot(self.vault, slot, before).await?;
            if slot > U256::from(4) && before.is_zero() {
                break;
            }
        }
        Err(eyre!("no byte of the first slots is the vault's lock"))
    }

    /// Releases what `lock` took.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn unlock(&self, rpc: &Rpc, lock: (U256, U256)) -> Result<()> {
        rpc.set_slot(self.vault, lock.0, lock.1).await
    }
}
