//! Signing with the keys that the node holds, and transactions that are not sent.

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction, TxEnvelope, transaction::Recovered};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;
use serde_json::Value;

use super::{
    Api,
    args::Args,
    error::RpcError,
    fill::{build, complete, signed},
    format,
    methods::{Methods, json},
    typed_data::TypedData,
};
use crate::chain::{Chain, send::placeholder};

/// A transaction, and its bytes.
#[derive(Debug, Serialize)]
struct Filled {
    raw: Bytes,
    tx: alloy_rpc_types_eth::Transaction,
}

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_sign"], |chain, args| {
        let (address, data) = (args.required()?, args.required()?);
        sign_message(chain, address, &data)
    })?;
    methods.read(&["personal_sign"], |chain, args| {
        let (data, address) = (args.required()?, args.required()?);
        sign_message(chain, address, &data)
    })?;
    methods.blocking(
        &["eth_signTypedData_v4", "eth_signTypedData"],
        |api, params| json(sign_typed(api, &mut Args::new(&params))?),
    )?;
    methods.read(&["eth_signTransaction"], sign_transaction)?;
    methods.read(&["eth_fillTransaction"], fill_transaction)
}

fn key(chain: &Chain, address: &Address) -> Result<PrivateKeySigner, RpcError> {
    chain.wallet.key(address)?.ok_or(RpcError::UnknownAccount)
}

/// EIP-191's signature of a message.
fn sign_message(chain: &Chain, address: Address, message: &Bytes) -> Result<Bytes, RpcError> {
    let signature = key(chain, &address)?
        .sign_message_sync(message)
        .map_err(|error| RpcError::Internal(error.to_string()))?;
    Ok(signature.as_bytes().into())
}

/// EIP-712's signature. Some clients send the data as text. Much data takes long to hash, for which the
/// chain is not needed.
fn sign_typed(api: &Api, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    let address = args.required()?;
    let data: TypedData = match args.required()? {
        Value::String(text) => serde_json::from_str(&text),
        data => serde_json::from_value(data),
    }
    .map_err(|error| RpcError::BadArguments(format!("typed data: {error}")))?;
    let hash = data.hash()?;
    let key = api.look(|chain| key(chain, &address))?;
    let signature = key
        .sign_hash_sync(&hash)
        .map_err(|error| RpcError::Internal(error.to_string()))?;
    Ok(signature.as_bytes().into())
}

fn sign_transaction(chain: &Chain, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    let request: TransactionRequest = args.required()?;
    key(chain, &request.from.unwrap_or_default())?;
    let tx = signed(chain, complete(chain, request)?)?;
    Ok(tx.encoded_2718().into())
}

/// What `eth_sendTransaction` would send, of any account and not signed.
fn fill_transaction(chain: &Chain, args: &mut Args<'_>) -> Result<Filled, RpcError> {
    let request: TransactionRequest = args.required()?;
    let from = request.from.unwrap_or_default();
    let tx = build(chain, complete(chain, request)?)?;
    let tx: TxEnvelope = tx.into_signed(placeholder(from)).into();
    Ok(Filled {
        raw: tx.encoded_2718().into(),
        tx: format::unmined(&Recovered::new_unchecked(tx, from)),
    })
}
