//! Parameters of requests: mostly of the form that a method expects, with values at the edges.

use arbitrary::{Arbitrary, Result, Unstructured};
use serde_json::{Value, json};

/// Longest array and deepest nesting of free JSON.
const JUNK_LEN_MAX: usize = 4;
const JUNK_DEPTH_MAX: u32 = 3;

/// What a parameter is meant to be.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Form {
    Account,
    Block,
    BlockOverrides,
    Bool,
    Bytes,
    Call,
    Filter,
    Hash,
    Junk,
    Mode,
    Number,
    Slots,
    StateOverride,
    TraceFilter,
    Tracer,
    Traces,
}

/// The forms that a method expects. A method that is not listed gets parameters of any form.
pub fn expected(method: &str) -> Option<&'static [Form]> {
    use Form::*;
    Some(match method {
        "eth_call" | "eth_estimateGas" => &[Call, Block, StateOverride, BlockOverrides],
        "eth_createAccessList" => &[Call, Block],
        "eth_sendTransaction" | "eth_fillTransaction" | "eth_signTransaction" => &[Call],
        "eth_sendUnsignedTransaction" => &[Call],
        "eth_sendRawTransaction" | "eth_sendRawTransactionSync" => &[Bytes],
        "eth_sendRawTransactionConditional" => &[Bytes, Junk],
        "eth_getBalance" | "eth_getCode" | "eth_getTransactionCount" | "eth_getAccount" => {
            &[Account, Block]
        }
        "eth_getStorageAt" => &[Account, Number, Block],
        "eth_getProof" => &[Account, Slots, Block],
        "eth_getBlockByNumber" => &[Block, Bool],
        "eth_getBlockByHash" => &[Hash, Bool],
        "eth_getBlockReceipts" => &[Block],
        "eth_getLogs" | "eth_newFilter" => &[Filter],
        "eth_getFilterChanges" | "eth_getFilterLogs" | "eth_uninstallFilter" => &[Number],
        "eth_feeHistory" => &[Number, Block, Junk],
        "eth_getTransactionByHash" | "eth_getTransactionReceipt" => &[Hash],
        "debug_traceTransaction" => &[Hash, Tracer],
        "debug_traceCall" => &[Call, Block, Tracer],
        "debug_traceBlockByNumber" => &[Block, Tracer],
        "debug_codeByHash" => &[Hash, Block],
        "trace_transaction" => &[Hash],
        "trace_block" => &[Block],
        "trace_get" => &[Hash, Slots],
        "trace_filter" => &[TraceFilter],
        "trace_call" => &[Call, Traces, Block],
        "trace_rawTransaction" => &[Bytes, Traces],
        "trace_replayTransaction" => &[Hash, Traces],
        "trace_replayBlockTransactions" => &[Block, Traces],
        "eth_getTransactionBySenderAndNonce" => &[Account, Number],
        "eth_getRawTransactionByBlockNumberAndIndex" => &[Block, Number],
        "anvil_setBalance" | "anvil_setNonce" | "anvil_addBalance" => &[Account, Number],
        "anvil_setCode" => &[Account, Bytes],
        "anvil_setStorageAt" => &[Account, Number, Hash],
        "anvil_mine" | "hardhat_mine" => &[Number, Number],
        "evm_mine" | "evm_increaseTime" | "evm_setNextBlockTimestamp" | "evm_revert" => &[Number],
        "evm_setAutomine" | "anvil_setAutomine" | "anvil_autoImpersonateAccount" => &[Bool],
        "anvil_impersonateAccount" | "anvil_stopImpersonatingAccount" => &[Account],
        "anvil_loadState" => &[Bytes],
        _ => return None,
    })
}

/// A value of a form.
pub fn value(form: Form, input: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match form {
        Form::Account => account(input)?,
        Form::Block => block(input)?,
        Form::BlockOverrides => block_overrides(input)?,
        Form::Bool => json!(bool::arbitrary(input)?),
        Form::Bytes => bytes(input)?,
        Form::Call => call(input)?,
        Form::Filter => filter(input)?,
        Form::Hash => hash(input)?,
        Form::Junk => junk(input, 0)?,
        Form::Mode => input
            .choose(&[json!(0), json!(1), json!(60), Value::Null])?
            .clone(),
        Form::Number => number(input)?,
        Form::Slots => json!([hash(input)?, number(input)?]),
        Form::StateOverride => state_override(input)?,
        Form::TraceFilter => trace_filter(input)?,
        Form::Tracer => tracer(input)?,
        Form::Traces => input
            .choose(&[json!(["trace"]), json!(["trace", "stateDiff"]), json!([])])?
            .clone(),
    })
}

/// Accounts with something at them: a funded one, precompiles, the factory, and those that a first deployment makes.
fn account(input: &mut Unstructured<'_>) -> Result<Value> {
    const KNOWN: [&str; 12] = [
        "0x3f1eae7d46d88f08fc2f8ed27fcb2ab183eb2d0e",
        "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "0x0000000000000000000000000000000000000000",
        "0x0000000000000000000000000000000000000004",
        "0x0000000000000000000000000000000000000064",
        "0x000000000000000000000000000000000000006c",
        "0x0000000000000000000000000000000000000070",
        "0x0000000000000000000000000000000000000071",
        "0x0000000000000000000000000000000000000072",
        "0x00000000000000000000000000000000000000ff",
        "0xa4b05fffffffffffffffffffffffffffffffffff",
        "0x4e59b44847b379578588920ca78fbf26c0b4956c",
    ];
    if input.ratio(1, 4)? {
        return Ok(json!(
            crate::rpc::DEPLOYED[input.choose_index(crate::rpc::DEPLOYED.len())?]
        ));
    }
    Ok(json!(input.choose(&KNOWN)?))
}

fn block(input: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match input.int_in_range(0..=6)? {
        0 => json!("latest"),
        1 => json!("pending"),
        2 => json!("earliest"),
        3 => json!("safe"),
        4 => json!({ "blockHash": hash(input)? }),
        5 => json!({ "blockNumber": number(input)? }),
        _ => number(input)?,
    })
}

fn number(input: &mut Unstructured<'_>) -> Result<Value> {
    const EDGES: [&str; 8] = [
        "0x0",
        "0x1",
        "0x2",
        "0xffffffff",
        "0xffffffffffffffff",
        "0x10000000000000000",
        "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "-0x1",
    ];
    Ok(match input.int_in_range(0..=2)? {
        0 => json!(input.choose(&EDGES)?),
        1 => json!(format!("0x{:x}", u16::arbitrary(input)?)),
        _ => json!(u8::arbitrary(input)?),
    })
}

fn hash(input: &mut Unstructured<'_>) -> Result<Value> {
    Ok(json!(format!("0x{:064x}", u16::arbitrary(input)?)))
}

fn bytes(input: &mut Unstructured<'_>) -> Result<Value> {
    let data: Vec<u8> = match input.int_in_range(0..=3)? {
        0 => Vec::new(),
        1 => [
            &[0xEF, 0xF0, 0x00, 0x00][..],
            input.bytes(input.len().min(40))?,
        ]
        .concat(),
        2 => crate::rpc::activation(),
        _ => input.bytes(input.len().min(200))?.to_vec(),
    };
    Ok(json!(hex(&data)))
}

/// The hex form of bytes.
pub fn hex(data: &[u8]) -> String {
    let digits: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

fn call(input: &mut Unstructured<'_>) -> Result<Value> {
    let mut call = json!({ "from": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266" });
    let mut set = |name: &str, value: Value| call[name] = value;
    if input.ratio(3, 4)? {
        set("to", account(input)?);
    }
    for name in [
        "value",
        "gas",
        "gasPrice",
        "maxFeePerGas",
        "maxPriorityFeePerGas",
        "nonce",
        "type",
    ] {
        if input.ratio(1, 6)? {
            set(name, number(input)?);
        }
    }
    for name in ["data", "input"] {
        if input.ratio(1, 2)? {
            set(name, bytes(input)?);
        }
    }
    if input.ratio(1, 8)? {
        set(
            "accessList",
            json!([{ "address": account(input)?, "storageKeys": [hash(input)?] }]),
        );
    }
    if input.ratio(1, 8)? {
        set("from", account(input)?);
    }
    Ok(call)
}

fn filter(input: &mut Unstructured<'_>) -> Result<Value> {
    let mut filter = json!({});
    for name in ["fromBlock", "toBlock"] {
        if input.ratio(1, 2)? {
            filter[name] = block(input)?;
        }
    }
    if input.ratio(1, 3)? {
        filter["address"] = json!([account(input)?]);
    }
    if input.ratio(1, 3)? {
        filter["topics"] = json!([Value::Null, [hash(input)?]]);
    }
    if input.ratio(1, 8)? {
        filter["blockHash"] = hash(input)?;
    }
    Ok(filter)
}

fn trace_filter(input: &mut Unstructured<'_>) -> Result<Value> {
    let mut filter = json!({});
    for name in ["fromBlock", "toBlock"] {
        if input.ratio(1, 2)? {
            filter[name] = block(input)?;
        }
    }
    for name in ["fromAddress", "toAddress"] {
        if input.ratio(1, 3)? {
            filter[name] = json!([account(input)?]);
        }
    }
    for name in ["after", "count"] {
        if input.ratio(1, 4)? {
            filter[name] = number(input)?;
        }
    }
    Ok(filter)
}

fn state_override(input: &mut Unstructured<'_>) -> Result<Value> {
    let mut account_override = json!({});
    if input.ratio(1, 2)? {
        account_override["code"] = bytes(input)?;
    }
    for name in ["balance", "nonce"] {
        if input.ratio(1, 3)? {
            account_override[name] = number(input)?;
        }
    }
    for name in ["state", "stateDiff"] {
        if input.ratio(1, 3)? {
            let key = hash(input)?;
            account_override[name] = json!({ key.as_str().unwrap_or_default(): hash(input)? });
        }
    }
    let address = account(input)?;
    Ok(json!({ address.as_str().unwrap_or_default(): account_override }))
}

fn block_overrides(input: &mut Unstructured<'_>) -> Result<Value> {
    let mut overrides = json!({});
    for name in [
        "number",
        "time",
        "gasLimit",
        "baseFeePerGas",
        "difficulty",
        "blobBaseFee",
    ] {
        if input.ratio(1, 3)? {
            overrides[name] = number(input)?;
        }
    }
    Ok(overrides)
}

fn tracer(input: &mut Unstructured<'_>) -> Result<Value> {
    const TRACERS: [&str; 6] = [
        "callTracer",
        "prestateTracer",
        "4byteTracer",
        "stylusTracer",
        "noopTracer",
        "unknownTracer",
    ];
    Ok(match input.int_in_range(0..=2)? {
        0 => json!({ "tracer": input.choose(&TRACERS)? }),
        1 => json!({
            "tracer": "prestateTracer",
            "tracerConfig": { "diffMode": bool::arbitrary(input)? },
        }),
        _ => {
            json!({ "enableMemory": bool::arbitrary(input)?, "disableStack": bool::arbitrary(input)?,
            "limit": u8::arbitrary(input)? })
        }
    })
}

fn junk(input: &mut Unstructured<'_>, depth: u32) -> Result<Value> {
    Ok(
        match input.int_in_range(0..=if depth < JUNK_DEPTH_MAX { 7 } else { 5 })? {
            0 => Value::Null,
            1 => json!(bool::arbitrary(input)?),
            2 => json!(i64::arbitrary(input)?),
            3 => json!(f64::arbitrary(input)?),
            4 => json!(String::arbitrary(input)?),
            5 => number(input)?,
            6 => {
                let len = input.int_in_range(0..=JUNK_LEN_MAX)?;
                Value::Array(
                    (0..len)
                        .map(|_| junk(input, depth + 1))
                        .collect::<Result<_>>()?,
                )
            }
            _ => json!({ String::arbitrary(input)?: junk(input, depth + 1)? }),
        },
    )
}
