//! `eth_call` and `eth_estimateGas`.

use alloy_primitives::{Bytes, U64};
use alloy_rpc_types_eth::BlockOverrides;
use jsonrpsee::server::RegisterMethodError;
use serde_json::{Map, Value};

use super::{args::Args, error::RpcError, methods::Methods};
use crate::chain::{Chain, calls::call::Call};

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_call"], call)?;
    methods.read(&["eth_estimateGas"], estimate)?;
    methods.read(&["eth_createAccessList"], |chain, args| {
        Ok(chain.access_list(arguments(args)?)?)
    })
}

fn call(chain: &Chain, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    Ok(chain.call(arguments(args)?)?)
}

fn estimate(chain: &Chain, args: &mut Args<'_>) -> Result<U64, RpcError> {
    Ok(U64::from(chain.estimate(arguments(args)?)?))
}

fn arguments(args: &mut Args<'_>) -> Result<Call, RpcError> {
    Ok(Call {
        request: args.required()?,
        block: args.optional()?,
        state: args.optional()?,
        overrides: block_overrides(args.optional()?)?,
    })
}

/// The fields of block overrides, under every name in use. Types skip what they do not know, and a
/// call that ignored an override would be wrong without a word.
const BLOCK_FIELDS: [&str; 16] = [
    "number",
    "blockNumber",
    "difficulty",
    "time",
    "timestamp",
    "gasLimit",
    "coinbase",
    "feeRecipient",
    "random",
    "prevRandao",
    "baseFee",
    "baseFeePerGas",
    "blobBaseFee",
    "beaconRoot",
    "parentBeaconBlockRoot",
    "blockHash",
];

pub(super) fn block_overrides(
    fields: Option<Map<String, Value>>,
) -> Result<Option<Box<BlockOverrides>>, RpcError> {
    let Some(fields) = fields else {
        return Ok(None);
    };
    let unknown = fields
        .keys()
        .find(|name| !BLOCK_FIELDS.contains(&name.as_str()));
    if let Some(name) = unknown {
        let reason = format!("block override \"{name}\" is not supported");
        return Err(RpcError::BadArguments(reason));
    }
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| RpcError::BadArguments(format!("block overrides: {error}")))
}
