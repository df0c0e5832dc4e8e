//! A development chain as tests and the demo use it: sign, send, insist on success, travel in time.

use std::fmt::Debug;
use std::time::Duration;

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::Encodable2718;
use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use eyre::{OptionExt, Result, WrapErr, bail, ensure, eyre};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Key of the account that holds all ether at genesis, the one that Nitro's development node publishes.
pub const DEV_KEY: &str = "0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";

/// Gas of a call that is expected to fail, where an estimate cannot be had.
const GAS_OF_REFUSED_CALL: u64 = 5_000_000;
/// One receipt is polled for at most `RECEIPT_POLLS * RECEIPT_PAUSE`.
const RECEIPT_POLLS: u32 = 2_000;
const RECEIPT_PAUSE: Duration = Duration::from_millis(5);

/// A call that the chain refused: revert data, byte for byte, and the failed transaction.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Revert data.
    pub data: Bytes,
    /// Receipt of the transaction that failed on chain.
    pub receipt: TransactionReceipt,
}

/// A call that reverted where success was expected.
#[derive(Debug, Clone, thiserror::Error)]
#[error("reverted with {data}")]
pub struct Reverted {
    /// Revert data.
    pub data: Bytes,
}

/// A connection to a development chain.
#[derive(Debug, Clone)]
pub struct Chain {
    provider: DynProvider,
    url: String,
    chain_id: u64,
}

impl Chain {
    /// Connects to a node.
    ///
    /// - Errors: no node at `url`.
    pub async fn connect(url: &str) -> Result<Self> {
        let parsed = url.parse().wrap_err_with(|| format!("not a URL: {url}"))?;
        let provider = ProviderBuilder::default().connect_http(parsed).erased();
        let chain_id = provider
            .get_chain_id()
            .await
            .wrap_err_with(|| format!("no node answers at {url}"))?;
        Ok(Self {
            provider,
            url: url.to_owned(),
            chain_id,
        })
    }

    /// The node's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The chain's id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// alloy's provider, for everything else.
    pub fn provider(&self) -> &DynProvider {
        &self.provider
    }

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

    /// Reads by `eth_call` from the zero address.
    ///
    /// - Errors: [`Reverted`].
    pub async fn read<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return> {
        self.read_as(Address::ZERO, to, call).await
    }

    /// Reads by `eth_call` as `from`, also what a state-changing call would return.
    ///
    /// - Errors: [`Reverted`].
    pub async fn read_as<C: SolCall>(
        &self,
        from: Address,
        to: Address,
        call: &C,
    ) -> Result<C::Return> {
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_input(call.abi_encode());
        let answer = self.provider.call(request).await.map_err(reverted);
        let answer = answer.wrap_err_with(|| format!("{} on {to}", C::SIGNATURE))?;
        C::abi_decode_returns(&answer)
            .wrap_err_with(|| format!("answer to {} on {to}", C::SIGNATURE))
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

    /// Balance of an ERC-20 token.
    ///
    /// - Errors: the token does not answer.
    pub async fn balance(&self, token: Address, account: Address) -> Result<U256> {
        self.read(token, &gimbal_abi::token::IERC20::balanceOfCall { account })
            .await
    }

    /// Gas that a transaction used.
    ///
    /// - Errors: no such transaction, or it is not in a block yet.
    pub async fn gas_used(&self, tx: B256) -> Result<u64> {
        Ok(self.receipt(tx).await?.gas_used)
    }

    /// Gives `account` this much ether.
    ///
    /// - Errors: the node has no `anvil_setBalance`.
    pub async fn set_ether(&self, account: Address, wei: U256) -> Result<()> {
        self.rpc::<Option<bool>, _>("anvil_setBalance", (account, wei))
            .await
            .map(drop)
    }

    /// Timestamp of the latest block, s.
    ///
    /// - Errors: the node does not answer.
    pub async fn now(&self) -> Result<u64> {
        let block = self
            .provider
            .get_block_by_number(Default::default())
            .await?;
        Ok(block
            .ok_or_eyre("the node knows no latest block")?
            .header
            .timestamp)
    }

    /// Moves chain time forward and mines a block there.
    ///
    /// - Errors: the node lacks `evm_increaseTime` or `evm_mine`.
    pub async fn warp(&self, seconds: u64) -> Result<()> {
        self.rpc::<Value, _>("evm_increaseTime", (seconds,)).await?;
        self.rpc::<Value, _>("evm_mine", ()).await?;
        Ok(())
    }

    /// Any method of the node.
    ///
    /// - Errors: the node refuses, or answers something else than `R`.
    pub async fn rpc<R, P>(&self, method: &'static str, params: P) -> Result<R>
    where
        R: DeserializeOwned + Debug + Send + Sync + Unpin + 'static,
        P: Serialize + Clone + Debug + Send + Sync + Unpin + 'static,
    {
        self.provider
            .raw_request(method.into(), params)
            .await
            .wrap_err(method)
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
            .submit_with_gas(from, to, input, value, gas + gas / 4)
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
        let max_fee_per_gas = self.provider.get_gas_price().await?.saturating_mul(2);
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

    async fn receipt(&self, hash: B256) -> Result<TransactionReceipt> {
        for _ in 0..RECEIPT_POLLS {
            if let Some(receipt) = self.provider.get_transaction_receipt(hash).await? {
                return Ok(receipt);
            }
            tokio::time::sleep(RECEIPT_PAUSE).await;
        }
        Err(eyre!(
            "no receipt of transaction {hash} after {:?}",
            RECEIPT_PAUSE * RECEIPT_POLLS
        ))
    }
}

/// The genesis account.
///
/// - Errors: never; the key is a constant.
pub fn dev_account() -> Result<PrivateKeySigner> {
    Ok(DEV_KEY.parse()?)
}

/// The account of a name: the same one in every run.
///
/// - Errors: never in practice; a hash that is no valid key.
pub fn account(name: &str) -> Result<PrivateKeySigner> {
    Ok(PrivateKeySigner::from_bytes(&keccak256(format!(
        "gimbal test account {name}"
    )))?)
}

/// Turns a node's answer that carries revert data into [`Reverted`].
fn reverted(error: alloy::transports::TransportError) -> eyre::Report {
    match error
        .as_error_resp()
        .and_then(|answer| answer.as_revert_data())
    {
        Some(data) => Reverted { data }.into(),
        None => error.into(),
    }
}
