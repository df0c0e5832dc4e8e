//! What posting transactions on L1 costs, where L1 data has a price.

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, keccak256},
    providers::Provider,
    rpc::types::TransactionReceipt,
    sol,
    sol_types::SolCall,
};
use serde_json::json;

use crate::rig::{DEV, Rig};

const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);
const NODE: Address = Address::with_last_byte(0xc8);

/// What is collected for the posters.
const FUNDS: Address = address!("0xA4B00000000000000000000000000000000000f6");

/// {wei/gas}
const MIN: u64 = 100_000_000;

sol! {
    function getGasBacklog() external view returns (uint64);
    function setL1PricePerUnit(uint256 price) external;
    function getCurrentTxL1GasFees() external view returns (uint256);
    function getL1FeesAvailable() external view returns (uint256);
    function getL1PricingUnitsSinceUpdate() external view returns (uint64);
    function gasEstimateL1Component(address to, bool contractCreation, bytes calldata data)
        external view
        returns (uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
}

async fn backlog(rig: &Rig) -> u64 {
    rig.ask(ARB_GAS_INFO, getGasBacklogCall {}).await
}

async fn l1_gas(rig: &Rig, hash: B256) -> u64 {
    let receipt = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    let gas: U256 = serde_json::from_value(receipt["gasUsedForL1"].clone()).unwrap();
    gas.to()
}

/// {unit} 16 for each byte that brotli makes of the transaction at quality 1 with a window of 22 bits.
async fn units(rig: &Rig, hash: B256) -> u64 {
    let raw = rig.rpc("eth_getRawTransactionByHash", json!([hash])).await;
    let raw: Bytes = serde_json::from_value(raw).unwrap();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 1,
        lgwin: 22,
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut compressed, &params).unwrap();
    16 * compressed.len() as u64
}

/// `floor(price * units / gas price)` of gas beside what is computed, of which the posters' funds get all;
/// the fee of a contract that asks for it is that times the gas price.
#[tokio::test]
async fn data_is_paid_for_where_it_has_a_price() {
    let rig = Rig::owner().await;
    // Time stands still, so that nothing of the backlog drains.
    rig.rpc("anvil_setBlockTimestampInterval", json!([0])).await;
    let plain = rig.send(DEV.into(), vec![1; 100], 0).await.gas_used;
    let price = 1_234_567_891;
    let set = setL1PricePerUnitCall {
        price: U256::from(price),
    };
    // It is paid from the next transaction on.
    assert_eq!(l1_gas(&rig, rig.set(set).await.transaction_hash).await, 0);
    let burnt = backlog(&rig).await;
    let receipt = rig.send(DEV.into(), vec![1; 100], 0).await;
    let hash = receipt.transaction_hash;
    let units = units(&rig, hash).await;
    let gas = price * units / MIN;
    assert!(gas > 10_000);
    assert_eq!(l1_gas(&rig, hash).await, gas);
    assert_eq!(receipt.gas_used, plain + gas);
    let fee = U256::from(gas * MIN);
    assert_eq!(rig.client.get_balance(FUNDS).await.unwrap(), fee);
    let available = rig.ask(ARB_GAS_INFO, getL1FeesAvailableCall {}).await;
    assert_eq!(available, fee);
    let counted = rig.ask(ARB_GAS_INFO, getL1PricingUnitsSinceUpdateCall {});
    assert_eq!(counted.await, units);
    // What L1 takes does not make L2 dearer.
    assert_eq!(backlog(&rig).await, burnt + plain);

    let trace = json!([hash, { "tracer": "callTracer" }]);
    let trace = rig.rpc("debug_traceTransaction", trace).await;
    assert_eq!(trace["gasUsed"], json!(format!("{:#x}", receipt.gas_used)));
    // Too little for L1 is too little to start.
    let poor = json!([{ "from": DEV, "to": DEV, "data": Bytes::from(vec![1; 100]),
        "gas": U256::from(plain + 1_000) }]);
    let (_, message) = rig.rpc_error("eth_sendTransaction", poor).await;
    assert!(message.starts_with("intrinsic gas too low"), "{message}");
}

/// Nothing waits in the pool that could not pay for L1 in the next block.
#[tokio::test]
async fn what_cannot_pay_for_l1_does_not_wait() {
    let rig = Rig::owner().await;
    let price = U256::from(1_234_567_891);
    rig.set(setL1PricePerUnitCall { price }).await;
    rig.rpc("evm_setAutomine", json!([false])).await;
    let transfer = |gas: U256| json!([{ "from": DEV, "to": DEV, "gas": gas }]);
    let (_, message) = rig
        .rpc_error("eth_sendTransaction", transfer(U256::from(21_000)))
        .await;
    let want = message.strip_prefix("intrinsic gas too low: have 21000, want ");
    let want: u64 = want.unwrap().parse().unwrap();
    assert!(want > 30_000, "{want}");
    // The gas limit is itself posted, and may take a few bytes more.
    let hash = rig
        .rpc("eth_sendTransaction", transfer(U256::from(want + 2_000)))
        .await;
    rig.rpc("evm_mine", json!([])).await;
    let receipt = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], json!("0x1"));
}

/// Logs what the precompile says of the transaction.
#[tokio::test]
async fn a_contract_can_ask_what_its_transaction_paid() {
    let rig = Rig::owner().await;
    let mut code = vec![0x63];
    code.extend(getCurrentTxL1GasFeesCall::SELECTOR);
    code.extend([
        0x5f, 0x52, 0x60, 0x20, 0x5f, 0x60, 0x04, 0x60, 0x1c, 0x60, 0x6c, 0x5a, 0xfa, 0x60, 0x20,
        0x5f, 0xa0, 0x00,
    ]);
    let asks = rig.deploy(&code).await;
    let said = async |receipt: TransactionReceipt| {
        let logs = receipt.inner.logs();
        (
            receipt.transaction_hash,
            U256::from_be_slice(&logs[0].data().data),
        )
    };
    let (_, none) = said(rig.call(asks, vec![]).await).await;
    assert_eq!(none, U256::ZERO);
    let price = U256::from(1_234_567_891);
    rig.set(setL1PricePerUnitCall { price }).await;
    let (hash, fee) = said(rig.call(asks, vec![]).await).await;
    let gas = l1_gas(&rig, hash).await;
    assert!(gas > 0);
    assert_eq!(fee, U256::from(gas * MIN));
}

/// An estimate suffices, and its part for L1 is no less than what is paid and no fifth more.
#[tokio::test]
async fn estimates_allow_for_data() {
    let rig = Rig::owner().await;
    let price = U256::from(1_234_567_891);
    rig.set(setL1PricePerUnitCall { price }).await;
    let data: Bytes = (0..50_u8).flat_map(|byte| keccak256([byte]).0).collect();
    let ask = gasEstimateL1ComponentCall {
        to: DEV,
        contractCreation: false,
        data: data.clone(),
    };
    let part = rig.ask(NODE, ask).await.gasEstimateForL1;
    let sent = json!([{ "from": DEV, "to": DEV, "data": data }]);
    let estimate: U256 =
        serde_json::from_value(rig.rpc("eth_estimateGas", sent.clone()).await).unwrap();
    let sent = json!([{ "from": DEV, "to": DEV, "data": data, "gas": estimate }]);
    let hash: B256 = serde_json::from_value(rig.rpc("eth_sendTransaction", sent).await).unwrap();
    let receipt = rig
        .client
        .get_transaction_receipt(hash)
        .await
        .unwrap()
        .unwrap();
    assert!(receipt.status());
    let paid = l1_gas(&rig, hash).await;
    assert!((paid..paid + paid / 5).contains(&part), "{paid} {part}");
    assert!(estimate >= U256::from(receipt.gas_used));
}
