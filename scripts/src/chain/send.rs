//! Transactions: estimated, signed here, sent, followed to their receipt.

use std::time::{Duration, Instant};

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::Encodable2718;
use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::providers::Provider;
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use eyre::{OptionExt, Result, WrapErr, bail, ensure, eyre};

use super::{Chain, Refusal, Reverted, reverted};

/// Gas of a call that is expected to fail, where an estimate cannot be had.
const GAS_OF_REFUSED_CALL: u64 = 5_000_000;
/// How long a receipt may take.
const RECEIPT_WITHIN: Duration = Duration::from_secs(60);
/// First pause between two looks for a receipt; it grows by a quarter each time, up to the longest.
const RECEIPT_PAUSE: Duration = Duration::from_millis(4);
const RECEIPT_PAUSE_MAX: Duration = Duration::from_millis(250);

impl Chain {
    /// Sends a typed call and waits for its receipt.
    ///
    /// - Errors: [`Reverted`] with the revert data, where the call fails.
    pub async fn send<C: SolCall>(
        &self,
        from: &PrivateKeySigner,
        to: Address,
        call: &C,
    ) -> Result<TransactionReceipt> {
        let sent = self
            .submit(from, TxKind::Call(to), call.abi_encode().into(), U256::ZERO)
            .await;
        sent.wrap_err_with(|| format!("{} on {to}", C::SIGNATURE))
    }

    /// Sends a typed call with ether.
    ///
    /// - Errors: as [`Chain::send`].
    pub async fn pay<C: SolCall>(
        &self,
        from: &PrivateKeySigner,
        to: Address,
        call: &C,
        value: U256,
    ) -> Result<TransactionReceipt> {
        let sent = self
            .submit(from, TxKind::Call(to), call.abi_encode().into(), value)
            .await;
        sent.wrap_err_with(|| format!("{} on {to}", C::SIGNATURE))
    }

    /// Pays ether to an account.
    ///
    /// - Errors: the node refuses, or the payer lacks ether.
    pub async fn pay_ether(
        &self,
        from: &PrivateKeySigner,
        to: Address,
        wei: U256,
    ) -> Result<TransactionReceipt> {
        self.submit(from, TxKind::Call(to), Bytes::new(), wei).await
    }

    /// Pays all the ether of `from`, but for what this payment may cost, to `to`; returns {wei}.
    ///
    /// - Errors: as [`Chain::pay_ether`].
    pub async fn pay_rest(&self, from: &PrivateKeySigner, to: Address) -> Result<U256> {
        let request = TransactionRequest::default()
            .with_from(from.address())
            .with_to(to);
        let gas = with_margin(self.provider.estimate_gas(request).await?);
        let most = U256::from(gas) * U256::from(self.fee_cap().await?);
        let held = self.provider.get_balance(from.address()).await?;
        let rest = held.saturating_sub(most);
        if !rest.is_zero() {
            self.submit_with_gas(from, TxKind::Call(to), Bytes::new(), rest, gas)
                .await?;
        }
        Ok(rest)
    }

    /// The most that a transaction signed now may pay, {wei/gas}: twice the present price.
    ///
    /// - Errors: the node does not answer.
    pub async fn fee_cap(&self) -> Result<u128> {
        Ok(self.provider.get_gas_price().await?.saturating_mul(2))
    }

    /// Creates a contract from creation code and encoded constructor arguments.
    ///
    /// - Errors: as [`Chain::send`].
    pub async fn deploy(
        &self,
        from: &PrivateKeySigner,
        code: Bytes,
        args: &[u8],
    ) -> Result<Address> {
        let init = [&code[..], args].concat();
        let receipt = self
            .submit(from, TxKind::Create, init.into(), U256::ZERO)
            .await?;
        receipt
            .contract_address
            .ok_or_eyre("the receipt of a deployment names no contract")
    }

    /// Sends a call that must fail: simulates it for its revert data, then sends it and checks the receipt.
    ///
    /// - Errors: the call succeeds, in the simulation or on chain.
    pub async fn refused<C: SolCall>(
        &self,
        from: &PrivateKeySigner,
        to: Address,
        call: &C,
    ) -> Result<Refusal> {
        let input: Bytes = call.abi_encode().into();
        let request = TransactionRequest::default()
            .with_from(from.address())
            .with_to(to)
            .with_input(input.clone())
            .with_gas_limit(GAS_OF_REFUSED_CALL);
        let data = match self.provider.call(request).await {
            Ok(answer) => bail!(
                "{} on {to} succeeded with {answer}; it must be refused",
                C::SIGNATURE
            ),
            Err(error) => reverted(error).downcast::<Reverted>()?.data,
        };
        let receipt = self
            .submit_with_gas(
                from,
                TxKind::Call(to),
                input,
                U256::ZERO,
                GAS_OF_REFUSED_CALL,
            )
            .await?;
        ensure!(
            !receipt.status(),
            "{} on {to} failed in simulation and succeeded on chain",
            C::SIGNATURE
        );
        Ok(Refusal { data, receipt })
    }

    async fn submit(
        &self,
        from: &PrivateKeySigner,
        to: TxKind,
        input: Bytes,
        value: U256,
    ) -> Result<TransactionReceipt> {
        let mut request = TransactionRequest::default()
            .with_from(from.address())
            .with_value(value);
        request = request.with_input(input.clone()).with_kind(to);
        let gas = self
            .provider
            .estimate_gas(request)
            .await
            .map_err(reverted)?;
        let receipt = self
            .submit_with_gas(from, to, input, value, with_margin(gas))
            .await?;
        ensure!(
            receipt.status(),
            "transaction {} failed after its estimate passed",
            receipt.transaction_hash
        );
        Ok(receipt)
    }

    async fn submit_with_gas(
        &self,
        from: &PrivateKeySigner,
        to: TxKind,
        input: Bytes,
        value: U256,
        gas_limit: u64,
    ) -> Result<TransactionReceipt> {
        let nonce = self.provider.get_transaction_count(from.address()).await?;
        let max_fee_per_gas = self.fee_cap().await?;
        let tx = TxEip1559 {
            chain_id: self.chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            to,
            value,
            input,
            ..Default::default()
        };
        let signature = from.sign_hash_sync(&tx.signature_hash())?;
        let raw = TxEnvelope::from(tx.into_signed(signature)).encoded_2718();
        let hash = *self.provider.send_raw_transaction(&raw).await?.tx_hash();
        self.receipt(hash).await
    }

    pub(super) async fn receipt(&self, hash: B256) -> Result<TransactionReceipt> {
        let (started, mut pause) = (Instant::now(), RECEIPT_PAUSE);
        while started.elapsed() < RECEIPT_WITHIN {
            if let Some(receipt) = self.provider.get_transaction_receipt(hash).await? {
                return Ok(receipt);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 5 / 4).min(RECEIPT_PAUSE_MAX);
        }
        Err(eyre!(
            "no receipt of transaction {hash} after {RECEIPT_WITHIN:?}"
        ))
    }
}

/// The limit for an estimate, {gas}: a quarter more.
fn with_margin(estimate: u64) -> u64 {
    estimate + estimate / 4
}
