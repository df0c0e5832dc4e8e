//! A chain as tests and the demo use it: sign, send, insist on success, let time pass.
//!
//! - [`Chain`]: connect, read.
//! - [`Clock`]: whether time is moved or waited for.
//! - `send`: transactions.

mod clock;
mod send;

use std::fmt::Debug;

use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use eyre::{OptionExt, Result, WrapErr, eyre};
use gimbal_keeper::rpc::Endpoint;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use clock::Clock;

/// Key of the account that holds all ether at genesis, the one that Nitro's development node publishes.
pub const DEV_KEY: &str = "0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";

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

/// Where the accounts of a story get their ether from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ether {
    /// `anvil_setBalance` makes it.
    Minted,
    /// They were paid before; nothing is made.
    Paid,
}

/// A connection to a chain.
#[derive(Debug, Clone)]
pub struct Chain {
    provider: DynProvider,
    url: String,
    endpoint: Endpoint,
    chain_id: u64,
    clock: Clock,
    ether: Ether,
}

impl Chain {
    /// Connects to a development node, whose clock and balances can be set.
    ///
    /// - Errors: no node at `url`.
    pub async fn connect(url: &str) -> Result<Self> {
        let endpoint = Endpoint::parse(url).map_err(|reason| eyre!("not a URL: {reason}"))?;
        let parsed = url.parse().wrap_err("not a URL")?;
        let provider = ProviderBuilder::default().connect_http(parsed).erased();
        let chain_id = provider
            .get_chain_id()
            .await
            .wrap_err_with(|| format!("no node answers at {endpoint}"))?;
        Ok(Self {
            provider,
            url: url.to_owned(),
            endpoint,
            chain_id,
            clock: Clock::Travel,
            ether: Ether::Minted,
        })
    }

    /// The same chain under another clock and with ether from elsewhere.
    #[must_use]
    pub fn with(self, clock: Clock, ether: Ether) -> Self {
        Self {
            clock,
            ether,
            ..self
        }
    }

    /// Where the node is, for people: scheme, host and port, without the secrets that a URL may carry.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
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

    /// Sees to it that `account` has ether: makes `wei` where the chain can, relies on what was paid elsewhere.
    ///
    /// - Errors: as [`Chain::set_ether`].
    pub async fn provide_ether(&self, account: Address, wei: U256) -> Result<()> {
        match self.ether {
            Ether::Minted => self.set_ether(account, wei).await,
            Ether::Paid => Ok(()),
        }
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
