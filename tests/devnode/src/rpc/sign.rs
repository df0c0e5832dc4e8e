//! Signing with the keys that the node holds, and transactions that are not sent.

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction, TxEnvelope, transaction::Recovered};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;

use super::{
    Api,
    args::Args,
    error::RpcError,
    fill::{build, complete, signed},
    format,
    methods::{Methods, json},
    typed_data::signing_hash,
};
use crate::chain::{Chain, mining::send::placeholder};

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
        &[
            "eth_signTypedData_v4",
            "eth_signTypedData_v3",
            "eth_signTypedData",
        ],
        |api, params| sign_typed(api, &mut Args::new(&params)).and_then(json),
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

/// EIP-712's signature. Nobody waits for the chain while the data is hashed.
fn sign_typed(api: &Api, args: &mut Args<'_>) -> Result<Bytes, RpcError> {
    let address = args.required()?;
    let hash = signing_hash(args.required()?)?;
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
