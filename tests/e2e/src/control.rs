//! What only a test node lets one do: travel in time, go back, write state by hand.

use alloy::eips::BlockId;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::Provider;
use eyre::{Result, ensure, eyre};

use crate::rpc::Rpc;

impl Rpc {
    // ------------------------------------------------------------------ time

    /// Chain time, s.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn now(&self) -> Result<u64> {
        let block = self.provider().get_block(BlockId::latest()).await?;
        Ok(block.ok_or_else(|| eyre!("no block"))?.header.timestamp)
    }

    /// Moves the clock `seconds` on and makes a block there.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn warp(&self, seconds: u64) -> Result<u64> {
        let at = self.now().await? + seconds;
        self.warp_to(at).await?;
        Ok(at)
    }

    /// Makes a block at this time.
    ///
    /// # Errors
    ///
    /// The node's, for instance if it is in the past.
    pub async fn warp_to(&self, at: u64) -> Result<()> {
        let _: serde_json::Value = self.request("evm_setNextBlockTimestamp", (at,)).await?;
        let _: serde_json::Value = self.request("evm_mine", ()).await?;
        Ok(())
    }

    /// Makes the next block happen at this time, which the transaction sent next is then in.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn next_block_at(&self, at: u64) -> Result<()> {
        let _: serde_json::Value = self.request("evm_setNextBlockTimestamp", (at,)).await?;
        Ok(())
    }

    // ------------------------------------------------------------------ state by hand

    /// Remembers the state of the chain.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn snapshot(&self) -> Result<U256> {
        self.request("evm_snapshot", ()).await
    }

    /// Goes back to a remembered state.
    ///
    /// # Errors
    ///
    /// The node's, or if it does not know the snapshot.
    pub async fn revert_to(&self, snapshot: U256) -> Result<()> {
        let done: bool = self.request("evm_revert", (snapshot,)).await?;
        ensure!(done, "unknown snapshot");
        self.forget()
    }

    /// One storage slot.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn slot(&self, account: impl Into<Address>, slot: U256) -> Result<U256> {
        Ok(self.provider().get_storage_at(account.into(), slot).await?)
    }

    /// Overwrites one storage slot.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn set_slot(
        &self,
        account: impl Into<Address>,
        slot: U256,
        value: U256,
    ) -> Result<()> {
        let account: Address = account.into();
        let _: serde_json::Value = self
            .request(
                "anvil_setStorageAt",
                (account, B256::from(slot), B256::from(value)),
            )
            .await?;
        Ok(())
    }

    /// Overwrites the code of an account.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn set_code(&self, account: impl Into<Address>, code: Bytes) -> Result<()> {
        let account: Address = account.into();
        let _: serde_json::Value = self.request("anvil_setCode", (account, code)).await?;
        Ok(())
    }
}
