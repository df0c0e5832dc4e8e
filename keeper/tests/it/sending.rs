//! One transaction through every kind of weather.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolError;
use gimbal_abi::IVault;
use gimbal_keeper::Error;
use gimbal_keeper::rpc::{Chain, Timeouts};
use gimbal_keeper::send::{Action, SendPolicy, Sender};
use serde_json::{Value, json};

use crate::node::{Node, Reply};
use crate::world::{CHAIN, KEY};

fn sender(node: &Node) -> Sender {
    let timeouts = Timeouts {
        read: Duration::from_secs(2),
        send: Duration::from_millis(200),
    };
    let chain = Chain::connect_with(&node.url, timeouts).unwrap();
    let signer: PrivateKeySigner = KEY.parse().unwrap();
    let policy = SendPolicy {
        receipt: Duration::from_millis(600),
        poll: Duration::from_millis(5),
        ..SendPolicy::default()
    };
    Sender::new(chain, signer, policy)
}

fn action() -> Action {
    Action {
        name: "probe".into(),
        to: Address::repeat_byte(1),
        input: Bytes::new(),
        value: U256::ZERO,
    }
}

/// A healthy chain around the two scripted methods; `sends` and `looks` are told how often they were asked before.
fn node(
    sends: impl Fn(usize, B256) -> Reply + Send + Sync + 'static,
    looks: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static,
) -> Node {
    let (sent, looked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Node::spawn(move |method, params| match method {
        "eth_chainId" => Reply::Ok(json!(format!("{CHAIN:#x}"))),
        "eth_call" => Reply::Ok(json!("0x")),
        "eth_estimateGas" => Reply::Ok(json!("0x5208")),
        "eth_getTransactionCount" => Reply::Ok(json!("0x5")),
        "eth_getBlockByNumber" => Reply::Ok(json!({
            "number": "0x1", "hash": B256::ZERO, "timestamp": "0x1", "baseFeePerGas": "0x5f5e100",
        })),
        "eth_sendRawTransaction" => {
            let raw: Bytes = params[0].as_str().unwrap().parse().unwrap();
            sends(sent.fetch_add(1, Ordering::SeqCst), keccak256(raw))
        }
        "eth_getTransactionReceipt" => looks(looked.fetch_add(1, Ordering::SeqCst), &params[0]),
        _ => Reply::error(-32_601, "no such method"),
    })
}

fn receipt(status: &str) -> Reply {
    Reply::Ok(json!({ "status": status, "blockNumber": "0x2", "gasUsed": "0x5208", "logs": [] }))
}

fn landed(_: usize, _: &Value) -> Reply {
    receipt("0x1")
}

fn accepted(_: usize, hash: B256) -> Reply {
    Reply::Ok(json!(hash))
}

#[tokio::test]
async fn a_receipt_is_polled_for_by_hash() {
    let node = node(accepted, |n, _| {
        if n < 4 {
            Reply::Ok(Value::Null)
        } else {
            receipt("0x1")
        }
    });
    let receipt = sender(&node).send(&action()).await.unwrap();
    assert_eq!((receipt.block, receipt.gas_used), (2, 21_000));
    assert_eq!(node.count("eth_sendRawTransaction"), 1);
    assert_eq!(node.count("eth_getTransactionReceipt"), 5);
}

#[tokio::test]
async fn a_failed_look_is_not_an_answer() {
    let node = node(accepted, |n, _| match n {
        0 => Reply::Close,
        1 => Reply::error(-32_000, "busy"),
        2 => Reply::Raw("nonsense"),
        _ => receipt("0x1"),
    });
    sender(&node).send(&action()).await.unwrap();
    assert_eq!(node.count("eth_sendRawTransaction"), 1);
}

#[tokio::test]
async fn a_send_without_an_answer_is_repeated_with_the_same_bytes() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let hashes = std::sync::Arc::clone(&seen);
    let node = node(
        move |n, hash| {
            hashes.lock().unwrap().push(hash);
            match n {
                0 => Reply::Hang(Duration::from_secs(2)),
                1 => Reply::Close,
                2 => Reply::error(-32_000, "context deadline exceeded"),
                _ => Reply::Ok(json!(hash)),
            }
        },
        |n, _| {
            if n < 3 {
                Reply::Ok(Value::Null)
            } else {
                receipt("0x1")
            }
        },
    );
    sender(&node).send(&action()).await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(seen.len() >= 4, "{}", seen.len());
    assert!(seen.iter().all(|hash| *hash == seen[0]));
}

#[tokio::test]
async fn a_transaction_that_is_already_in_is_found() {
    for words in ["nonce too low", "already known"] {
        let node = node(move |_, _| Reply::error(-32_000, words), landed);
        sender(&node).send(&action()).await.unwrap();
        assert_eq!(node.count("eth_sendRawTransaction"), 1);
    }
}

#[tokio::test]
async fn an_outdated_nonce_or_fee_is_signed_again_but_not_for_ever() {
    let recovering = node(
        |n, hash| {
            if n == 0 {
                Reply::error(-32_000, "nonce too high")
            } else {
                Reply::Ok(json!(hash))
            }
        },
        landed,
    );
    sender(&recovering).send(&action()).await.unwrap();
    assert_eq!(recovering.count("eth_getTransactionCount"), 2);

    let stuck = node(
        |_, _| Reply::error(-32_000, "max fee per gas less than block base fee"),
        landed,
    );
    assert!(matches!(
        sender(&stuck).send(&action()).await,
        Err(Error::Rpc(_))
    ));
    assert_eq!(stuck.count("eth_sendRawTransaction"), 3);
}

#[tokio::test]
async fn failures_have_their_names() {
    let poor = node(
        |_, _| Reply::error(-32_000, "insufficient funds for gas * price + value"),
        landed,
    );
    assert!(matches!(
        sender(&poor).send(&action()).await,
        Err(Error::Funds { .. })
    ));

    let reverted = node(accepted, |_, _| receipt("0x0"));
    let error = sender(&reverted).send(&action()).await.unwrap_err();
    assert!(matches!(error, Error::Reverted { .. }));
    assert_eq!(error.exit_code(), 6);

    // The nonce stays 5, as it was signed with: ours may still come.
    let lost = node(accepted, |_, _| Reply::Ok(Value::Null));
    let error = sender(&lost).send(&action()).await.unwrap_err();
    assert!(matches!(error, Error::NoReceipt { .. }), "{error}");
    assert_eq!(error.exit_code(), 6);
}

#[tokio::test]
async fn somebody_else_with_the_key_is_noticed() {
    let asked = AtomicUsize::new(0);
    let around = node(accepted, |_, _| Reply::Ok(Value::Null));
    let node = Node::spawn(move |method, _| match method {
        "eth_getTransactionCount" if asked.fetch_add(1, Ordering::SeqCst) > 0 => {
            Reply::Ok(json!("0x6"))
        }
        "eth_getTransactionCount" => Reply::Ok(json!("0x5")),
        "eth_chainId" => Reply::Ok(json!("0x64aba")),
        "eth_call" => Reply::Ok(json!("0x")),
        "eth_estimateGas" => Reply::Ok(json!("0x5208")),
        "eth_getBlockByNumber" => Reply::Ok(
            json!({ "number": "0x1", "hash": B256::ZERO, "timestamp": "0x1", "baseFeePerGas": "0x1" }),
        ),
        "eth_getTransactionReceipt" => Reply::Ok(Value::Null),
        _ => Reply::error(-32_000, "nonce too low"),
    });
    drop(around);
    let error = sender(&node).send(&action()).await.unwrap_err();
    assert!(
        matches!(error, Error::ForeignNonce { nonce: 5, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_used_nonce_is_not_foreign_before_a_last_look() {
    let late = |last: fn() -> Reply| {
        let asked = AtomicUsize::new(0);
        Node::spawn(move |method, _| match method {
            // Signed with 5; used as soon as somebody asks again, which is after the deadline.
            "eth_getTransactionCount" => {
                Reply::Ok(json!(match asked.fetch_add(1, Ordering::SeqCst) {
                    0 => "0x5",
                    _ => "0x6",
                }))
            }
            "eth_chainId" => Reply::Ok(json!("0x64aba")),
            "eth_call" => Reply::Ok(json!("0x")),
            "eth_estimateGas" => Reply::Ok(json!("0x5208")),
            "eth_getBlockByNumber" => Reply::Ok(
                json!({ "number": "0x1", "hash": B256::ZERO, "timestamp": "0x1", "baseFeePerGas": "0x1" }),
            ),
            "eth_getTransactionReceipt" if asked.load(Ordering::SeqCst) > 1 => last(),
            "eth_getTransactionReceipt" => Reply::Ok(Value::Null),
            _ => Reply::error(-32_000, "already known"),
        })
    };
    let landed = late(|| receipt("0x1"));
    sender(&landed).send(&action()).await.unwrap();

    let unknown = late(|| Reply::error(-32_000, "busy"));
    let error = sender(&unknown).send(&action()).await.unwrap_err();
    assert!(matches!(error, Error::NoReceipt { .. }), "{error}");
}

#[tokio::test]
async fn nothing_is_signed_for_another_chain() {
    let around = || {
        let asked = AtomicUsize::new(0);
        Node::spawn(move |method, _| match method {
            "eth_chainId" => Reply::Ok(json!(match asked.fetch_add(1, Ordering::SeqCst) {
                0 => "0x1",
                _ => "0x2",
            })),
            "eth_call" => Reply::Ok(json!("0x")),
            "eth_estimateGas" => Reply::Ok(json!("0x5208")),
            "eth_getTransactionCount" => Reply::Ok(json!("0x5")),
            "eth_getBlockByNumber" => Reply::Ok(
                json!({ "number": "0x1", "hash": B256::ZERO, "timestamp": "0x1", "baseFeePerGas": "0x1" }),
            ),
            "eth_getTransactionReceipt" => receipt("0x1"),
            _ => Reply::Ok(json!(B256::ZERO)),
        })
    };
    let node = around();
    let first_seen = sender(&node);
    first_seen.send(&action()).await.unwrap();
    let error = first_seen.clone().send(&action()).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::WrongChain {
                got: 2,
                want: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.exit_code(), 3);
    assert_eq!(node.count("eth_sendRawTransaction"), 1);

    let node = around();
    let configured = sender(&node).for_chain(Some(3));
    let error = configured.send(&action()).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::WrongChain {
                got: 1,
                want: 3,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(node.count("eth_sendRawTransaction"), 0);
}

#[tokio::test]
async fn a_refused_simulation_sends_nothing() {
    let data = IVault::Locked {}.abi_encode();
    let node = Node::spawn(move |method, _| match method {
        "eth_call" => Reply::revert(&data),
        _ => Reply::error(-32_601, "no such method"),
    });
    let error = sender(&node).send(&action()).await.unwrap_err();
    assert_eq!(error.to_string(), "probe is refused: Locked()");
    assert_eq!(error.exit_code(), 5);
    assert_eq!(node.count("eth_sendRawTransaction"), 0);
}

#[tokio::test]
async fn an_expensive_chain_is_waited_out() {
    let node = Node::spawn(|method, _| match method {
        "eth_chainId" => Reply::Ok(json!("0x64aba")),
        "eth_getBlockByNumber" => Reply::Ok(json!({
            "number": "0x1", "hash": B256::ZERO, "timestamp": "0x1", "baseFeePerGas": "0x174876e800",
        })),
        "eth_getTransactionCount" => Reply::Ok(json!("0x0")),
        "eth_estimateGas" => Reply::Ok(json!("0x5208")),
        _ => Reply::Ok(json!("0x")),
    });
    let error = sender(&node).send(&action()).await.unwrap_err();
    assert!(matches!(
        error,
        Error::FeeTooHigh {
            base_fee: 100_000_000_000,
            ..
        }
    ));
    assert_eq!(node.count("eth_sendRawTransaction"), 0);
}
