//! A chain as tests speak to it: calls that must pass, calls that must be refused, time.

use std::collections::HashSet;
use std::sync::Mutex;

use alloy::eips::BlockId;
use alloy::network::{Ethereum, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{RpcRecv, RpcSend};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::sol_types::{SolCall, SolError};
use alloy::transports::{RpcError, TransportErrorKind};
use eyre::{Context, Result, bail, ensure, eyre};

use crate::revert::Revert;
use crate::sent::Sent;

/// Gas that every call and transaction gets unless told otherwise, below the chain's 32 million per transaction.
pub const GAS: u64 = 25_000_000;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With this return data.
    Returned(Bytes),
    /// With this revert data.
    Reverted(Revert),
}

/// A connection to one chain that sends as anybody: accounts are impersonated and funded on first use.
#[derive(Debug)]
pub struct Rpc {
    provider: RootProvider<Ethereum>,
    url: String,
    known: Mutex<HashSet<Address>>,
}

impl Rpc {
    /// Connects to a node.
    ///
    /// # Errors
    ///
    /// If `url` is not a URL.
    pub fn new(url: &str) -> Result<Self> {
        let client = RpcClient::new_http(url.parse()?);
        Ok(Self {
            provider: RootProvider::new(client),
            url: url.to_owned(),
            known: Mutex::default(),
        })
    }

    /// The node's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The plain provider.
    #[must_use]
    pub fn provider(&self) -> &RootProvider<Ethereum> {
        &self.provider
    }

    /// Any JSON-RPC request.
    ///
    /// # Errors
    ///
    /// The node's.
    pub async fn request<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R> {
        self.provider
            .raw_request(method.into(), params)
            .await
            .wrap_err(method)
    }

    // ------------------------------------------------------------------ calls

    /// Calls without sending, with the given gas, and says how it ended.
    ///
    /// # Errors
    ///
    /// If the node fails, not if the call reverts.
    pub async fn ask(&self, from: Address, to: Address, data: Bytes, gas: u64) -> Result<Outcome> {
        let request = TransactionRequest::default()
            .from(from)
            .to(to)
            .input(data.into())
            .gas_limit(gas);
        match self.provider.call(request).block(BlockId::latest()).await {
            Ok(data) => Ok(Outcome::Returned(data)),
            Err(error) => Ok(Outcome::Reverted(reverted(error)?)),
        }
    }

    /// The return value of a call that must pass.
    ///
    /// # Errors
    ///
    /// If it reverts.
    pub async fn call<C: SolCall>(
        &self,
        from: impl Into<Address>,
        to: impl Into<Address>,
        call: &C,
    ) -> Result<C::Return> {
        match self
            .ask(from.into(), to.into(), call.abi_encode().into(), GAS)
            .await?
        {
            Outcome::Returned(data) => Ok(C::abi_decode_returns(&data)?),
            Outcome::Reverted(revert) => bail!("{}: {}", C::SIGNATURE, revert.describe()),
        }
    }

    /// The return value of a view, asked by nobody in particular.
    ///
    /// # Errors
    ///
    /// If it reverts.
    pub async fn view<C: SolCall>(&self, to: impl Into<Address>, call: &C) -> Result<C::Return> {
        self.call(Address::repeat_byte(0x77), to, call).await
    }

    /// The revert data of a call that must be refused.
    ///
    /// # Errors
    ///
    /// If it passes.
    pub async fn refusal<C: SolCall>(
        &self,
        from: impl Into<Address>,
        to: impl Into<Address>,
        call: &C,
    ) -> Result<Revert> {
        match self
            .ask(from.into(), to.into(), call.abi_encode().into(), GAS)
            .await?
        {
            Outcome::Returned(data) => {
                bail!("{} should have been refused, returned {data}", C::SIGNATURE)
            }
            Outcome::Reverted(revert) => Ok(revert),
        }
    }

    /// Asserts that a call is refused with exactly this error.
    ///
    /// # Errors
    ///
    /// If it passes or is refused with another.
    pub async fn refuses<C: SolCall, E: SolError + PartialEq + std::fmt::Debug>(
        &self,
        from: impl Into<Address>,
        to: impl Into<Address>,
        call: &C,
        expected: E,
    ) -> Result<()> {
        let found = self
            .refusal(from, to, call)
            .await?
            .decode::<E>()
            .wrap_err_with(|| eyre!("in {}", C::SIGNATURE))?;
        ensure!(
            found == expected,
            "{}: expected {expected:?}, found {found:?}",
            C::SIGNATURE
        );
        Ok(())
    }

    /// Asserts that a call is refused with this error, whatever its arguments, and returns them.
    ///
    /// # Errors
    ///
    /// If it passes or is refused with another.
    pub async fn refuses_with<E: SolError>(
        &self,
        from: impl Into<Address>,
        to: impl Into<Address>,
        call: &impl SolCall,
    ) -> Result<E> {
        self.refusal(from, to, call).await?.decode::<E>()
    }

    // ------------------------------------------------------------------ transactions

    /// Sends a transaction that must succeed.
    ///
    /// # Errors
    ///
    /// If it fails, with the error by name.
    pub async fn send<C: SolCall>(
        &self,
        from: impl Into<Address>,
        to: impl Into<Address>,
        call: &C,
    ) -> Result<Sent> {
        let (from, to) = (from.into(), to.into());
        let receipt = self
            .transact(from, Some(to), call.abi_encode().into(), U256::ZERO, GAS)
            .await?;
        if receipt.status() {
            return Ok(Sent { receipt });
        }
        match self.ask(from, to, call.abi_encode().into(), GAS).await? {
            Outcome::Returned(_) => bail!("{} failed in its transaction", C::SIGNATURE),
            Outcome::Reverted(revert) => bail!("{}: {}", C::SIGNATURE, revert.describe()),
        }
    }

    /// Sends a transaction that must succeed, and returns what the call returned as well.
    ///
    /// # Errors
    ///
    /// If it fails, with the error by name.
    pub async fn run<C: SolCall>(
        &self,
        from: impl Into<Address>,
        to: impl Into<Address>,
        call: &C,
    ) -> Result<(C::Return, Sent)> {
        let (from, to) = (from.into(), to.into());
        let returned = self.call(from, to, call).await?;
        Ok((returned, self.send(from, to, call).await?))
    }

    /// Sends a transaction, whether it succeeds or not.
    ///
    /// # Errors
    ///
    /// If the node does not take it.
    pub async fn transact(
        &self,
        from: Address,
        to: Option<Address>,
        data: Bytes,
        value: U256,
        gas: u64,
    ) -> Result<TransactionReceipt> {
        self.top_up(from).await?;
        self.transact_unfunded(from, to, data, value, gas).await
    }

    /// As `transact`, from an account whose balance the caller has seen to.
    ///
    /// # Errors
    ///
    /// If the node does not take it.
    pub async fn transact_unfunded(
        &self,
        from: Address,
        to: Option<Address>,
        data: Bytes,
        value: U256,
        gas: u64,
    ) -> Result<TransactionReceipt> {
        let _: serde_json::Value = self.request("anvil_impersonateAccount", (from,)).await?;
        let mut request = TransactionRequest::default()
            .from(from)
            .input(data.into())
            .value(value)
            .gas_limit(gas);
        if let Some(to) = to {
            request = request.to(to);
        } else {
            request = request.into_create();
        }
        let hash: B256 = self.request("eth_sendTransaction", (request,)).await?;
        self.receipt(hash).await
    }

    /// The receipt of a transaction that is mined already.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub async fn receipt(&self, hash: B256) -> Result<TransactionReceipt> {
        self.provider
            .get_transaction_receipt(hash)
            .await?
            .ok_or_else(|| eyre!("no receipt of {hash}"))
    }

    /// Creates an EVM contract from init code and arguments.
    ///
    /// # Errors
    ///
    /// If the creation fails.
    pub async fn create(&self, from: impl Into<Address>, init_code: Bytes) -> Result<Address> {
        let receipt = self
            .transact(from.into(), None, init_code, U256::ZERO, GAS)
            .await?;
        ensure!(receipt.status(), "contract creation failed");
        receipt
            .contract_address
            .ok_or_else(|| eyre!("no contract address in the receipt"))
    }

    /// After the chain went back in time, nobody is known to be funded.
    pub(crate) fn forget(&self) -> Result<()> {
        self.known.lock().map_err(|_| eyre!("poisoned"))?.clear();
        Ok(())
    }

    async fn top_up(&self, account: Address) -> Result<()> {
        if !self
            .known
            .lock()
            .map_err(|_| eyre!("poisoned"))?
            .insert(account)
        {
            return Ok(());
        }
        let plenty = U256::from(10).pow(U256::from(21));
        let _: serde_json::Value = self.request("anvil_setBalance", (account, plenty)).await?;
        Ok(())
    }
}

fn reverted(error: RpcError<TransportErrorKind>) -> Result<Revert> {
    let Some(payload) = error.as_error_resp() else {
        return Err(error.into());
    };
    if let Some(data) = payload.as_revert_data() {
        return Ok(Revert(data));
    }
    // A revert without data, or a halt: the node says so in words only.
    let words = payload.message.to_lowercase();
    if [
        "revert",
        "expired",
        "out of gas",
        "halt",
        "failed",
        "invalid",
        "stack",
    ]
    .iter()
    .any(|word| words.contains(word))
    {
        return Ok(Revert(Bytes::new()));
    }
    Err(error.into())
}
