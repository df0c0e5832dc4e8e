//! EIP-712: the hash of typed data that is signed.

use std::fmt::Display;

use alloy_dyn_abi::TypedData;
use alloy_primitives::B256;
use serde_json::Value;

use super::error::RpcError;

/// Most types of one message: each may name all others, and they are followed by recursion.
const TYPES_MAX: usize = 256;

/// What is signed: `keccak256(0x1901 . hashStruct(domain) . hashStruct(message))`, without the last part
/// if the message is the domain. Some clients send the data as text.
///
/// # Errors
/// [`RpcError::BadArguments`] for values that do not have their types, and types that are none.
pub(super) fn signing_hash(data: Value) -> Result<B256, RpcError> {
    let data = match data {
        Value::String(text) => serde_json::from_str(&text).map_err(bad)?,
        data => data,
    };
    let types = data.get("types").and_then(Value::as_object);
    if types.is_some_and(|types| types.len() > TYPES_MAX) {
        return Err(bad(format!("more than {TYPES_MAX} types")));
    }
    let data: TypedData = serde_json::from_value(data).map_err(bad)?;
    data.eip712_signing_hash().map_err(bad)
}

fn bad(reason: impl Display) -> RpcError {
    RpcError::BadArguments(format!("typed data: {reason}"))
}
