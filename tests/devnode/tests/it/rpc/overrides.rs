//! State and block overrides of calls and estimates: each is honoured or refused.

use alloy::primitives::{Address, B256, U256};
use serde_json::{Value, json};

use crate::rig::{DEV, Rig};

const TARGET: Address = Address::repeat_byte(0x33);
const ALICE: Address = Address::repeat_byte(0xa1);

fn word(number: u64) -> B256 {
    U256::from(number).into()
}

/// EVM code that returns what `code` leaves on the stack.
fn returning(code: &[u8]) -> String {
    let end = [0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00, 0xf3];
    alloy::hex::encode_prefixed([code, &end].concat())
}

async fn call(rig: &Rig, accounts: Value, block: Value) -> U256 {
    let params = json!([{ "to": TARGET }, "latest", accounts, block]);
    serde_json::from_value(rig.rpc("eth_call", params).await).unwrap()
}

async fn refusal(rig: &Rig, accounts: Value, block: Value) -> String {
    let params = json!([{ "to": TARGET }, "latest", accounts, block]);
    let (_, of_call) = rig.rpc_error("eth_call", params.clone()).await;
    let (_, of_estimate) = rig.rpc_error("eth_estimateGas", params).await;
    assert_eq!(of_call, of_estimate);
    of_call
}

#[tokio::test]
async fn every_block_field_is_seen() {
    let rig = Rig::new().await;
    // Each under its names, with the code that reads it.
    for (names, value, code, expected) in [
        (
            vec!["number", "blockNumber"],
            json!("0x4d2"),
            vec![0x43],
            0x4d2,
        ),
        (vec!["time", "timestamp"], json!("0x3e8"), vec![0x42], 0x3e8),
        (vec!["gasLimit"], json!("0x989680"), vec![0x45], 10_000_000),
        (
            vec!["coinbase", "feeRecipient"],
            json!(Address::with_last_byte(7)),
            vec![0x41],
            7,
        ),
        (
            vec!["random", "prevRandao"],
            json!(word(99)),
            vec![0x44],
            99,
        ),
        (
            vec!["baseFee", "baseFeePerGas"],
            json!("0x7b"),
            vec![0x48],
            123,
        ),
    ] {
        let accounts = json!({ TARGET.to_string(): { "code": returning(&code) } });
        for name in names {
            let seen = call(&rig, accounts.clone(), json!({ name: value })).await;
            assert_eq!(seen, U256::from(expected), "{name}");
        }
    }
    // BLOCKHASH sees the 256 numbers before the block's.
    let code = [0x61, 0x04, 0xd1, 0x40];
    let accounts = json!({ TARGET.to_string(): { "code": returning(&code) } });
    let block = json!({ "number": "0x4d2", "blockHash": { "1233": word(77) } });
    assert_eq!(call(&rig, accounts, block).await, U256::from(77));
}

#[tokio::test]
async fn block_fields_that_a_call_does_not_see_are_refused() {
    let rig = Rig::new().await;
    let refused = |block| refusal(&rig, json!({}), block);
    assert_eq!(
        refused(json!({ "beaconRoot": B256::ZERO })).await,
        "block override \"beaconRoot\" is not supported for this RPC method"
    );
    assert_eq!(
        refused(json!({ "blobBaseFee": "0x1" })).await,
        "block override \"blobBaseFee\" is not supported: Arbitrum has no blobs"
    );
    assert_eq!(
        refused(json!({ "withdrawals": [] })).await,
        "invalid params: block override \"withdrawals\" is not supported"
    );
    assert_eq!(
        refused(json!({ "baseFee": U256::MAX })).await,
        format!("block override baseFeePerGas is too large: {}", U256::MAX)
    );
    let malformed = refused(json!({ "time": "soon" })).await;
    assert!(
        malformed.starts_with("invalid params: block overrides: "),
        "{malformed}"
    );
}

#[tokio::test]
async fn every_account_field_is_seen() {
    let rig = Rig::new().await;
    for slot in [1, 2] {
        let params = json!([TARGET, word(slot), word(slot)]);
        rig.rpc("anvil_setStorageAt", params).await;
    }
    // SLOAD(1) * 16 + SLOAD(2)
    let sum = returning(&[0x60, 2, 0x54, 0x60, 1, 0x54, 0x60, 16, 0x02, 0x01]);
    let sees = async |field: &str, slots: Value| {
        let account = json!({ "code": sum, field: slots });
        let seen = call(&rig, json!({ TARGET.to_string(): account }), json!({})).await;
        seen.to::<u64>()
    };
    let slots = json!({ word(1).to_string(): word(5) });
    assert_eq!(sees("stateDiff", slots.clone()).await, 0x52);
    assert_eq!(sees("state", slots).await, 0x50);
    assert_eq!(sees("state", json!({})).await, 0);

    // SELFBALANCE, and the address of a contract that it creates, which is of its nonce.
    let balance = json!({ "code": returning(&[0x47]), "balance": "0x2a" });
    let seen = call(&rig, json!({ TARGET.to_string(): balance }), json!({})).await;
    assert_eq!(seen, U256::from(42));
    let create = returning(&[0x60, 0, 0x60, 0, 0x60, 0, 0xf0]);
    let nonce = json!({ "code": create, "nonce": "0x9" });
    let seen = call(&rig, json!({ TARGET.to_string(): nonce }), json!({})).await;
    assert_eq!(Address::from_word(seen.into()), TARGET.create(9));
}

#[tokio::test]
async fn account_fields_that_contradict_or_do_not_exist_are_refused() {
    let rig = Rig::new().await;
    let refused = |account: Value| refusal(&rig, json!({ TARGET.to_string(): account }), json!({}));
    assert_eq!(
        refused(json!({ "state": {}, "stateDiff": {} })).await,
        format!("account {TARGET} has both 'state' and 'stateDiff'")
    );
    assert_eq!(
        refused(json!({ "movePrecompileToAddress": ALICE })).await,
        format!("account {TARGET}: movePrecompileToAddress is not supported")
    );
    let unknown = refused(json!({ "storage": {} })).await;
    assert!(
        unknown.starts_with("Invalid params: unknown field `storage`"),
        "{unknown}"
    );
}

#[tokio::test]
async fn an_estimate_pays_with_the_balance_it_is_told() {
    let rig = Rig::new().await;
    let call = json!({ "from": ALICE, "to": DEV, "value": "0x1", "gasPrice": "0x5f5e100" });
    let (_, poor) = rig.rpc_error("eth_estimateGas", json!([call])).await;
    assert_eq!(poor, "insufficient funds for transfer");
    let rich = json!({ ALICE.to_string(): { "balance": "0xde0b6b3a7640000" } });
    let gas = rig
        .rpc("eth_estimateGas", json!([call, "latest", rich]))
        .await;
    assert_eq!(gas, "0x5208");
    // The price is compared with the base fee that the call is told.
    let block = json!({ "baseFee": "0x3b9aca00" });
    let dear = json!([{ "from": DEV, "to": ALICE, "gasPrice": "0x77359400" }, "latest", {}, block]);
    assert_eq!(rig.rpc("eth_call", dear).await, "0x");
    let cheap = json!([{ "from": DEV, "to": ALICE, "gasPrice": "0x1" }, "latest", {}, block]);
    assert!(
        rig.rpc_error("eth_call", cheap)
            .await
            .1
            .contains("less than")
    );
}

#[tokio::test]
async fn an_access_list_names_what_is_cold_and_saves_what_it_says() {
    let rig = Rig::new().await;
    // SLOAD(3), then BALANCE of another account and of the sender.
    let mut code = vec![0x60, 3, 0x54, 0x50, 0x73];
    code.extend(ALICE.as_slice());
    code.extend([0x31, 0x50, 0x33, 0x31, 0x50, 0x00]);
    let target = rig.deploy(&code).await;
    let request = json!({ "from": DEV, "to": target });
    let listed = rig.rpc("eth_createAccessList", json!([request])).await;
    let mut expected = vec![
        json!({ "address": target, "storageKeys": [word(3)] }),
        json!({ "address": ALICE, "storageKeys": [] }),
    ];
    expected.sort_by_key(|item| item["address"].as_str().map(str::to_owned));
    assert_eq!(listed["accessList"], json!(expected));
    assert!(listed.get("error").is_none());
    // 21000; two addresses and a slot in the list; everything else warm:
    // PUSH1, SLOAD, POP, PUSH20, BALANCE, POP, CALLER, BALANCE, POP.
    let gas = 21_000 + 2 * 2_400 + 1_900 + 3 + 100 + 2 + 3 + 100 + 2 + 2 + 100 + 2;
    assert_eq!(listed["gasUsed"], json!(format!("{gas:#x}")));
    // Who receives a fee is not accessed.
    let priced = json!({ "from": DEV, "to": target, "gasPrice": "0x3b9aca00" });
    let priced = rig.rpc("eth_createAccessList", json!([priced])).await;
    assert_eq!(priced, listed);

    let failing = rig.deploy(&[0x60, 1, 0x54, 0xfe]).await;
    let request = json!({ "from": DEV, "to": failing });
    let listed = rig.rpc("eth_createAccessList", json!([request])).await;
    assert_eq!(listed["error"], "invalid opcode");
    assert_eq!(listed["accessList"][0]["storageKeys"], json!([word(1)]));
}

#[tokio::test]
async fn fee_history_follows_geths_rules() {
    let rig = Rig::new().await;
    rig.rpc("anvil_mine", json!([5])).await;
    let none = rig
        .rpc("eth_feeHistory", json!(["0x0", "latest", []]))
        .await;
    assert_eq!(none["oldestBlock"], "0x0");
    assert_eq!(none["gasUsedRatio"], json!([]));
    for (count, newest, oldest, len) in [
        (2, "latest", 4, 2),
        (2, "pending", 4, 2),
        (2, "0x3", 2, 2),
        (100, "latest", 0, 6),
        (1, "earliest", 0, 1),
    ] {
        let history = rig
            .rpc("eth_feeHistory", json!([count, newest, [10, 90]]))
            .await;
        assert_eq!(
            history["oldestBlock"],
            json!(format!("{oldest:#x}")),
            "{newest}"
        );
        let lens = ["gasUsedRatio", "reward", "baseFeePerGas"]
            .map(|field| history[field].as_array().unwrap().len());
        assert_eq!(lens, [len, len, len + 1]);
        assert_eq!(history["reward"][0], json!(["0x0", "0x0"]));
    }
    let (_, message) = rig.rpc_error("eth_feeHistory", json!([1, "0x9", []])).await;
    assert_eq!(
        message,
        "invalid params: request beyond head block: requested 9, head 5"
    );
}

#[tokio::test]
async fn headers_are_blocks_without_bodies() {
    let rig = Rig::new().await;
    rig.send(ALICE.into(), vec![], 1).await;
    let by_number = rig.rpc("eth_getHeaderByNumber", json!(["latest"])).await;
    let block = rig.rpc("eth_getBlockByNumber", json!(["0x1", false])).await;
    let by_hash = rig.rpc("eth_getHeaderByHash", json!([block["hash"]])).await;
    assert_eq!(by_number, by_hash);
    assert_eq!(by_number["hash"], block["hash"]);
    assert!(by_number.get("transactions").is_none());
    assert_eq!(
        rig.rpc("eth_getHeaderByNumber", json!(["0x7"])).await,
        Value::Null
    );
}

/// A call in the context of a block sees that block's coinbase and gas limit.
#[tokio::test]
async fn a_call_sees_its_block() {
    let rig = Rig::new().await;
    let accounts = |code: &[u8]| json!({ TARGET.to_string(): { "code": returning(code) } });
    let seen = async |code: &[u8]| call(&rig, accounts(code), Value::Null).await;
    let (coinbase, gas_limit) = ([0x41], [0x45]);
    let before = (seen(&coinbase).await, seen(&gas_limit).await);
    rig.rpc("anvil_setCoinbase", json!([ALICE])).await;
    rig.rpc("evm_setBlockGasLimit", json!(["0x3b9aca00"])).await;
    rig.rpc("anvil_mine", json!([])).await;
    assert_eq!(seen(&coinbase).await, U256::from_be_slice(ALICE.as_slice()));
    assert_eq!(seen(&gas_limit).await, U256::from(1_000_000_000));
    let params = json!([{ "to": TARGET }, "0x0", accounts(&coinbase)]);
    let then: U256 = serde_json::from_value(rig.rpc("eth_call", params).await).unwrap();
    assert_eq!(then, before.0);
    assert_ne!(before.1, U256::from(1_000_000_000));
}
