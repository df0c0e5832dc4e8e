//! Typed requests to one node.

use std::fmt::Debug;
use std::future::{Future, IntoFuture};
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::client::RpcClient;
use alloy::rpc::types::{BlockId, Log, TransactionRequest};
use alloy::sol_types::SolCall;
use alloy::transports::TransportResult;
use alloy::transports::http::reqwest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{CallError, Endpoint, RpcError};

/// A deadline for each kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Reading.
    pub read: Duration,
    /// Simulating and sending. Activation takes a node seconds; and Arbitrum's sequencer answers when the transaction is in a block and queues for up to 12 s: a shorter
    /// deadline would make an outcome unknown that the node was about to tell.
    pub send: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            read: Duration::from_secs(10),
            send: Duration::from_secs(30),
        }
    }
}

/// A connection to one node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Chain {
    provider: RootProvider,
    endpoint: Endpoint,
    timeouts: Timeouts,
}

/// A block's header, as much as is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Chain time, s.
    pub timestamp: u64,
    /// Wei per gas; zero on a chain without a base fee.
    pub base_fee: u128,
}

/// A transaction's receipt, as much as is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction.
    pub tx: B256,
    /// Whether it did what it was for.
    pub success: bool,
    /// Number of its block.
    pub block: u64,
    /// Gas, the share for the parent chain included.
    pub gas_used: u64,
    /// Events.
    pub logs: Vec<Log>,
}

impl Chain {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`RpcError::Url`].
    pub fn connect(url: &str) -> Result<Self, RpcError> {
        Self::connect_with(url, Timeouts::default())
    }

    /// As [`Chain::connect`], with other deadlines.
    ///
    /// # Errors
    ///
    /// [`RpcError::Url`].
    pub fn connect_with(url: &str, timeouts: Timeouts) -> Result<Self, RpcError> {
        let endpoint = Endpoint::parse(url).map_err(RpcError::Url)?;
        let mut builder = reqwest::Client::builder();
        if endpoint.is_local() {
            // A proxy of the environment has no business between us and this machine.
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| RpcError::Url(error.without_url().to_string()))?;
        let client = RpcClient::new_http_with_client(client, endpoint.url().clone());
        Ok(Self {
            provider: RootProvider::new(client),
            endpoint,
            timeouts,
        })
    }

    /// The provider underneath, for requests that have no method here.
    pub fn provider(&self) -> &RootProvider {
        &self.provider
    }

    /// The node, secrets hidden.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// # Errors
    ///
    /// [`RpcError`].
    pub async fn chain_id(&self) -> Result<u64, RpcError> {
        self.read("eth_chainId", self.provider.get_chain_id()).await
    }

    /// The latest block.
    ///
    /// # Errors
    ///
    /// [`RpcError`].
    pub async fn head(&self) -> Result<Head, RpcError> {
        let method = "eth_getBlockByNumber";
        let header: Header = self
            .read(method, self.raw(method, ("latest", false)))
            .await?;
        Ok(Head {
            number: header.number.to(),
            hash: header.hash,
            timestamp: header.timestamp.to(),
            base_fee: header.base_fee_per_gas.unwrap_or_default().to(),
        })
    }

    /// Wei of an account.
    ///
    /// # Errors
    ///
    /// [`RpcError`].
    pub async fn balance(&self, account: Address) -> Result<U256, RpcError> {
        self.read("eth_getBalance", self.provider.get_balance(account))
            .await
    }

    /// Code at an address.
    ///
    /// # Errors
    ///
    /// [`RpcError`].
    pub async fn code(&self, account: Address) -> Result<Bytes, RpcError> {
        self.read("eth_getCode", self.provider.get_code_at(account))
            .await
    }

    /// The next nonce of an account, by the latest block.
    ///
    /// # Errors
    ///
    /// [`RpcError`].
    pub async fn nonce(&self, account: Address) -> Result<u64, RpcError> {
        let count = self.provider.get_transaction_count(account).latest();
        self.read("eth_getTransactionCount", count).await
    }

    /// Runs a transaction without sending it and returns its output.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn call(
        &self,
        request: &TransactionRequest,
        at: BlockId,
    ) -> Result<Bytes, CallError> {
        let call = self.raw("eth_call", (request, at));
        self.within("eth_call", self.timeouts.send, call)
            .await?
            .map_err(|error| CallError::of(&self.endpoint, "eth_call", error))
    }

    /// One typed view at the latest block.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, CallError> {
        let request = TransactionRequest::default()
            .to(to)
            .input(call.abi_encode().into());
        let output = self.call(&request, BlockId::latest()).await?;
        Ok(self.decode_return::<C>(&output)?)
    }

    /// Gas that a transaction needs.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub async fn estimate(&self, request: &TransactionRequest) -> Result<u64, CallError> {
        let estimate = self.raw::<_, U64>("eth_estimateGas", (request,));
        self.within("eth_estimateGas", self.timeouts.send, estimate)
            .await?
            .map(|gas| gas.to())
            .map_err(|error| CallError::of(&self.endpoint, "eth_estimateGas", error))
    }

    /// Sends a signed transaction.
    ///
    /// # Errors
    ///
    /// [`RpcError`]; after [`RpcError::TimedOut`] and [`RpcError::Unreachable`] the outcome is unknown.
    pub async fn send_raw(&self, signed: &[u8]) -> Result<(), RpcError> {
        let method = "eth_sendRawTransaction";
        let send = self.raw::<_, B256>(method, (Bytes::copy_from_slice(signed),));
        self.within(method, self.timeouts.send, send)
            .await?
            .map(drop)
            .map_err(|error| RpcError::of(&self.endpoint, method, error))
    }

    /// The receipt of a transaction, if it is in a block.
    ///
    /// # Errors
    ///
    /// [`RpcError`].
    pub async fn receipt(&self, tx: B256) -> Result<Option<Receipt>, RpcError> {
        let method = "eth_getTransactionReceipt";
        let receipt: Option<RawReceipt> = self.read(method, self.raw(method, (tx,))).await?;
        Ok(receipt.map(|receipt| Receipt {
            tx,
            success: receipt.status == Some(U64::ONE),
            block: receipt.block_number.to(),
            gas_used: receipt.gas_used.to(),
            logs: receipt.logs,
        }))
    }

    /// # Errors
    ///
    /// [`RpcError::Malformed`].
    pub(super) fn decode_return<C: SolCall>(&self, output: &[u8]) -> Result<C::Return, RpcError> {
        C::abi_decode_returns(output).map_err(|error| RpcError::Malformed {
            endpoint: self.endpoint.clone(),
            method: "eth_call",
            reason: format!("{} returned {} bytes: {error}", C::SIGNATURE, output.len()),
        })
    }

    pub(super) async fn read<T>(
        &self,
        method: &'static str,
        request: impl IntoFuture<Output = TransportResult<T>>,
    ) -> Result<T, RpcError> {
        self.within(method, self.timeouts.read, request.into_future())
            .await?
            .map_err(|error| RpcError::of(&self.endpoint, method, error))
    }

    async fn within<T>(
        &self,
        method: &'static str,
        after: Duration,
        request: impl Future<Output = T>,
    ) -> Result<T, RpcError> {
        tokio::time::timeout(after, request)
            .await
            .map_err(|_| RpcError::TimedOut {
                endpoint: self.endpoint.clone(),
                method,
                after,
            })
    }

    async fn raw<P, R>(&self, method: &'static str, params: P) -> TransportResult<R>
    where
        P: Serialize + Clone + Debug + Send + Sync + Unpin,
        R: DeserializeOwned + Debug + Send + Sync + Unpin + 'static,
    {
        self.provider.client().request(method, params).await
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    number: U64,
    hash: B256,
    timestamp: U64,
    #[serde(default)]
    base_fee_per_gas: Option<U64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReceipt {
    #[serde(default)]
    status: Option<U64>,
    block_number: U64,
    gas_used: U64,
    logs: Vec<Log>,
}
