//! `eth_call` and `eth_estimateGas`.

use alloy_primitives::{Bytes, U64};
use jsonrpsee::server::RegisterMethodError;

use super::{args::Args, error::RpcError, methods::Methods};
use crate::chain::{Chain, simulate::Call};

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_call"], call)?;
    methods.read(&["eth_estimateGas"], estimate)
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
        overrides: args.optional()?,
    })
}
