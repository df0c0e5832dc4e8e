//! Sequences of requests to one node.

use std::sync::{Arc, OnceLock};

use arbitrary::{Arbitrary, Result, Unstructured};
use serde_json::{Value, json};
use stylus_devnode::{
    Config,
    chain::Chain,
    rpc::{Api, module},
};
use tokio::runtime::{Builder, Runtime};

use crate::forms::{Form, expected, hex, value};

/// Requests of one sequence.
const REQUESTS_MAX: usize = 12;

/// Parameters of a request whose method is not known to [`expected`].
const PARAMS_MAX: usize = 4;

/// Answers that say that the node itself failed.
const INTERNAL_ERROR: i64 = -32603;

/// Where the first two contracts of the first test account are: [`program`] and [`contract`].
pub const DEPLOYED: [&str; 2] = [
    "0x5fbdb2315678afecb367f032d93f642f64180aa3",
    "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512",
];

/// Methods that would reach out of the process.
const OUTSIDE: [&str; 4] = [
    "anvil_reset",
    "hardhat_reset",
    "anvil_setRpcUrl",
    "anvil_dumpState",
];

/// Requests to be sent one after the other.
#[derive(Debug)]
pub struct Requests(Vec<(u16, Vec<Value>)>);

impl<'a> Arbitrary<'a> for Requests {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let mut requests = Vec::new();
        while requests.len() < REQUESTS_MAX && !input.is_empty() {
            requests.push(request(input)?);
        }
        Ok(Self(requests))
    }
}

fn request(input: &mut Unstructured<'_>) -> Result<(u16, Vec<Value>)> {
    let method = u16::arbitrary(input)?;
    let any =
        |input: &mut Unstructured<'_>| -> Result<Value> { value(Form::arbitrary(input)?, input) };
    let forms = expected(name(method)).filter(|_| method % 16 != 15);
    let params = match forms {
        Some(forms) => {
            let count = if input.ratio(1, 4)? {
                input.int_in_range(0..=forms.len())?
            } else {
                forms.len()
            };
            forms[..count]
                .iter()
                .map(|form| value(*form, input))
                .collect::<Result<_>>()?
        }
        None => {
            let count = input.int_in_range(0..=PARAMS_MAX)?;
            (0..count).map(|_| any(input)).collect::<Result<_>>()?
        }
    };
    Ok((method, params))
}

/// All methods of the node but those of [`OUTSIDE`].
fn names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names: Vec<_> = node()
            .method_names()
            .filter(|name| !OUTSIDE.contains(name))
            .collect();
        names.sort_unstable();
        names
    })
}

fn name(method: u16) -> &'static str {
    let names = names();
    names[usize::from(method) % names.len()]
}

type Node = jsonrpsee::RpcModule<Arc<Api>>;

fn node() -> Node {
    let config = Config {
        timestamp: Some(1_760_000_000),
        ..Config::default()
    };
    let chain = Chain::new(&config).expect("a chain");
    module(Arc::new(Api::new(chain, None))).expect("a module")
}

/// Time stands still but where the node waits: nothing here takes a second.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime")
    })
}

/// Sends the requests to a fresh node that holds a program and a contract, and checks that every answer is an answer,
/// that no request made the node fail, and that the chain still hangs together.
pub fn exercise(requests: &Requests) {
    let node = node();
    runtime().block_on(async {
        deploy(&node).await;
        for (method, params) in &requests.0 {
            let answer = ask(&node, name(*method), json!(params)).await;
            let code = answer["error"]["code"].as_i64();
            assert_ne!(
                code,
                Some(INTERNAL_ERROR),
                "{} {params:?}: {answer}",
                name(*method)
            );
        }
        check(&node).await;
    });
}

async fn ask(node: &Node, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let (answer, _notifications) = node
        .raw_json_request(&request.to_string(), 16)
        .await
        .unwrap_or_else(|error| panic!("{request}: {error}"));
    let answer: Value =
        serde_json::from_str(answer.get()).unwrap_or_else(|error| panic!("{request}: {error}"));
    assert!(
        answer.get("result").is_some() != answer.get("error").is_some(),
        "{request}: {answer}"
    );
    answer
}

async fn deploy(node: &Node) {
    for code in [program(), contract()] {
        let tx = json!([{ "from": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", "data": hex(&init(&code)), "gas": "0x989680" }]);
        let answer = ask(node, "eth_sendTransaction", tx).await;
        assert!(answer.get("result").is_some(), "{answer}");
    }
    let tx = json!([{ "from": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", "data": hex(&activation()), "gas": "0x989680",
        "to": "0x0000000000000000000000000000000000000071", "value": "0x2386f26fc10000" }]);
    ask(node, "eth_sendTransaction", tx).await;
    let stored = ask(node, "eth_getCode", json!([DEPLOYED[0]])).await;
    assert_eq!(
        stored["result"],
        json!(hex(&program())),
        "the program is at its address"
    );
}

/// The head is the last block, and each block follows the one before it.
async fn check(node: &Node) {
    let head = ask(node, "eth_getBlockByNumber", json!(["latest", false])).await;
    let number = ask(node, "eth_blockNumber", json!([])).await;
    assert_eq!(head["result"]["number"], number["result"]);
    let parent = ask(
        node,
        "eth_getBlockByHash",
        json!([head["result"]["parentHash"], true]),
    )
    .await;
    if let Some(parent) = parent["result"].as_object() {
        let height =
            |value: &Value| u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok();
        assert_eq!(
            height(&parent["number"]).map(|number| number + 1),
            height(&number["result"])
        );
        assert!(height(&parent["timestamp"]) <= height(&head["result"]["timestamp"]));
    }
}

/// A program on chain: reads its calldata, keeps the first word, returns it.
fn program() -> Vec<u8> {
    static CODE: OnceLock<Vec<u8>> = OnceLock::new();
    CODE.get_or_init(|| {
        let wasm = wat::parse_str(
            r#"(module
                (import "vm_hooks" "read_args" (func $args (param i32)))
                (import "vm_hooks" "write_result" (func $result (param i32 i32)))
                (import "vm_hooks" "storage_cache_bytes32" (func $store (param i32 i32)))
                (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
                (memory (export "memory") 1 1)
                (func (export "user_entrypoint") (param $len i32) (result i32)
                    (call $args (i32.const 64))
                    (call $store (i32.const 0) (i32.const 64))
                    (call $flush (i32.const 0))
                    (call $result (i32.const 64) (local.get $len))
                    (i32.const 0)))"#,
        )
        .expect("wat");
        let mut compressed = Vec::new();
        let params = brotli::enc::BrotliEncoderParams {
            quality: 11,
            lgwin: 22,
            ..Default::default()
        };
        brotli::BrotliCompress(&mut &wasm[..], &mut compressed, &params).expect("brotli");
        [&[0xEF, 0xF0, 0x00, 0x00][..], &compressed].concat()
    })
    .clone()
}

/// EVM code that calls the address in its calldata with the rest of it, stores the status and logs.
fn contract() -> Vec<u8> {
    vec![
        0x60, 0x14, 0x36, 0x03, 0x60, 0x14, 0x60, 0x00, 0x37, // copy calldata after 20 bytes
        0x60, 0x00, 0x60, 0x00, 0x60, 0x14, 0x36, 0x03, 0x60, 0x00,
        0x34, // out 0 0, in len 0, value
        0x60, 0x00, 0x35, 0x60, 0x60, 0x1c, 0x5a, 0xf1, // address, gas, call
        0x80, 0x60, 0x00, 0x55, // sstore(0, status)
        0x60, 0x00, 0x60, 0x00, 0xa1, 0x00, // log1(0, 0, status)
    ]
}

/// Init code that deploys `code`.
fn init(code: &[u8]) -> Vec<u8> {
    let len = (code.len() as u16).to_be_bytes();
    [
        &[
            0x61, len[0], len[1], 0x80, 0x60, 0x0a, 0x3d, 0x39, 0x3d, 0xf3,
        ][..],
        code,
    ]
    .concat()
}

/// Calldata that activates [`program`].
pub fn activation() -> Vec<u8> {
    let mut data = vec![0x58, 0xc7, 0x80, 0xc2];
    data.extend([0; 12]);
    data.extend(
        (2..42)
            .step_by(2)
            .filter_map(|at| u8::from_str_radix(&DEPLOYED[0][at..at + 2], 16).ok()),
    );
    data
}
