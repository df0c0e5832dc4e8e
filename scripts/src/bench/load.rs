//! Signed transactions of many senders, sent at the same time to whichever node is under test.

use std::thread;
use std::time::{Duration, Instant};

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::Encodable2718;
use alloy::hex;
use alloy::primitives::{Address, Bytes, TxKind};
use alloy::providers::Provider;
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use eyre::{Result, WrapErr, ensure, eyre};
use serde_json::{Value, json};

use super::line::{Line, request};
use crate::chain::Chain;

/// Transactions that a sender has under way at most. anvil accepts transactions faster than it mines them, and with
/// hundreds of them waiting it mines a few in a second: a client that never looks would measure that.
pub const WINDOW: usize = 10;
/// How long the transactions under way may take.
const MINED_WITHIN: Duration = Duration::from_secs(20);
/// {wei/gas} More than either node ever asks.
const FEE: u128 = 10_000_000_000;

/// What a transaction does.
#[derive(Debug, Clone)]
pub struct Step {
    /// The contract.
    pub to: Address,
    /// Calldata.
    pub input: Bytes,
    /// Gas limit.
    pub gas: u64,
}

/// One sender's transactions in nonce order, as HTTP requests.
#[derive(Debug)]
pub struct Queue {
    sender: Address,
    requests: Vec<Vec<u8>>,
    /// The sender's nonce before the first.
    start: u64,
}

impl Queue {
    /// Signs `steps` with the nonces that come next.
    ///
    /// - Errors: the node does not answer.
    pub async fn sign(
        chain: &Chain,
        key: &PrivateKeySigner,
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<Self> {
        let start = chain
            .provider()
            .get_transaction_count(key.address())
            .await?;
        let mut requests: Vec<Vec<u8>> = Vec::new();
        for step in steps {
            let nonce = start + requests.len() as u64;
            let tx = TxEip1559 {
                chain_id: chain.chain_id(),
                nonce,
                gas_limit: step.gas,
                max_fee_per_gas: FEE,
                max_priority_fee_per_gas: 0,
                to: TxKind::Call(step.to),
                input: step.input,
                ..Default::default()
            };
            let signature = key.sign_hash_sync(&tx.signature_hash())?;
            let raw = TxEnvelope::from(tx.into_signed(signature)).encoded_2718();
            let body = json!({
                "jsonrpc": "2.0", "id": nonce, "method": "eth_sendRawTransaction",
                "params": [hex::encode_prefixed(raw)],
            });
            requests.push(request(&body.to_string()));
        }
        Ok(Self {
            sender: key.address(),
            requests,
            start,
        })
    }

    /// Sends all, at most [`WINDOW`] ahead of the chain, and waits until the last is mined.
    fn drain(&self, url: &str) -> Result<()> {
        let mut line = Line::open(url)?;
        for (index, request) in self.requests.iter().enumerate() {
            let answer = line
                .exchange(request)
                .wrap_err_with(|| format!("transaction {index} of {}", self.sender))?;
            let answer: Value = serde_json::from_slice(&answer)?;
            ensure!(answer["result"].is_string(), "refused: {answer}");
            let sent = index + 1;
            if sent.is_multiple_of(WINDOW) || sent == self.requests.len() {
                self.mined(url, &mut line, self.start + sent as u64)?;
            }
        }
        Ok(())
    }

    /// Waits until the sender's nonce is `next`.
    fn mined(&self, url: &str, line: &mut Line, next: u64) -> Result<()> {
        let sent = Instant::now();
        loop {
            let nonce = line.call("eth_getTransactionCount", json!([self.sender, "latest"]))?;
            let nonce = nonce.as_str().unwrap_or_default();
            if u64::from_str_radix(nonce.trim_start_matches("0x"), 16)? >= next {
                return Ok(());
            }
            ensure!(
                sent.elapsed() < MINED_WITHIN,
                "{url} stands at nonce {nonce} of {} instead of {} after {MINED_WITHIN:?}",
                self.sender,
                next
            );
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Drains all queues at the same time, each over a connection of its own; returns {1/s}.
///
/// - Errors: the node refuses a transaction, stalls for 20 s, or does not mine all.
pub async fn drive(url: &str, queues: Vec<Queue>) -> Result<f64> {
    let url = url.to_owned();
    let driven = tokio::task::spawn_blocking(move || {
        let count: usize = queues.iter().map(|queue| queue.requests.len()).sum();
        let started = Instant::now();
        thread::scope(|scope| {
            let url = url.as_str();
            let threads: Vec<_> = queues
                .iter()
                .map(|queue| scope.spawn(move || queue.drain(url)))
                .collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().map_err(|_| eyre!("a sender panicked"))?)
        })?;
        Ok(count as f64 / started.elapsed().as_secs_f64())
    });
    driven.await?
}
