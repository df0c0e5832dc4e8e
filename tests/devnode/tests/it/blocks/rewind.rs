//! Going back, and other changes to the chain as a whole.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, config::Mining};

use crate::rig::{DEV, Rig};

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);

/// Keeps `msg.sender`'s number of whatever is called for at slot `keccak(address . 3)`: returns what
/// lies there for the address in its first argument, as an ERC-20 token's `balanceOf` does.
const TOKEN: [u8; 18] = [
    0x60, 0x04, 0x35, 0x5f, 0x52, 0x60, 0x03, 0x60, 0x20, 0x52, 0x60, 0x40, 0x5f, 0x20, 0x54, 0x5f,
    0x52, 0x60,
];

fn token() -> Vec<u8> {
    [TOKEN.as_slice(), &[0x20, 0x5f, 0xf3]].concat()
}

async fn pay(rig: &Rig, wei: u64) -> B256 {
    rig.send(ALICE.into(), vec![], wei).await.transaction_hash
}

async fn balance(rig: &Rig) -> U256 {
    rig.client.get_balance(ALICE).await.unwrap()
}

#[tokio::test]
async fn a_reset_chain_is_as_at_the_start() {
    let rig = Rig::new().await;
    let genesis = rig.client.get_block_by_number(0.into()).await.unwrap();
    let before = rig.client.get_balance(DEV).await.unwrap();
    let hash = pay(&rig, 1).await;
    rig.rpc("anvil_setChainId", json!([7])).await;
    rig.rpc("anvil_setCode", json!([ALICE, "0x60"])).await;
    rig.rpc("anvil_impersonateAccount", json!([ALICE])).await;
    let snapshot = rig.rpc("evm_snapshot", json!([])).await;
    assert_eq!(rig.rpc("hardhat_reset", json!([])).await, json!(true));
    assert_eq!(rig.client.get_block_number().await.unwrap(), 0);
    assert_eq!(
        rig.client.get_block_by_number(0.into()).await.unwrap(),
        genesis
    );
    assert_eq!(rig.client.get_balance(DEV).await.unwrap(), before);
    assert_eq!(rig.rpc("eth_chainId", json!([])).await, json!("0x64aba"));
    assert!(rig.client.get_code_at(ALICE).await.unwrap().is_empty());
    assert_eq!(rig.rpc("evm_revert", json!([snapshot])).await, json!(false));
    let gone = rig.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(gone, Value::Null);
    let (_, message) = rig
        .rpc_error("eth_sendTransaction", json!([{ "from": ALICE }]))
        .await;
    assert_eq!(message, "unknown account");
    for (forking, reason) in [
        (json!({ "blockNumber": 3 }), "forking.jsonRpcUrl is missing"),
        (json!({ "jsonRpcUrl": "ftp://there" }), "not ftp:"),
    ] {
        let (code, message) = rig
            .rpc_error("anvil_reset", json!([{ "forking": forking }]))
            .await;
        assert!(code == -32602 && message.contains(reason), "{message}");
    }
    assert_eq!(rig.client.get_block_number().await.unwrap(), 0);
}

#[tokio::test]
async fn blocks_can_be_taken_back() {
    let rig = Rig::new().await;
    pay(&rig, 1).await;
    let early = rig.rpc("evm_snapshot", json!([])).await;
    pay(&rig, 2).await;
    let late = rig.rpc("evm_snapshot", json!([])).await;
    pay(&rig, 4).await;
    rig.rpc("anvil_rollback", json!([2])).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), 1);
    assert_eq!(balance(&rig).await, U256::ONE);
    assert_eq!(rig.rpc("evm_revert", json!([late])).await, json!(false));
    assert_eq!(rig.rpc("evm_revert", json!([early])).await, json!(true));
    rig.rpc("anvil_rollback", json!([])).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), 0);
    let (_, message) = rig.rpc_error("anvil_rollback", json!([1])).await;
    assert_eq!(
        message,
        "cannot go back 1 blocks: the chain has 0 after its first"
    );
}

#[tokio::test]
async fn blocks_can_be_replaced_by_others() {
    let rig = Rig::new().await;
    pay(&rig, 1).await;
    pay(&rig, 2).await;
    pay(&rig, 4).await;
    let hash = |number: u64| {
        let client = rig.client.clone();
        async move {
            let block = client.get_block_by_number(number.into()).await;
            block.unwrap().unwrap().header.hash
        }
    };
    let (kept, old) = (hash(1).await, [hash(2).await, hash(3).await]);
    let other = json!({ "from": DEV, "to": ALICE, "value": "0x10" });
    rig.rpc("anvil_reorg", json!([2, [[other, 1]]])).await;
    assert_eq!(rig.client.get_block_number().await.unwrap(), 3);
    assert_eq!(hash(1).await, kept);
    assert!(hash(2).await != old[0] && hash(3).await != old[1]);
    assert_eq!(balance(&rig).await, U256::from(17));
    let counts = rig.rpc("eth_getBlockTransactionCountByNumber", json!(["0x3"]));
    assert_eq!(counts.await, json!("0x1"));
}

#[tokio::test]
async fn fees_and_identity_can_be_set() {
    let rig = Rig::new().await;
    rig.rpc("anvil_setNextBlockBaseFeePerGas", json!(["0x5"]))
        .await;
    assert_eq!(rig.client.get_gas_price().await.unwrap(), 5);
    rig.rpc("hardhat_setMinGasPrice", json!([1_000])).await;
    assert_eq!(rig.client.get_gas_price().await.unwrap(), 1_000);
    rig.rpc("anvil_setCoinbase", json!([ALICE])).await;
    let receipt = rig.send(ALICE.into(), vec![], 0).await;
    assert_eq!(receipt.effective_gas_price, 1_000);
    let block = rig
        .client
        .get_block_by_number(1.into())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(block.header.beneficiary, ALICE);
    rig.rpc("anvil_addBalance", json!([ALICE, "0x5"])).await;
    rig.rpc("anvil_addBalance", json!([ALICE, "0x6"])).await;
    assert_eq!(balance(&rig).await, U256::from(11));
    rig.rpc("evm_setAccountNonce", json!([ALICE, "0x9"])).await;
    assert_eq!(rig.client.get_transaction_count(ALICE).await.unwrap(), 9);

    let info = rig.rpc("anvil_nodeInfo", json!([])).await;
    assert_eq!(info["currentBlockNumber"], json!("0x1"));
    assert_eq!(info["environment"]["chainId"], json!(412_346));
    let id = rig.rpc("evm_snapshot", json!([])).await;
    let metadata = rig.rpc("hardhat_metadata", json!([])).await;
    assert_eq!(metadata["latestBlockNumber"], json!(1));
    assert_eq!(metadata["snapshots"][id.as_str().unwrap()][0], json!(1));
    assert_eq!(
        rig.rpc("anvil_setLoggingEnabled", json!([true])).await,
        json!(true)
    );

    // A snapshot brings settings back too.
    rig.rpc("anvil_setChainId", json!(["0x1"])).await;
    assert_eq!(rig.rpc("eth_chainId", json!([])).await, json!("0x1"));
    rig.rpc("evm_revert", json!([id])).await;
    assert_eq!(rig.rpc("eth_chainId", json!([])).await, json!("0x64aba"));
}

#[tokio::test]
async fn tokens_can_be_given_out() {
    let rig = Rig::new().await;
    let token = rig.deploy(&token()).await;
    rig.rpc("anvil_dealERC20", json!([ALICE, token, "0x1234"]))
        .await;
    let call = |owner: Address| {
        let data = [&[0x70, 0xa0, 0x82, 0x31], owner.into_word().as_slice()].concat();
        rig.view(token, Bytes::from(data))
    };
    assert_eq!(U256::from_be_slice(&call(ALICE).await), U256::from(0x1234));
    assert_eq!(U256::from_be_slice(&call(DEV).await), U256::ZERO);
    // Its allowance is, by its simple ways, the balance of the owner.
    rig.rpc("anvil_setERC20Allowance", json!([DEV, ALICE, token, "0x7"]))
        .await;
    assert_eq!(U256::from_be_slice(&call(DEV).await), U256::from(7));
    let constant = rig
        .deploy(&[0x60, 0x05, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3])
        .await;
    let (_, message) = rig
        .rpc_error("anvil_dealERC20", json!([ALICE, constant, "0x1"]))
        .await;
    assert_eq!(
        message,
        format!("no storage slot of {constant} holds the value as it is, so it cannot be set")
    );
}

/// A dump belongs to the chain id that the node was started with, whatever the id is now.
#[tokio::test]
async fn a_dump_of_a_renamed_chain_can_be_loaded() {
    let rig = Rig::new().await;
    rig.rpc("anvil_setChainId", json!([5])).await;
    let dump = rig.rpc("anvil_dumpState", json!([])).await;
    let other = Rig::new().await;
    assert_eq!(
        other.rpc("anvil_loadState", json!([dump])).await,
        json!(true)
    );
    assert_eq!(other.rpc("eth_chainId", json!([])).await, json!("0x5"));
}

/// Positions of the undo log come again; a pending block of another state must not.
#[tokio::test]
async fn after_going_back_the_pending_block_is_another() {
    let config = Config {
        mining: Mining::Manual,
        ..Config::default()
    };
    let rig = Rig::with(config).await;
    let balance = async |block: &str| -> U256 {
        let balance = rig.rpc("eth_getBalance", json!([BOB, block])).await;
        serde_json::from_value(balance).unwrap()
    };
    let payment = json!([{ "from": DEV, "to": BOB, "value": "0x1", "gas": "0x5208" }]);
    rig.rpc("eth_sendTransaction", payment).await;
    let time = json!([4_000_000_000_u64]);
    rig.rpc("evm_setNextBlockTimestamp", time).await;
    let snapshot = rig.rpc("evm_snapshot", json!([])).await;
    rig.rpc("anvil_setBalance", json!([BOB, "0x64"])).await;
    assert_eq!(balance("pending").await, U256::from(101));
    rig.rpc("evm_revert", json!([snapshot])).await;
    rig.rpc("anvil_setBalance", json!([BOB, "0x1f4"])).await;
    assert_eq!(balance("pending").await, U256::from(501));
    rig.rpc("evm_mine", json!([])).await;
    assert_eq!(balance("latest").await, U256::from(501));
}
