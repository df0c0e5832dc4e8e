//! One signer, one transaction at a time: simulate, sign, log the hash, send, wait for the receipt by that hash.
//!
//! Arbitrum has no mempool to speak of: a transaction is in a block, refused by name, or unknown for seconds. So nothing
//! is ever replaced by a higher fee. The nonce is read from the latest block for every transaction, never counted
//! locally: a failed send leaves nothing to resynchronise.

mod verdict;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718;
use alloy::network::TxSignerSync;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::rpc::types::{BlockId, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::rpc::{Chain, Receipt};
use verdict::Verdict;

/// How much a transaction may cost and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendPolicy {
    /// The cap of a transaction's fee, in percent of the base fee at signing. Tips buy nothing and are zero.
    pub fee_percent: u32,
    /// Base fee above which nothing is sent, wei per gas.
    pub base_fee_max: u128,
    /// Gas limit in percent of the estimate.
    pub gas_percent: u32,
    /// How long to wait for a receipt.
    pub receipt: Duration,
    /// First pause between two looks for a receipt; doubles up to two seconds.
    pub poll: Duration,
}

impl Default for SendPolicy {
    fn default() -> Self {
        Self {
            fee_percent: 200,
            base_fee_max: 10_000_000_000,
            gas_percent: 130,
            receipt: Duration::from_secs(60),
            poll: Duration::from_millis(50),
        }
    }
}

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Its name in logs and errors.
    pub name: String,
    /// The contract.
    pub to: Address,
    /// Calldata.
    pub input: Bytes,
    /// Wei.
    pub value: U256,
}

impl Action {
    /// An action without value.
    pub fn new(
        name: impl Into<String>,
        to: Address,
        call: &impl alloy::sol_types::SolCall,
    ) -> Self {
        Self {
            name: name.into(),
            to,
            input: call.abi_encode().into(),
            value: U256::ZERO,
        }
    }

    /// An action with calldata that is no ABI call.
    pub fn raw(name: impl Into<String>, to: Address, input: impl Into<Bytes>) -> Self {
        Self {
            name: name.into(),
            to,
            input: input.into(),
            value: U256::ZERO,
        }
    }

    /// The same with wei attached.
    #[must_use]
    pub fn with_value(mut self, value: U256) -> Self {
        self.value = value;
        self
    }

    pub(crate) fn request(&self, from: Address) -> TransactionRequest {
        TransactionRequest::default()
            .from(from)
            .to(self.to)
            .value(self.value)
            .input(self.input.clone().into())
    }
}

/// A signer on a chain. Clones share the lock that keeps one transaction in flight.
#[derive(Clone, Debug)]
pub struct Sender {
    chain: Chain,
    signer: PrivateKeySigner,
    policy: SendPolicy,
    chain_id: Arc<OnceLock<u64>>,
    flight: Arc<Mutex<()>>,
}

struct Signed {
    hash: B256,
    nonce: u64,
    bytes: Vec<u8>,
}

impl Sender {
    /// A sender; nothing is sent yet.
    pub fn new(chain: Chain, signer: PrivateKeySigner, policy: SendPolicy) -> Self {
        Self {
            chain,
            signer,
            policy,
            chain_id: Arc::default(),
            flight: Arc::default(),
        }
    }

    /// The same for this chain alone; without an id, for the first one that the node names.
    #[must_use]
    pub fn for_chain(mut self, id: Option<u64>) -> Self {
        self.chain_id = Arc::new(id.map_or_else(OnceLock::new, OnceLock::from));
        self
    }

    /// Who signs.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Where it is sent.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Runs an action without sending it, in the block to come, and returns its output.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the decoded refusal, [`Error::Rpc`].
    pub async fn simulate(&self, action: &Action) -> Result<Bytes, Error> {
        let request = action.request(self.address());
        self.chain
            .call(&request, BlockId::pending())
            .await
            .map_err(|error| Error::of_call(&action.name, error))
    }

    /// Simulates, sends and waits for the receipt of a successful transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] before anything is sent; [`Error::Reverted`], [`Error::NoReceipt`], [`Error::ForeignNonce`]
    /// afterwards; [`Error::Funds`], [`Error::FeeTooHigh`], [`Error::WrongChain`], [`Error::Rpc`].
    pub async fn send(&self, action: &Action) -> Result<Receipt, Error> {
        self.send_if(action, |_| Ok(())).await
    }

    /// As [`Sender::send`], but only if `check` accepts the output of the simulation.
    ///
    /// # Errors
    ///
    /// Those of `check` and of [`Sender::send`].
    pub async fn send_if(
        &self,
        action: &Action,
        check: impl FnOnce(&[u8]) -> Result<(), Error>,
    ) -> Result<Receipt, Error> {
        let _one = self.flight.lock().await;
        check(&self.simulate(action).await?)?;
        let estimate = self
            .chain
            .estimate(&action.request(self.address()))
            .await
            .map_err(|error| Error::of_call(&action.name, error))?;
        let gas = estimate.saturating_mul(self.policy.gas_percent.into()) / 100;
        let chain_id = self.same_chain().await?;

        let mut last = None;
        let mut hashes = Vec::new();
        for _ in 0..3 {
            let signed = self.sign(action, gas, chain_id).await?;
            hashes.push(signed.hash);
            match self.broadcast(action, &signed, &hashes).await? {
                Verdict::Landed(receipt) if receipt.success => return Ok(receipt),
                Verdict::Landed(receipt) => {
                    return Err(Error::Reverted {
                        action: action.name.clone(),
                        tx: receipt.tx,
                    });
                }
                Verdict::SignAgain(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(
            || Error::Mismatch(format!("{}: nothing was sent", action.name)),
            Error::Rpc,
        ))
    }

    /// The pinned chain. A node that changes its mind must not choose where a signature is valid.
    async fn same_chain(&self) -> Result<u64, Error> {
        let got = self.chain.chain_id().await?;
        let want = *self.chain_id.get_or_init(|| got);
        if got == want {
            return Ok(want);
        }
        Err(Error::WrongChain {
            endpoint: self.chain.endpoint().to_string(),
            got,
            want,
        })
    }

    async fn sign(&self, action: &Action, gas_limit: u64, chain_id: u64) -> Result<Signed, Error> {
        let nonce = self.chain.nonce(self.address()).await?;
        let base_fee = self.chain.head().await?.base_fee;
        if base_fee > self.policy.base_fee_max {
            return Err(Error::FeeTooHigh {
                action: action.name.clone(),
                base_fee,
                limit: self.policy.base_fee_max,
            });
        }
        let mut tx = TxEip1559 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: base_fee.saturating_mul(self.policy.fee_percent.into()) / 100,
            max_priority_fee_per_gas: 0,
            to: TxKind::Call(action.to),
            value: action.value,
            access_list: Default::default(),
            input: action.input.clone(),
        };
        let signature = self
            .signer
            .sign_transaction_sync(&mut tx)
            .map_err(|error| Error::Mismatch(format!("{}: cannot sign: {error}", action.name)))?;
        let envelope = TxEnvelope::from(tx.into_signed(signature));
        let (hash, bytes) = (*envelope.tx_hash(), envelope.encoded_2718());
        // Before it is sent: whatever happens next, the operator can look the transaction up.
        tracing::info!(action = %action.name, tx = %hash, nonce, gas_limit, base_fee, "signed");
        Ok(Signed { hash, nonce, bytes })
    }

    /// Sends one signed transaction until its fate is known or the deadline has passed. The same bytes may be sent
    /// any number of times. `hashes` are those of every attempt at this action.
    async fn broadcast(
        &self,
        action: &Action,
        signed: &Signed,
        hashes: &[B256],
    ) -> Result<Verdict, Error> {
        let deadline = Instant::now() + self.policy.receipt;
        let mut pause = self.policy.poll;
        let mut accepted = false;
        loop {
            if !accepted {
                match self.chain.send_raw(&signed.bytes).await {
                    Ok(()) => accepted = true,
                    Err(error) => {
                        let known = verdict::of_send_error(error);
                        tracing::warn!(action = %action.name, tx = %signed.hash, ?known, "send");
                        match known {
                            verdict::SendFailure::Resend => {}
                            verdict::SendFailure::Look => accepted = true,
                            verdict::SendFailure::SignAgain(error) => {
                                return Ok(Verdict::SignAgain(error));
                            }
                            verdict::SendFailure::Funds(reason) => {
                                return Err(Error::Funds {
                                    action: action.name.clone(),
                                    signer: self.address(),
                                    reason,
                                });
                            }
                            verdict::SendFailure::Fatal(error) => return Err(Error::Rpc(error)),
                        }
                    }
                }
            }
            // A failed look is no answer: keep looking until the deadline.
            match self.chain.receipt(signed.hash).await {
                Ok(Some(receipt)) => return Ok(Verdict::Landed(receipt)),
                Ok(None) => {}
                Err(error) => tracing::warn!(tx = %signed.hash, %error, "receipt"),
            }
            if Instant::now() >= deadline {
                return self.last_look(action, signed, hashes).await;
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// After the deadline: a receipt after all, or why there is none. The nonce is read first, so that a used one with
    /// no receipt of ours behind it was used by somebody else.
    async fn last_look(
        &self,
        action: &Action,
        signed: &Signed,
        hashes: &[B256],
    ) -> Result<Verdict, Error> {
        let next = self.chain.nonce(self.address()).await;
        let mut answered = true;
        for &hash in hashes {
            match self.chain.receipt(hash).await {
                Ok(Some(receipt)) => return Ok(Verdict::Landed(receipt)),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(tx = %hash, %error, "receipt");
                    answered = false;
                }
            }
        }
        Err(match next {
            Ok(next) if answered && next > signed.nonce => Error::ForeignNonce {
                action: action.name.clone(),
                signer: self.address(),
                nonce: signed.nonce,
            },
            _ => Error::NoReceipt {
                action: action.name.clone(),
                tx: signed.hash,
                waited: self.policy.receipt,
            },
        })
    }
}
