//! What gas costs, who gets it, and how much of it a block and a transaction may use.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
    sol,
    sol_types::SolCall,
};
use serde_json::json;
use stylus_devnode::Config;

use crate::rig::{ARB_OWNER, DEV, Rig};

const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);

/// {wei/gas}
const MIN: u64 = 100_000_000;

sol! {
    function setSpeedLimit(uint64 limit) external;
    function setL2GasPricingInertia(uint64 inertia) external;
    function setL2GasBacklogTolerance(uint64 tolerance) external;
    function setGasBacklog(uint64 backlog) external;
    function getGasBacklog() external view returns (uint64);
    function setInfraFeeAccount(address account) external;
    function setNetworkFeeAccount(address account) external;
    function setMaxBlockGasLimit(uint64 limit) external;
    function setMaxTxGasLimit(uint64 limit) external;
    function setL1PricePerUnit(uint256 price) external;
}

async fn backlog_at(rig: &Rig, moment: &str) -> u64 {
    let data = Bytes::from(getGasBacklogCall {}.abi_encode());
    let ask = json!([{ "to": ARB_GAS_INFO, "data": data }, moment]);
    let word: B256 = serde_json::from_value(rig.rpc("eth_call", ask).await).unwrap();
    U256::from_be_bytes(word.0).to()
}

async fn backlog(rig: &Rig) -> u64 {
    backlog_at(rig, "latest").await
}

async fn next_price(rig: &Rig) -> u64 {
    u64::try_from(rig.client.get_gas_price().await.unwrap()).unwrap()
}

/// An owner's node whose blocks are a second apart, and that takes 1,000 gas a second, tolerates ten
/// seconds of it and multiplies the price by e for 102 more.
async fn congested() -> Rig {
    let rig = Rig::owner().await;
    rig.rpc("anvil_setBlockTimestampInterval", json!([1])).await;
    rig.set(setSpeedLimitCall { limit: 1_000 }).await;
    rig.set(setL2GasBacklogToleranceCall { tolerance: 10 })
        .await;
    rig.set(setL2GasPricingInertiaCall { inertia: 102 }).await;
    rig
}

/// The minimum times four terms of the exponential of `excess / scale`, in basis points and rounded down
/// at each step.
fn price(excess: u64, scale: u64) -> u64 {
    let x = 10_000 * excess / scale;
    let series = [3, 2, 1].into_iter().fold(10_000 + x / 4, |sum, term| {
        10_000 + sum * x / (term * 10_000)
    });
    MIN * series / 10_000
}

#[tokio::test]
async fn the_price_follows_the_backlog() {
    let rig = congested().await;
    let receipt = rig.set(setGasBacklogCall { backlog: 100_000 }).await;
    let after = 100_000 + receipt.gas_used;
    assert_eq!(backlog(&rig).await, after);
    // The next block has the price that this one's start made, before the owner raised the backlog.
    let before = next_price(&rig).await;
    let receipt = rig.set(setGasBacklogCall { backlog: 150_000 }).await;
    assert_eq!(receipt.effective_gas_price, u128::from(before));
    let before = next_price(&rig).await;
    assert_eq!(before, price(after - 11_000, 102_000));
    let after = 150_000 + receipt.gas_used;
    rig.rpc("evm_mine", json!([])).await;
    let block = rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(block["baseFeePerGas"], json!(U256::from(before)));
    // A second later 1,000 are drained; 10,000 are tolerated.
    assert_eq!(backlog(&rig).await, after - 1_000);
    assert!(price(after - 11_000, 102_000) > 2 * MIN);
    assert_eq!(next_price(&rig).await, price(after - 11_000, 102_000));
    let receipt = rig.send(DEV.into(), vec![], 1).await;
    assert_eq!(
        receipt.effective_gas_price,
        u128::from(price(after - 11_000, 102_000))
    );
    assert_eq!(backlog(&rig).await, after - 2_000 + 21_000);
    // It takes one block to drain and the next to be as cheap as ever.
    rig.rpc("evm_increaseTime", json!([1_000])).await;
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!((backlog(&rig).await, next_price(&rig).await), (0, MIN));
}

/// A dev chain takes 7,000,000 gas a second and tolerates ten seconds of it: 70,000,000.
#[tokio::test]
async fn a_burst_is_tolerated() {
    let rig = Rig::new().await;
    rig.rpc("anvil_setBlockTimestampInterval", json!([0])).await;
    let spin = rig.deploy(&[0x5b, 0x60, 0x00, 0x56]).await;
    let mut used = backlog(&rig).await;
    for _ in 0..6 {
        rig.rpc("evm_mine", json!([])).await;
        let expected = price(used.saturating_sub(70_000_000), 714_000_000);
        assert_eq!(next_price(&rig).await, expected, "{used}");
        used += rig.send(spin.into(), vec![], 0).await.gas_used;
        assert_eq!(backlog(&rig).await, used);
    }
    assert!((120_000_000..121_000_000).contains(&used));
    assert!(next_price(&rig).await > MIN * 104 / 100);
}

/// Transactions that wait count for what the pending state shows.
#[tokio::test]
async fn the_pending_state_has_the_backlog_of_the_next_block() {
    let rig = congested().await;
    let receipt = rig.set(setGasBacklogCall { backlog: 100_000 }).await;
    let drained = 100_000 + receipt.gas_used - 1_000;
    assert_eq!(backlog_at(&rig, "pending").await, drained);
    rig.rpc("evm_setAutomine", json!([false])).await;
    let transfer = json!([{ "from": DEV, "to": DEV, "maxFeePerGas": "0x77359400" }]);
    rig.rpc("eth_sendTransaction", transfer).await;
    assert_eq!(backlog_at(&rig, "pending").await, drained + 21_000);
}

/// At 1.5 times the minimum two thirds are the infrastructure's; at half of it everything is.
#[tokio::test]
async fn the_minimum_is_the_infrastructures() {
    let rig = Rig::owner().await;
    let (infra, network) = (Address::repeat_byte(0x1f), Address::repeat_byte(0x2f));
    rig.set(setInfraFeeAccountCall { account: infra }).await;
    rig.set(setNetworkFeeAccountCall { account: network }).await;
    for (price, share, rest) in [
        (3 * MIN / 2, MIN, MIN / 2),
        (MIN, MIN, 0),
        (MIN / 2, MIN / 2, 0),
    ] {
        let balances = async || {
            let balance = async |account| rig.client.get_balance(account).await.unwrap();
            (balance(infra).await, balance(network).await)
        };
        let before = balances().await;
        rig.rpc("anvil_setNextBlockBaseFeePerGas", json!([price]))
            .await;
        rig.send(DEV.into(), vec![], 1).await;
        let after = balances().await;
        let gas = U256::from(21_000);
        assert_eq!(after.0 - before.0, gas * U256::from(share), "{price}");
        assert_eq!(after.1 - before.1, gas * U256::from(rest), "{price}");
    }
}

/// Whoever a transaction makes the receiver of fees gets its own.
#[tokio::test]
async fn the_fee_goes_to_the_account_that_its_transaction_set() {
    let rig = Rig::owner().await;
    let (infra, network) = (Address::repeat_byte(0x1f), Address::repeat_byte(0x2f));
    let balance = async |account| rig.client.get_balance(account).await.unwrap();
    let fee = |gas: u64| U256::from(gas * MIN);
    let receipt = rig.set(setNetworkFeeAccountCall { account: network }).await;
    assert_eq!(balance(network).await, fee(receipt.gas_used));
    let paid = balance(network).await;
    let receipt = rig.set(setInfraFeeAccountCall { account: infra }).await;
    assert_eq!(balance(infra).await, fee(receipt.gas_used));
    assert_eq!(balance(network).await, paid);
}

/// Nothing drains without a speed limit, and a price cannot be told without either.
#[tokio::test]
async fn settings_that_would_end_the_chain_are_refused() {
    let rig = Rig::owner().await;
    let refused = async |data: Vec<u8>| !rig.send(ARB_OWNER.into(), data, 0).await.status();
    for (setting, is_refused) in [(0, true), (1, false)] {
        let speed = setSpeedLimitCall { limit: setting }.abi_encode();
        assert_eq!(refused(speed).await, is_refused);
        let inertia = setL2GasPricingInertiaCall { inertia: setting };
        assert_eq!(refused(inertia.abi_encode()).await, is_refused);
    }
}

/// How many of five transfers with that gas limit each of the next blocks has.
async fn packed(rig: &Rig, gas: u64) -> Vec<u64> {
    rig.rpc("evm_setAutomine", json!([false])).await;
    for _ in 0..5 {
        let transfer = json!([{ "from": DEV, "to": DEV, "gas": U256::from(gas) }]);
        rig.rpc("eth_sendTransaction", transfer).await;
    }
    let mut packed = Vec::new();
    while packed.iter().sum::<u64>() < 5 {
        rig.rpc("evm_mine", json!([])).await;
        let mined = rig.rpc("eth_getBlockTransactionCountByNumber", json!(["latest"]));
        let count: U256 = serde_json::from_value(mined.await).unwrap();
        packed.push(count.to());
    }
    packed
}

/// Two transfers leave 8,000 of 50,000, with which none begins, whatever they may use.
#[tokio::test]
async fn a_block_takes_no_more_once_too_little_is_left() {
    for gas in [21_000, 1_000_000] {
        let rig = Rig::owner().await;
        rig.set(setMaxBlockGasLimitCall { limit: 50_000 }).await;
        assert_eq!(packed(&rig, gas).await, [2, 2, 1], "{gas}");
    }
}

/// What posting takes is no computing: each of these transactions pays for more than the limit.
#[tokio::test]
async fn what_l1_takes_fills_no_block() {
    let rig = Rig::owner().await;
    rig.set(setMaxBlockGasLimitCall { limit: 50_000 }).await;
    let price = U256::from(10_000_000_000_u64);
    rig.set(setL1PricePerUnitCall { price }).await;
    let receipt = rig.send(DEV.into(), vec![], 0).await;
    assert!(receipt.gas_used > 100_000);
    assert_eq!(packed(&rig, 1_000_000).await, [2, 2, 1]);
}

/// Before ArbOS 50 a block must have left all that a transaction may compute, unless it is the first;
/// what it pays for L1 is no part of that.
#[tokio::test]
async fn a_gas_limit_had_to_fit_into_what_is_left() {
    for (gas, l1_price, expected) in [
        (21_000, 0, vec![2, 2, 1]),
        (29_000, 0, vec![2, 2, 1]),
        (29_001, 0, vec![1; 5]),
        (60_000, 0, vec![1; 5]),
        // 113 bytes are 1,808 units, which take 180,800 gas; two bytes more or fewer are no matter.
        (206_000, 10_000_000_000_u64, vec![2, 2, 1]),
    ] {
        let rig = at_40().await;
        rig.set(setMaxTxGasLimitCall { limit: 50_000 }).await;
        let price = U256::from(l1_price);
        rig.set(setL1PricePerUnitCall { price }).await;
        assert_eq!(packed(&rig, gas).await, expected, "{gas} {l1_price}");
    }
}

/// An owner's node of the time when one setting was the limit of blocks and of each transaction.
async fn at_40() -> Rig {
    let rig = Rig::with(Config {
        arbos_version: 40,
        ..Config::default()
    })
    .await;
    rig.own().await;
    rig
}

/// Before ArbOS 50 one setting is the limit of blocks and of each transaction, beside its intrinsic gas.
#[tokio::test]
async fn one_limit_was_the_blocks_and_the_transactions() {
    let rig = at_40().await;
    let spin = rig.deploy(&[0x5b, 0x60, 0x00, 0x56]).await;
    rig.set(setMaxTxGasLimitCall { limit: 1_000_000 }).await;
    let receipt = rig.send(spin.into(), vec![], 0).await;
    assert_eq!((receipt.status(), receipt.gas_used), (false, 1_021_000));
}

/// Blocks that are made up begin as others do: time drains the backlog, which makes the price of the next.
#[tokio::test]
async fn the_price_follows_the_backlog_in_simulations() {
    let rig = congested().await;
    rig.set(setGasBacklogCall { backlog: 100_000 }).await;
    let head = rig.rpc("eth_getBlockByNumber", json!(["latest", false]));
    let number = |value: &serde_json::Value| -> u64 {
        serde_json::from_value::<U256>(value.clone()).unwrap().to()
    };
    let now = number(&head.await["timestamp"]);
    let data = Bytes::from(getGasBacklogCall {}.abi_encode());
    let call =
        json!({ "from": DEV, "to": ARB_GAS_INFO, "input": data, "maxFeePerGas": "0x77359400" });
    let block = |time: u64| json!({ "blockOverrides": { "time": U256::from(now + time) }, "calls": [call] });
    let plan = json!([{ "validation": true, "blockStateCalls": [block(1), block(50), block(51)] }]);
    let blocks = rig.rpc("eth_simulateV1", plan).await;
    let seen = |index: usize| {
        let call = &blocks[index]["calls"][0];
        (number(&call["returnData"]), number(&call["gasUsed"]))
    };
    let (first, used) = seen(0);
    assert_eq!(first, backlog(&rig).await - 1_000);
    let (second, _) = seen(1);
    assert_eq!(second, first + used - 49_000);
    for (index, backlog) in [(1, first), (2, second)] {
        let expected = price(backlog - 10_000, 102_000);
        assert_eq!(number(&blocks[index]["baseFeePerGas"]), expected);
    }
}
