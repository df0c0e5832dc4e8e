//! `net_*`, `web3_*` and what describes the chain.

use alloy_primitives::{B256, Bytes, U64, keccak256};
use jsonrpsee::server::RegisterMethodError;

use super::{args::Args, error::RpcError, methods::Methods};
use crate::chain::Chain;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["eth_chainId"], |chain, _| Ok(U64::from(chain.chain_id())))?;
    methods.read(&["net_version", "eth_networkId"], |chain, _| {
        Ok(chain.chain_id().to_string())
    })?;
    methods.read(&["net_listening"], |_, _| Ok(true))?;
    methods.read(&["net_peerCount"], |_, _| Ok(U64::ZERO))?;
    methods.read(&["eth_syncing"], |_, _| Ok(false))?;
    methods.read(&["eth_mining"], |_, _| Ok(false))?;
    methods.read(&["eth_hashrate"], |_, _| Ok(U64::ZERO))?;
    methods.read(&["eth_protocolVersion"], |_, _| Ok(U64::from(65)))?;
    methods.read(&["eth_coinbase"], |chain, _| Ok(chain.coinbase))?;
    methods.read(&["web3_clientVersion"], |_, _| Ok(client_version()))?;
    methods.read(&["web3_sha3"], sha3)?;
    methods.read(&["eth_gasPrice"], |chain, _| {
        Ok(U64::from(chain.base_fee()?))
    })?;
    methods.read(&["eth_maxPriorityFeePerGas"], |_, _| Ok(U64::ZERO))?;
    methods.read(&["eth_blobBaseFee"], |_, _| Ok(U64::ZERO))?;
    methods.fees()
}

/// Name and version of the node.
pub fn client_version() -> String {
    format!("stylus-devnode/v{}", env!("CARGO_PKG_VERSION"))
}

fn sha3(_: &Chain, args: &mut Args<'_>) -> Result<B256, RpcError> {
    Ok(keccak256(args.required::<Bytes>()?))
}
