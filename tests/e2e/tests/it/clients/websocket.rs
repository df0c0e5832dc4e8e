//! alloy over a WebSocket: subscriptions, waiting for transactions, batches, many senders of one key.

use std::time::Duration;

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{Address, U64, U256, address};
use alloy::providers::{DynProvider, Provider, ProviderBuilder, WsConnect};
use alloy::rpc::client::BatchRequest;
use alloy::rpc::types::{Filter, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolEvent;
use eyre::{OptionExt, Result};
use futures::future::try_join_all;
use gimbal_e2e::blank::{Blank, DEV_ACCOUNT, DEV_KEY, Token};
use tokio::time::timeout;

const BOB: Address = address!("0x00000000000000000000000000000000000B0B00");
/// Long enough for a busy machine, and no more: what is waited for has been caused already.
const SOON: Duration = Duration::from_secs(30);

async fn connect(chain: &Blank) -> Result<DynProvider> {
    let signer: PrivateKeySigner = DEV_KEY.parse()?;
    let client = ProviderBuilder::new()
        .with_simple_nonce_management()
        .wallet(EthereumWallet::new(signer))
        .connect_ws(WsConnect::new(chain.ws_url()))
        .await?;
    Ok(client.erased())
}

fn payment(value: u64) -> TransactionRequest {
    TransactionRequest::default()
        .with_to(BOB)
        .with_value(U256::from(value))
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_logs_arrive_in_order() -> Result<()> {
    let chain = Blank::start().await?;
    let token = chain.token().await?;
    let client = connect(&chain).await?;
    let mut heads = client.subscribe_blocks().await?;
    let filter = Filter::new()
        .address(*token.address())
        .event_signature(Token::Transfer::SIGNATURE_HASH)
        .topic2(BOB.into_word());
    let mut logs = client.subscribe_logs(&filter).await?;

    let mut mined = Vec::new();
    for value in 1..=3u64 {
        let sent = token.transfer(BOB, U256::from(value)).send().await?;
        mined.push(sent.get_receipt().await?);
        token
            .transfer(DEV_ACCOUNT, U256::ZERO)
            .send()
            .await?
            .get_receipt()
            .await?;
    }
    for (value, receipt) in (1..=3u64).zip(&mined) {
        let log = timeout(SOON, logs.recv()).await??;
        assert_eq!(log.transaction_hash, Some(receipt.transaction_hash));
        assert_eq!(
            Token::Transfer::decode_log(&log.inner)?.value,
            U256::from(value)
        );
    }
    let first = mined[0].block_number.ok_or_eyre("not mined")?;
    for number in first..first + 6 {
        let head = timeout(SOON, heads.recv()).await??;
        assert_eq!(head.number, number);
        let block = client
            .get_block_by_number(number.into())
            .await?
            .ok_or_eyre("no block")?;
        assert_eq!(head.hash, block.header.hash, "of block {number}");
    }
    assert!(
        logs.try_recv().is_err(),
        "transfers to others are filtered out"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_transaction_is_watched_until_it_is_mined() -> Result<()> {
    let chain = Blank::start().await?;
    let client = connect(&chain).await?;
    let mut pending = client.subscribe_pending_transactions().await?;
    let sent = client.send_transaction(payment(1)).await?;
    let hash = *sent.tx_hash();
    assert_eq!(timeout(SOON, sent.watch()).await??, hash);
    assert_eq!(timeout(SOON, pending.recv()).await??, hash);

    let receipt = client.send_transaction_sync(payment(2)).await?;
    assert!(receipt.status());
    assert_eq!(client.get_balance(BOB).await?, U256::from(3));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sends_of_one_key_are_all_mined() -> Result<()> {
    const SENDS: u64 = 24;
    let chain = Blank::start().await?;
    let signer: PrivateKeySigner = DEV_KEY.parse()?;
    let client = ProviderBuilder::new()
        .wallet(EthereumWallet::new(signer))
        .connect_ws(WsConnect::new(chain.ws_url()))
        .await?;
    let sends = (0..SENDS).map(|_| async {
        let sent = client.send_transaction(payment(1)).await?;
        eyre::Ok(sent.get_receipt().await?)
    });
    let receipts = timeout(SOON, try_join_all(sends)).await??;
    assert!(receipts.iter().all(|receipt| receipt.status()));
    assert_eq!(client.get_balance(BOB).await?, U256::from(SENDS));
    assert_eq!(client.get_transaction_count(DEV_ACCOUNT).await?, SENDS);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_as_one() -> Result<()> {
    let chain = Blank::start().await?;
    for client in [connect(&chain).await?, chain.client.clone()] {
        let mut batch = BatchRequest::new(client.client());
        let id = batch.add_call::<_, U64>("eth_chainId", &())?;
        let balance = batch.add_call::<_, U256>("eth_getBalance", &(DEV_ACCOUNT, "latest"))?;
        let missing = batch.add_call::<_, U64>("eth_noSuchMethod", &())?;
        batch.send().await?;
        assert_eq!(id.await?, U64::from(412_346));
        assert_eq!(balance.await?, client.get_balance(DEV_ACCOUNT).await?);
        assert!(missing.await.is_err(), "one call's error is its own");
    }
    Ok(())
}
