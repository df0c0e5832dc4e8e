//! Making transactions of requests: filling in what is left out, and signing.

use alloy::signers::SignerSync;
use alloy_consensus::{SignableTransaction, TxEnvelope, TypedTransaction, transaction::Recovered};
use alloy_primitives::TxKind;
use alloy_rpc_types_eth::TransactionRequest;

use super::error::RpcError;
use crate::chain::{Chain, calls::call::Call, mining::send::placeholder};

/// Fills in what the sender left out, but for the nonce.
pub(super) fn complete(
    chain: &Chain,
    mut request: TransactionRequest,
) -> Result<TransactionRequest, RpcError> {
    if request.gas.is_none() {
        let call = Call {
            request: request.clone(),
            ..Call::default()
        };
        request.gas = Some(chain.estimate(call)?);
    }
    if request.gas_price.is_none() {
        // Only the base fee is paid, which may have risen by then.
        let price = u128::from(chain.base_fee()?).saturating_mul(2);
        let tip = *request.max_priority_fee_per_gas.get_or_insert(0);
        request
            .max_fee_per_gas
            .get_or_insert(price.saturating_add(tip));
    }
    request.chain_id.get_or_insert(chain.chain_id());
    request.to.get_or_insert(TxKind::Create);
    Ok(request)
}

/// Gives a complete request its nonce.
pub(super) fn build(
    chain: &Chain,
    mut request: TransactionRequest,
) -> Result<TypedTransaction, RpcError> {
    if request.nonce.is_none() {
        let from = request.from.unwrap_or_default();
        request.nonce = Some(chain.pending_nonce(&from)?);
    }
    request
        .build_consensus_tx()
        .map_err(|error| RpcError::BadArguments(format!("incomplete transaction: {}", error.error)))
}

/// A complete request as a transaction, signed if we have the key.
pub(super) fn signed(
    chain: &Chain,
    request: TransactionRequest,
) -> Result<Recovered<TxEnvelope>, RpcError> {
    let from = request.from.unwrap_or_default();
    let tx = build(chain, request)?;
    let signature = match chain.wallet.key(&from)? {
        Some(key) => key
            .sign_hash_sync(&tx.signature_hash())
            .map_err(|error| RpcError::Internal(error.to_string()))?,
        None => placeholder(from),
    };
    Ok(Recovered::new_unchecked(
        tx.into_signed(signature).into(),
        from,
    ))
}
