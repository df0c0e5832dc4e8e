//! What goes wrong, in geth's and Nitro's words, and what must not break the node.

use alloy::{
    network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::rig::{DEV, KEY, Rig};

fn transfer() -> TransactionRequest {
    TransactionRequest::default()
        .with_to(Address::ZERO)
        .with_nonce(0)
        .with_gas_limit(21_000)
        .with_max_fee_per_gas(1_000_000_000)
        .with_max_priority_fee_per_gas(0)
        .with_chain_id(stylus_devnode::CHAIN_ID)
}

async fn refusal(rig: &Rig, tx: TransactionRequest) -> String {
    let signer: PrivateKeySigner = KEY.parse().unwrap();
    let tx = tx.build(&EthereumWallet::from(signer)).await.unwrap();
    let raw = Bytes::from(alloy::eips::eip2718::Encodable2718::encoded_2718(&tx));
    let (code, message) = rig.rpc_error("eth_sendRawTransaction", json!([raw])).await;
    assert_eq!(code, -32000, "{message}");
    message
}

#[tokio::test]
async fn transactions_are_refused_by_reason() {
    let rig = Rig::new().await;
    rig.send(Address::ZERO.into(), vec![], 0).await;
    let next = || transfer().with_nonce(1);
    let cases = [
        (
            transfer(),
            format!("nonce too low: address {DEV}, tx: 0 state: 1"),
        ),
        (
            transfer().with_nonce(9),
            format!("nonce too high: address {DEV}, tx: 9 state: 1"),
        ),
        (
            next().with_max_fee_per_gas(7),
            format!(
                "max fee per gas less than block base fee: address {DEV}, maxFeePerGas: 7, baseFee: 100000000"
            ),
        ),
        (
            next().with_gas_limit(20_999),
            "intrinsic gas too low: have 20999, want 21000".into(),
        ),
        (
            next().with_chain_id(1),
            "invalid chain id for signer: have 1 want 412346".into(),
        ),
    ];
    for (tx, message) in cases {
        assert_eq!(refusal(&rig, tx).await, message);
    }
    let poor = refusal(&rig, next().with_value(U256::MAX)).await;
    assert!(
        poor.starts_with("insufficient funds for gas * price + value: address"),
        "{poor}"
    );
    let huge = next()
        .with_input(vec![0; 49_153])
        .with_gas_limit(5_000_000)
        .into_create();
    let message = refusal(&rig, huge).await;
    assert_eq!(
        message,
        "max initcode size exceeded: code size 49153 limit 49152"
    );
    // None of them changed anything.
    assert_eq!(rig.client.get_block_number().await.unwrap(), 1);
}

/// Calls and estimates have the words of transactions, by which clients know the mistake.
#[tokio::test]
async fn calls_that_offer_too_little_say_so() {
    let rig = Rig::new().await;
    let call = json!([{ "from": DEV, "to": DEV, "maxFeePerGas": "0x7" }]);
    for method in ["eth_call", "eth_estimateGas"] {
        let (_, message) = rig.rpc_error(method, call.clone()).await;
        let words = "max fee per gas less than block base fee: address";
        assert_eq!(
            message,
            format!("{words} {DEV}, maxFeePerGas: 7"),
            "{method}"
        );
    }
}

/// In the message, since many clients show nothing else.
#[tokio::test]
async fn wrong_params_are_told_apart() {
    let rig = Rig::new().await;
    for (method, params, reason) in [
        ("eth_getBalance", json!([]), "too few of them"),
        ("eth_getBalance", json!(["0x12"]), "invalid string length"),
        ("eth_getBalance", json!([DEV, "newest"]), "at line 1"),
        ("eth_call", json!([{ "data": "0x1" }]), "valid hex string"),
    ] {
        let (code, message) = rig.rpc_error(method, params).await;
        assert_eq!(code, -32602);
        assert!(
            message.starts_with("Invalid params: ") && message.contains(reason),
            "{message}"
        );
    }
}

#[tokio::test]
async fn reverts_have_code_3_reason_and_data() {
    let rig = Rig::new().await;
    // Reverts with its input.
    let parrot = rig
        .deploy(&[0x36, 0x60, 0, 0x60, 0, 0x37, 0x36, 0x60, 0, 0xfd])
        .await;
    let reason = alloy::sol_types::Revert::from("too late");
    let data = Bytes::from(alloy::sol_types::SolError::abi_encode(&reason));
    for method in ["eth_call", "eth_estimateGas"] {
        let call = json!([{ "to": parrot, "input": data }]);
        let result: Result<Value, _> = rig.client.raw_request(method.into(), call).await;
        let error = result.unwrap_err().as_error_resp().unwrap().clone();
        assert_eq!(
            (error.code, &*error.message),
            (3, "execution reverted: too late")
        );
        assert_eq!(error.as_revert_data().unwrap(), data);
    }
    let panic =
        alloy::hex!("4e487b710000000000000000000000000000000000000000000000000000000000000011");
    let (message, _) = rig.try_view(parrot, panic.to_vec()).await.unwrap_err();
    assert!(
        message.starts_with("execution reverted: ") && message.ends_with("(0x11)"),
        "{message}"
    );
}

#[tokio::test]
async fn estimates_that_cannot_succeed_say_so() {
    let rig = Rig::new().await;
    let endless = rig.deploy(&[0x5b, 0x60, 0x00, 0x56]).await;
    let call = json!([{ "to": endless, "gas": "0x100000" }]);
    let (code, message) = rig.rpc_error("eth_estimateGas", call).await;
    assert_eq!(
        (code, message.as_str()),
        (-32000, "gas required exceeds allowance (1048576)")
    );
    let call = json!([{ "from": Address::repeat_byte(5), "to": DEV, "value": "0x1" }]);
    let (_, message) = rig.rpc_error("eth_estimateGas", call).await;
    assert!(message.contains("insufficient funds"), "{message}");
}

#[tokio::test]
async fn requests_are_refused_by_json_rpc_codes() {
    let rig = Rig::new().await;
    assert_eq!(rig.rpc_error("eth_fooBar", json!([])).await.0, -32601);
    for (method, params) in [
        ("eth_getBalance", json!([])),
        ("eth_getBalance", json!(["0x12"])),
        ("eth_call", json!(["what"])),
        ("eth_sendRawTransaction", json!(["0xc0"])),
        ("evm_increaseTime", json!([{}])),
        ("eth_getStorageAt", json!([DEV, "nonsense"])),
    ] {
        let (code, message) = rig.rpc_error(method, params).await;
        assert_eq!(code, -32602, "{method}: {message}");
    }
    let (code, message) = rig.rpc_error("eth_getBalance", json!([DEV, "0x99"])).await;
    assert_eq!((code, message.as_str()), (-32000, "header not found"));
    let call = json!([{ "from": Address::repeat_byte(1), "to": DEV, "gas": "0x5208" }]);
    let (_, message) = rig.rpc_error("eth_sendTransaction", call).await;
    assert_eq!(message, "unknown account");
}

#[tokio::test]
async fn malformed_json_is_answered_and_survived() {
    let rig = Rig::new().await;
    for body in ["{", "", "[]", "\u{0}", "[1,2]", "{\"jsonrpc\":\"2.0\"}"] {
        let mut stream = TcpStream::connect(rig.node.address()).await.unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let json = answer.split("\r\n\r\n").nth(1).unwrap();
        let json: Value = serde_json::from_str(json).unwrap_or_else(|_| panic!("{answer}"));
        let error = json.get(0).unwrap_or(&json);
        let code = error["error"]["code"].as_i64().unwrap();
        assert!([-32700, -32600].contains(&code), "{body:?}: {json}");
    }
    assert_eq!(rig.client.get_block_number().await.unwrap(), 0);
}

/// geth's limits; the first one bounds the answer's size.
#[tokio::test]
async fn fee_history_takes_sane_percentiles_only() {
    let rig = Rig::new().await;
    let ask = |percentiles: Value| json!(["0x1", "latest", percentiles]);
    for (percentiles, reason) in [
        (json!(vec![1; 101]), "more than 100 reward percentiles"),
        (json!([-1]), "reward percentile -1 is not in 0..=100"),
        (
            json!([50, 100.5]),
            "reward percentile 100.5 is not in 0..=100",
        ),
        (json!([50, 50]), "reward percentiles are not ascending"),
    ] {
        let (code, message) = rig.rpc_error("eth_feeHistory", ask(percentiles)).await;
        assert_eq!(
            (code, message),
            (-32602, format!("invalid params: {reason}"))
        );
    }
    let most: Vec<_> = (1..=100).collect();
    for (percentiles, len) in [(json!(most), 100), (json!([0, 50.5, 100]), 3)] {
        let history = rig.rpc("eth_feeHistory", ask(percentiles)).await;
        assert_eq!(history["reward"][0].as_array().unwrap().len(), len);
    }
}

/// EIP-2681: an account whose nonce is the largest sends nothing, and asking for its next one ends.
#[tokio::test]
async fn the_largest_nonce_is_not_used() {
    let rig = Rig::new().await;
    rig.rpc("evm_setAutomine", json!([false])).await;
    let most = "0xffffffffffffffff";
    rig.rpc("anvil_setNonce", json!([DEV, most])).await;
    let tx = json!([{ "from": DEV, "to": DEV, "gas": "0x5208" }]);
    let (_, message) = rig.rpc_error("eth_sendTransaction", tx).await;
    assert!(message.starts_with("nonce has max value"), "{message}");
    let nonce = rig
        .rpc("eth_getTransactionCount", json!([DEV, "pending"]))
        .await;
    assert_eq!(nonce, json!(most));
    rig.rpc("anvil_setNonce", json!([DEV, "0xfffffffffffffffe"]))
        .await;
    let tx = json!([{ "from": DEV, "to": DEV, "gas": "0x5208" }]);
    rig.rpc("eth_sendTransaction", tx).await;
    let nonce = rig
        .rpc("eth_getTransactionCount", json!([DEV, "pending"]))
        .await;
    assert_eq!(nonce, json!(most));
}
