//! Many views of one block in one request.

use std::marker::PhantomData;

use alloy::primitives::{Address, Bytes};
use alloy::providers::Provider;
use alloy::rpc::client::BatchRequest;
use alloy::rpc::types::{BlockId, TransactionRequest};
use alloy::sol_types::SolCall;

use super::{CallError, Chain, RpcError};

/// `TIMESTAMP PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN`: creation code whose result is the block's time.
const CLOCK: [u8; 9] = [0x42, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3];

alloy::sol! {
    /// The shape of the clock's answer.
    #[derive(Debug)]
    function clock() external view returns (uint256);
}

/// A batch under construction.
#[derive(Debug, Default)]
pub struct Batch {
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    request: TransactionRequest,
    /// Another block than the batch's.
    at: Option<BlockId>,
}

/// Where the answer to a call will be.
#[derive(Debug)]
pub struct Slot<C> {
    index: usize,
    call: PhantomData<fn() -> C>,
}

/// The answers to a batch.
#[derive(Debug)]
pub struct Answers<'a> {
    chain: &'a Chain,
    outputs: Vec<Result<Bytes, CallError>>,
}

impl Batch {
    /// Adds a view and returns the place of its answer.
    pub fn add<C: SolCall>(&mut self, to: Address, call: &C) -> Slot<C> {
        let request = TransactionRequest::default()
            .to(to)
            .input(call.abi_encode().into());
        self.push(request, None)
    }

    /// Asks for the time that the block to come would carry. A node without a pending block tells the latest one's.
    pub fn add_clock(&mut self) -> Slot<clockCall> {
        let request = TransactionRequest::default().input(Bytes::from_static(&CLOCK).into());
        self.push(request, Some(BlockId::pending()))
    }

    fn push<C>(&mut self, request: TransactionRequest, at: Option<BlockId>) -> Slot<C> {
        self.calls.push(Call { request, at });
        Slot {
            index: self.calls.len() - 1,
            call: PhantomData,
        }
    }

    /// Sends all views as one JSON-RPC batch, every one at the same block; the clock alone looks ahead.
    ///
    /// # Errors
    ///
    /// [`RpcError`] if the batch as a whole has no answer; a single view's failure is in its own slot.
    pub async fn send(self, chain: &Chain, at: BlockId) -> Result<Answers<'_>, RpcError> {
        let method = "eth_call";
        let failed = |error| RpcError::of(chain.endpoint(), method, error);
        if self.calls.is_empty() {
            return Ok(Answers {
                chain,
                outputs: Vec::new(),
            });
        }
        let client = chain.provider().client();
        let mut batch = BatchRequest::new(client);
        let mut waiters = Vec::with_capacity(self.calls.len());
        for Call { request, at: own } in self.calls {
            waiters.push(
                batch
                    .add_call::<_, Bytes>(method, &(request, own.unwrap_or(at)))
                    .map_err(failed)?,
            );
        }
        chain.read(method, batch.send()).await?;
        let mut outputs = Vec::with_capacity(waiters.len());
        for waiter in waiters {
            outputs.push(
                waiter
                    .await
                    .map_err(|error| CallError::of(chain.endpoint(), method, error)),
            );
        }
        Ok(Answers { chain, outputs })
    }
}

impl Answers<'_> {
    /// Takes the answer of a slot; once.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    pub fn take<C: SolCall>(&mut self, slot: Slot<C>) -> Result<C::Return, CallError> {
        let output = std::mem::replace(&mut self.outputs[slot.index], Ok(Bytes::new()))?;
        Ok(self.chain.decode_return::<C>(&output)?)
    }
}
