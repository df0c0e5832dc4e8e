//! Ether transfers per second: the same signed transactions, sent the same way, to whichever node is under test.

use std::time::{Duration, Instant};

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::Encodable2718;
use alloy::primitives::{Address, Bytes, TxKind, U256};
use alloy::providers::Provider;
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use eyre::{Result, WrapErr, ensure};

use crate::chain::{Chain, account};

/// Accounts that send at the same time, each over its own connection and in nonce order.
pub const SENDERS: usize = 8;

/// How long one account's transfers may take: a node that stalls is an error, not a wait.
const DRAINED_WITHIN: Duration = Duration::from_secs(20);

/// Sends `transfers` in all, from [`SENDERS`] accounts, and returns {1/s} until the last is in a block.
///
/// Signing is done beforehand. The chain needs `anvil_setBalance`.
///
/// - Errors: the node refuses a transaction, or not all are mined.
pub async fn transfers_per_second(url: &str, transfers: usize) -> Result<f64> {
    let chain = Chain::connect(url).await?;
    let each = transfers.div_ceil(SENDERS);
    let mut queues = Vec::with_capacity(SENDERS);
    for sender in 0..SENDERS {
        let key = account(&format!("bench sender {sender}"))?;
        chain
            .set_ether(key.address(), U256::from(10).pow(U256::from(21)))
            .await?;
        queues.push((key.address(), sign(&key, chain.chain_id(), each)?));
    }

    let started = Instant::now();
    let mut tasks = Vec::with_capacity(SENDERS);
    for (sender, queue) in queues {
        let url = url.to_owned();
        tasks.push(tokio::spawn(async move {
            tokio::time::timeout(DRAINED_WITHIN, drain(&url, sender, queue))
                .await
                .wrap_err_with(|| format!("{url} did not mine all transfers within 20 s"))?
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok((each * SENDERS) as f64 / started.elapsed().as_secs_f64())
}

/// `count` signed transfers of 1 wei with nonces from 0.
fn sign(key: &PrivateKeySigner, chain_id: u64, count: usize) -> Result<Vec<Bytes>> {
    (0..count)
        .map(|nonce| {
            let transfer = TxEip1559 {
                chain_id,
                nonce: nonce as u64,
                gas_limit: 21_000,
                max_fee_per_gas: 10_000_000_000,
                max_priority_fee_per_gas: 0,
                to: TxKind::Call(Address::repeat_byte(0x42)),
                value: U256::ONE,
                ..Default::default()
            };
            let signature = key.sign_hash_sync(&transfer.signature_hash())?;
            let signed = TxEnvelope::from(transfer.into_signed(signature));
            Ok(signed.encoded_2718().into())
        })
        .collect()
}

/// Sends one account's transfers, one after the other, and waits until all of them are mined.
async fn drain(url: &str, sender: Address, queue: Vec<Bytes>) -> Result<()> {
    let chain = Chain::connect(url).await?;
    let count = queue.len() as u64;
    for raw in &queue {
        let sent = chain.provider().send_raw_transaction(raw).await?;
        ensure!(!sent.tx_hash().is_zero(), "no hash for a sent transaction");
    }
    while chain.provider().get_transaction_count(sender).await? < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
