//! The chain that the story is told on: whether it can run it, and whether its time can be moved.

use alloy::primitives::Address;
use alloy::providers::Provider;
use clap::ValueEnum;
use gimbal_abi::arbitrum::{ARB_WASM, IArbWasm, STYLUS_DEPLOYER};
use gimbal_keeper::rpc::Endpoint;

use super::Error;
use crate::chain::Chain;

/// Whether to move chain time instead of waiting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TimeTravel {
    /// If the node can.
    #[default]
    Auto,
    /// Wait, whatever the node can.
    Never,
    /// A node that cannot is refused.
    Always,
}

/// Connects to a chain that runs Stylus programs and has the StylusDeployer.
///
/// - Errors: [`Error::Unreachable`], [`Error::Unsuitable`].
pub async fn connect(url: &str) -> Result<Chain, Error> {
    let endpoint = Endpoint::parse(url).map_err(Error::Unreachable)?;
    let unreachable = || Error::Unreachable(endpoint.to_string());
    let chain = Chain::connect(url).await.map_err(|_| unreachable())?;
    if chain
        .read(ARB_WASM, &IArbWasm::stylusVersionCall {})
        .await
        .is_err()
    {
        return Err(unsuitable(
            &chain,
            "runs no Stylus programs: ArbWasm.stylusVersion() does not answer",
        ));
    }
    if !has_code(&chain, STYLUS_DEPLOYER)
        .await
        .ok_or_else(unreachable)?
    {
        return Err(unsuitable(
            &chain,
            "has no StylusDeployer at 0xcEcba2F1DC234f70Dd89F2041029807F8D03A990: prepare it as ./scripts/devnode does",
        ));
    }
    Ok(chain)
}

/// Whether to move time on this chain. Asks the node at most once, by moving it one second.
///
/// - Errors: [`Error::Unsuitable`] where it must and cannot.
pub async fn moves_time(chain: &Chain, asked: TimeTravel) -> Result<bool, Error> {
    if asked == TimeTravel::Never {
        return Ok(false);
    }
    let can = chain.travels().await;
    if asked == TimeTravel::Always && !can {
        let lack = "has no evm_increaseTime and evm_mine, which --time-travel always needs";
        return Err(unsuitable(chain, lack));
    }
    Ok(can)
}

async fn has_code(chain: &Chain, at: Address) -> Option<bool> {
    let code = chain.provider().get_code_at(at).await.ok()?;
    Some(!code.is_empty())
}

fn unsuitable(chain: &Chain, lack: &'static str) -> Error {
    Error::Unsuitable {
        chain_id: chain.chain_id(),
        endpoint: chain.endpoint().to_string(),
        lack,
    }
}
