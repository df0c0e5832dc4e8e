//! Methods of test nodes under every name in use: each does the same, and does it.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
};
use serde_json::{Value, json};

use crate::rig::Rig;

const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);
const TOKEN: Address = Address::repeat_byte(0x70);

/// {s} A time that no clock has reached.
const START: u64 = 4_000_000_000;

/// Stands for the method whose names are tried.
const IT: &str = "";

/// What must come of a request.
enum Then {
    Whatever,
    Is(Value),
    /// A part of the answer, by its pointer.
    Has(&'static str, Value),
    Fails(&'static str),
}
use Then::{Fails, Has, Is, Whatever};

type Step = (&'static str, Value, Then);

/// Takes the same steps on a fresh chain for each name. Blocks are a second apart, from block 1 at
/// [`START`] on.
async fn try_names(names: &[&'static str], steps: Vec<Step>) {
    for name in names {
        let rig = Rig::new().await;
        rig.rpc("evm_mine", json!([START])).await;
        rig.rpc("anvil_setBlockTimestampInterval", json!([1])).await;
        for (number, (method, params, then)) in steps.iter().enumerate() {
            let method = if *method == IT { name } else { method };
            let place = format!("{name}, step {number}");
            if let Fails(reason) = then {
                let (_, message) = rig.rpc_error(method, params.clone()).await;
                assert!(message.contains(reason), "{place}: {message}");
                continue;
            }
            let answer = rig.rpc(method, params.clone()).await;
            match then {
                Is(expected) => assert_eq!(&answer, expected, "{place}"),
                Has(pointer, expected) => {
                    assert_eq!(answer.pointer(pointer), Some(expected), "{place}");
                }
                Whatever | Fails(_) => {}
            }
        }
    }
}

fn mine() -> Step {
    ("evm_mine", json!([]), Whatever)
}

fn number(expected: u64) -> Step {
    let expected = json!(U256::from(expected));
    ("eth_blockNumber", json!([]), Is(expected))
}

/// A field of the last block.
fn last(pointer: &'static str, expected: Value) -> Step {
    let latest = json!(["latest", false]);
    ("eth_getBlockByNumber", latest, Has(pointer, expected))
}

fn last_time(expected: u64) -> Step {
    last("/timestamp", json!(U256::from(expected)))
}

/// Alice, who has no key here, pays Bob.
fn alice_pays(then: Then) -> Step {
    let payment = json!([{ "from": ALICE, "to": BOB, "value": "0x5", "gas": "0x5208" }]);
    ("eth_sendTransaction", payment, then)
}

fn alice_has_ether() -> Step {
    let ether = json!([ALICE, "0xde0b6b3a7640000"]);
    ("anvil_setBalance", ether, Is(Value::Null))
}

fn bob_has(wei: &str) -> Step {
    let balance = json!([BOB, "latest"]);
    ("eth_getBalance", balance, Is(json!(wei)))
}

/// The start of the input of a view method.
fn input(signature: &str, arguments: &[Address]) -> Bytes {
    let mut input = keccak256(signature)[..4].to_vec();
    for argument in arguments {
        input.extend(argument.into_word());
    }
    input.into()
}

fn view(to: Address, input: &Bytes, expected: u64) -> Step {
    let word = json!(B256::from(U256::from(expected)));
    let call = json!([{ "to": to, "input": input }, "latest"]);
    ("eth_call", call, Is(word))
}

#[tokio::test]
async fn snapshots() {
    let taken = |method| (method, json!([]), Is(json!("0x1")));
    try_names(
        &["evm_snapshot", "anvil_snapshot"],
        vec![
            taken(IT),
            mine(),
            ("evm_revert", json!(["0x1"]), Is(json!(true))),
            number(1),
        ],
    )
    .await;
    try_names(
        &["evm_revert", "anvil_revert"],
        vec![
            taken("evm_snapshot"),
            mine(),
            (IT, json!(["0x1"]), Is(json!(true))),
            number(1),
            (IT, json!(["0x1"]), Is(json!(false))),
        ],
    )
    .await;
}

#[tokio::test]
async fn time() {
    try_names(
        &["evm_increaseTime", "anvil_increaseTime"],
        vec![
            (IT, json!([900]), Whatever),
            mine(),
            last_time(START + 901),
            mine(),
            last_time(START + 902),
        ],
    )
    .await;
    try_names(
        &["evm_setNextBlockTimestamp", "anvil_setNextBlockTimestamp"],
        vec![
            (IT, json!([START - 1]), Fails("lower than the last block's")),
            (IT, json!([START + 70]), Whatever),
            mine(),
            last_time(START + 70),
        ],
    )
    .await;
    try_names(
        &["evm_setTime", "anvil_setTime"],
        vec![
            (IT, json!([START + 80]), Whatever),
            mine(),
            last_time(START + 80),
        ],
    )
    .await;
}

#[tokio::test]
async fn mining() {
    try_names(
        &["anvil_mine", "hardhat_mine"],
        vec![
            (IT, json!(["0x3", "0x64"]), Is(Value::Null)),
            number(4),
            last_time(START + 203),
            (IT, json!([]), Is(Value::Null)),
            number(5),
        ],
    )
    .await;
    try_names(
        &["evm_mine_detailed", "anvil_mine_detailed"],
        vec![
            (
                IT,
                json!([{ "timestamp": START + 9, "blocks": 2 }]),
                Has("/1/number", json!("0x3")),
            ),
            last_time(START + 10),
            number(3),
        ],
    )
    .await;
    let is_automatic = |answer: bool| ("anvil_getAutomine", json!([]), Is(json!(answer)));
    let interval = |answer| ("anvil_getIntervalMining", json!([]), Is(answer));
    try_names(
        &["evm_setAutomine", "anvil_setAutomine"],
        vec![
            alice_has_ether(),
            ("anvil_impersonateAccount", json!([ALICE]), Whatever),
            (IT, json!([false]), Whatever),
            is_automatic(false),
            alice_pays(Whatever),
            number(1),
            (IT, json!([true]), Whatever),
            is_automatic(true),
            number(2),
            bob_has("0x5"),
        ],
    )
    .await;
    try_names(
        &["anvil_getAutomine", "hardhat_getAutomine"],
        vec![
            (IT, json!([]), Is(json!(true))),
            ("evm_setAutomine", json!([false]), Whatever),
            (IT, json!([]), Is(json!(false))),
        ],
    )
    .await;
    try_names(
        &["evm_setIntervalMining", "anvil_setIntervalMining"],
        vec![
            interval(Value::Null),
            (IT, json!([3_600]), Whatever),
            interval(json!(3_600)),
            is_automatic(false),
            (IT, json!([0]), Whatever),
            interval(Value::Null),
        ],
    )
    .await;
    try_names(
        &["evm_setBlockGasLimit", "anvil_setBlockGasLimit"],
        vec![
            (IT, json!(["0x1c9c380"]), Is(json!(true))),
            mine(),
            last("/gasLimit", json!("0x1c9c380")),
        ],
    )
    .await;
}

#[tokio::test]
async fn accounts() {
    let of_alice = |method, expected: &str| (method, json!([ALICE, "latest"]), Is(json!(expected)));
    try_names(
        &[
            "anvil_setBalance",
            "hardhat_setBalance",
            "tenderly_setBalance",
        ],
        vec![
            (IT, json!([ALICE, "0x64"]), Whatever),
            of_alice("eth_getBalance", "0x64"),
        ],
    )
    .await;
    try_names(
        &[
            "anvil_addBalance",
            "hardhat_addBalance",
            "tenderly_addBalance",
        ],
        vec![
            ("anvil_setBalance", json!([ALICE, "0x64"]), Whatever),
            (IT, json!([ALICE, "0x7"]), Whatever),
            of_alice("eth_getBalance", "0x6b"),
        ],
    )
    .await;
    try_names(
        &["anvil_setCode", "hardhat_setCode"],
        vec![
            (IT, json!([ALICE, "0x6001"]), Whatever),
            of_alice("eth_getCode", "0x6001"),
            (IT, json!([ALICE, "0x"]), Whatever),
            of_alice("eth_getCode", "0x"),
        ],
    )
    .await;
    let word = json!(B256::repeat_byte(9));
    try_names(
        &["anvil_setStorageAt", "hardhat_setStorageAt"],
        vec![
            (IT, json!([ALICE, "0x1", word]), Is(json!(true))),
            (
                "eth_getStorageAt",
                json!([ALICE, "0x1", "latest"]),
                Is(word.clone()),
            ),
        ],
    )
    .await;
    try_names(
        &["anvil_setNonce", "hardhat_setNonce", "evm_setAccountNonce"],
        vec![
            (IT, json!([ALICE, "0x7"]), Whatever),
            of_alice("eth_getTransactionCount", "0x7"),
        ],
    )
    .await;
}

#[tokio::test]
async fn impersonation() {
    try_names(
        &["anvil_impersonateAccount", "hardhat_impersonateAccount"],
        vec![
            alice_has_ether(),
            alice_pays(Fails("unknown account")),
            (IT, json!([ALICE]), Whatever),
            alice_pays(Whatever),
            bob_has("0x5"),
        ],
    )
    .await;
    try_names(
        &[
            "anvil_stopImpersonatingAccount",
            "hardhat_stopImpersonatingAccount",
        ],
        vec![
            alice_has_ether(),
            ("anvil_impersonateAccount", json!([ALICE]), Whatever),
            alice_pays(Whatever),
            (IT, json!([ALICE]), Whatever),
            alice_pays(Fails("unknown account")),
            bob_has("0x5"),
        ],
    )
    .await;
    try_names(
        &[
            "anvil_autoImpersonateAccount",
            "hardhat_autoImpersonateAccount",
        ],
        vec![
            alice_has_ether(),
            (IT, json!([true]), Whatever),
            alice_pays(Whatever),
            (IT, json!([false]), Whatever),
            alice_pays(Fails("unknown account")),
            bob_has("0x5"),
        ],
    )
    .await;
}

/// A token whose balances and allowances lie at the addresses' own numbers, combined by XOR.
#[tokio::test]
async fn tokens() {
    let code = json!([TOKEN, "0x60043560243518545f5260205ff3"]);
    let balance = input("balanceOf(address)", &[ALICE]);
    let allowance = input("allowance(address,address)", &[ALICE, BOB]);
    try_names(
        &["anvil_dealERC20", "anvil_dealErc20"],
        vec![
            ("anvil_setCode", code.clone(), Whatever),
            (IT, json!([ALICE, TOKEN, "0x64"]), Whatever),
            view(TOKEN, &balance, 100),
            view(TOKEN, &allowance, 0),
        ],
    )
    .await;
    try_names(
        &["anvil_setERC20Allowance", "anvil_setErc20Allowance"],
        vec![
            ("anvil_setCode", code, Whatever),
            (IT, json!([ALICE, BOB, TOKEN, "0x65"]), Whatever),
            view(TOKEN, &allowance, 101),
            view(TOKEN, &balance, 0),
        ],
    )
    .await;
}

#[tokio::test]
async fn settings_of_the_chain() {
    try_names(
        &["anvil_setCoinbase", "hardhat_setCoinbase"],
        vec![
            (IT, json!([ALICE]), Whatever),
            ("eth_coinbase", json!([]), Is(json!(ALICE))),
            mine(),
            last("/miner", json!(ALICE)),
        ],
    )
    .await;
    try_names(
        &[
            "anvil_setNextBlockBaseFeePerGas",
            "hardhat_setNextBlockBaseFeePerGas",
        ],
        vec![
            (IT, json!(["0x77359400"]), Whatever),
            mine(),
            last("/baseFeePerGas", json!("0x77359400")),
        ],
    )
    .await;
    let least = input("getMinimumGasPrice()", &[]);
    try_names(
        &["anvil_setMinGasPrice", "hardhat_setMinGasPrice"],
        vec![
            (IT, json!(["0x3b9aca00"]), Whatever),
            view(Address::with_last_byte(0x6c), &least, 1_000_000_000),
        ],
    )
    .await;
    // What it switches: `program::log`.
    try_names(
        &["anvil_setLoggingEnabled", "hardhat_setLoggingEnabled"],
        vec![
            (IT, json!([true]), Is(json!(true))),
            (IT, json!(["loud"]), Fails("")),
        ],
    )
    .await;
    try_names(
        &["anvil_metadata", "hardhat_metadata"],
        vec![
            ("evm_snapshot", json!([]), Whatever),
            mine(),
            (IT, json!([]), Has("/latestBlockNumber", json!(2))),
            (IT, json!([]), Has("/snapshots/0x1/0", json!(1))),
            (IT, json!([]), Has("/chainId", json!(412_346))),
        ],
    )
    .await;
    try_names(
        &["anvil_reset", "hardhat_reset"],
        vec![
            ("anvil_setBalance", json!([BOB, "0x1"]), Whatever),
            (IT, json!([]), Is(json!(true))),
            number(0),
            bob_has("0x0"),
        ],
    )
    .await;
}

#[tokio::test]
async fn dumps() {
    for (dump, load) in [
        ("anvil_dumpState", "hardhat_loadState"),
        ("hardhat_dumpState", "anvil_loadState"),
    ] {
        let (from, to) = (Rig::new().await, Rig::new().await);
        from.send(ALICE.into(), vec![], 17).await;
        let state = from.rpc(dump, json!([])).await;
        assert_eq!(to.rpc(load, json!([state])).await, json!(true));
        assert_eq!(to.client.get_balance(ALICE).await.unwrap(), U256::from(17));
        assert_eq!(to.client.get_block_number().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn accounts_and_the_network_are_told_under_every_name() {
    let accounts = ["eth_accounts", "eth_requestAccounts"];
    let expected = json!(stylus_devnode::config::Wallet::default().accounts);
    try_names(&accounts, vec![(IT, json!([]), Is(expected))]).await;
    let networks = ["net_version", "eth_networkId"];
    try_names(&networks, vec![(IT, json!([]), Is(json!("412346")))]).await;
}

#[tokio::test]
async fn the_pool_is_emptied_under_every_name() {
    let names = ["anvil_dropAllTransactions", "hardhat_dropAllTransactions"];
    let send = json!([{ "from": crate::rig::DEV, "to": ALICE, "gas": "0x5208" }]);
    let steps = vec![
        ("evm_setAutomine", json!([false]), Whatever),
        ("eth_sendTransaction", send, Whatever),
        ("txpool_status", json!([]), Has("/pending", json!("0x1"))),
        (IT, json!([]), Whatever),
        ("txpool_status", json!([]), Has("/pending", json!("0x0"))),
    ];
    try_names(&names, steps).await;
}
