//! `block.number` is L1's on Arbitrum, and goes on from the forked block's.

use alloy::{
    primitives::{Address, B256, U256},
    sol,
};
use serde_json::{Value, json};

use super::{
    proxy::{Mode, Proxy},
    rig::{config, settings},
};
use crate::rig::{DEV, Rig};

const NODE_INTERFACE: Address = Address::with_last_byte(0xc8);
const CLOCK: Address = Address::repeat_byte(0xc1);
/// Stores NUMBER in slot 0, and returns it.
const NUMBER: &str = "0x43805f555f5260205ff3";
/// Returns BLOCKHASH of the first input word.
const HASH: &str = "0x5f35405f5260205ff3";

sol! {
    function blockL1Num(uint64 l2BlockNum) external view returns (uint64 l1BlockNum);
    function l2BlockRangeForL1(uint64 blockNum) external view returns (uint64 firstBlock, uint64 lastBlock);
}

/// What code sees at a block.
async fn view(rig: &Rig, code: &str, input: u64, block: &str) -> U256 {
    let to = Address::repeat_byte(0xee);
    let call = json!({ "to": to, "input": B256::from(U256::from(input)) });
    let code = json!({ to.to_string(): { "code": code } });
    let word = rig.rpc("eth_call", json!([call, block, code])).await;
    serde_json::from_value(word).unwrap()
}

async fn header(rig: &Rig, block: &str) -> Value {
    rig.rpc("eth_getBlockByNumber", json!([block, false])).await
}

#[tokio::test]
async fn l1_goes_on_by_the_clock() {
    let upstream = Rig::new().await;
    upstream.rpc("anvil_setCode", json!([CLOCK, NUMBER])).await;
    upstream.rpc("anvil_mine", json!([3])).await;
    let proxy = Proxy::before(upstream.node.url()).await;
    let known = B256::repeat_byte(0x11);
    proxy.set(Mode::L1 {
        number: 1_000,
        hash: known,
        range: (2, 9),
    });
    let local = Rig::with(config(settings(&proxy.url))).await;
    for (ahead_s, number) in [(12, 1_001), (24, 1_003), (11, 1_003)] {
        let last: U256 =
            serde_json::from_value(header(&local, "latest").await["timestamp"].clone()).unwrap();
        let next = last + U256::from(ahead_s);
        local.rpc("evm_setNextBlockTimestamp", json!([next])).await;
        let tx = json!([{ "from": DEV, "to": CLOCK, "gas": "0x30d40" }]);
        let hash = local.rpc("eth_sendTransaction", tx).await;
        assert_eq!(view(&local, NUMBER, 0, "latest").await, U256::from(number));
        let seen = local
            .rpc("eth_getStorageAt", json!([CLOCK, "0x0", "latest"]))
            .await;
        assert_eq!(seen, json!(B256::from(U256::from(number))));
        // The header has it twice.
        let header = header(&local, "latest").await;
        assert_eq!(header["l1BlockNumber"], json!(format!("{number:#x}")));
        let mix_hash: B256 = serde_json::from_value(header["mixHash"].clone()).unwrap();
        assert_eq!(mix_hash[8..16], u64::to_be_bytes(number));
        let receipt = local.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["l1BlockNumber"], header["l1BlockNumber"]);
        // Executed again it sees the same.
        local.rpc("debug_traceTransaction", json!([hash])).await;
    }
    assert_eq!(view(&local, NUMBER, 0, "0x3").await, U256::from(1_000));
    assert_eq!(view(&local, NUMBER, 0, "0x1").await, U256::from(1_000));

    // The upstream knew hashes up to the forked block's; those that it did not make up have none.
    let hash = async |number: u64| view(&local, HASH, number, "latest").await;
    let requests = proxy.requests();
    for number in [1_000, 1_002, 1_003, 1_003 - 257, 5] {
        assert_eq!(hash(number).await, U256::ZERO, "{number}");
    }
    assert_eq!(proxy.requests(), requests);
    for number in [999, 1_003 - 256] {
        assert_eq!(hash(number).await, U256::from_be_bytes(known.0), "{number}");
    }

    let l1_of = async |block: u64| {
        let call = blockL1NumCall { l2BlockNum: block };
        local.ask(NODE_INTERFACE, call).await
    };
    for (block, number) in [(1, 1_000), (3, 1_000), (4, 1_001), (6, 1_003)] {
        assert_eq!(l1_of(block).await, number, "block {block}");
    }
    let range_of = async |number: u64| {
        let call = l2BlockRangeForL1Call { blockNum: number };
        let range = local.ask(NODE_INTERFACE, call).await;
        (range.firstBlock, range.lastBlock)
    };
    assert_eq!(range_of(999).await, (2, 3));
    assert_eq!(range_of(1_000).await, (2, 3));
    assert_eq!(range_of(1_001).await, (4, 4));
    assert_eq!(range_of(1_003).await, (5, 6));
    let none = l2BlockRangeForL1Call { blockNum: 1_002 };
    assert!(local.refuses(NODE_INTERFACE, none).await);
}

/// A development chain has no L1, and a fork of it neither.
#[tokio::test]
async fn where_there_is_no_l1_the_number_stays_zero() {
    let upstream = Rig::new().await;
    let local = super::rig::fork(&upstream).await;
    for rig in [&upstream, &local] {
        rig.rpc("evm_increaseTime", json!([1_000])).await;
        rig.rpc("evm_mine", json!([])).await;
        assert_eq!(view(rig, NUMBER, 0, "latest").await, U256::ZERO);
        let number = &header(rig, "latest").await["l1BlockNumber"];
        assert_eq!(*number, json!("0x0"));
    }
}
