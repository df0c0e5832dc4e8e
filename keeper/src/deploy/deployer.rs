//! Creating, activating and constructing a program in one transaction.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::{SolCall, SolEvent};
use gimbal_abi::arbitrum::{IStylusDeployer, STYLUS_DEPLOYER, stylus_constructorCall};

use super::Program;
use crate::error::Error;
use crate::rpc::Receipt;
use crate::send::{Action, Sender};

/// Margin over the quoted data fee, which moves with every activation on the chain. The deployer returns what is left.
const FEE_MARGIN_PERCENT: u64 = 20;

/// Creates `program` and runs its constructor with ABI-encoded `arguments`. Code that is already active on this chain
/// is not activated again, nor paid for.
///
/// # Errors
///
/// As [`Sender::send`]; a constructor's own error comes out by name.
pub async fn create(
    sender: &Sender,
    program: &Program,
    arguments: &[u8],
) -> Result<(Address, Receipt), Error> {
    let action = action(program, arguments);
    let fee = data_fee(sender, &action).await?;
    let paid = fee + fee * U256::from(FEE_MARGIN_PERCENT) / U256::from(100);
    tracing::info!(program = program.name, code = program.code.len(), data_fee = %fee, "deploying");
    let receipt = sender.send(&action.with_value(paid)).await?;
    let created = receipt
        .logs
        .iter()
        .filter(|log| log.address() == STYLUS_DEPLOYER)
        .find_map(|log| IStylusDeployer::ContractDeployed::decode_log_data(log.data()).ok())
        .ok_or_else(|| {
            Error::Mismatch(format!("{}: the receipt names no contract", program.name))
        })?;
    Ok((created.deployedContract, receipt))
}

fn action(program: &Program, arguments: &[u8]) -> Action {
    let mut init = stylus_constructorCall::SELECTOR.to_vec();
    init.extend_from_slice(arguments);
    let call = IStylusDeployer::deployCall {
        bytecode: program.init_code(),
        initData: Bytes::from(init),
        initValue: U256::ZERO,
        salt: B256::ZERO,
    };
    Action::new(format!("deploy {}", program.name), STYLUS_DEPLOYER, &call)
}

/// What activation costs, asked of the chain itself: without payment the deployment is refused for the lack of exactly
/// the fee, and code that is already active is not refused at all.
async fn data_fee(sender: &Sender, action: &Action) -> Result<U256, Error> {
    match sender.simulate(action).await {
        Ok(_) => Ok(U256::ZERO),
        Err(Error::Refused { action, revert }) => revert
            .arg("want")
            .filter(|_| revert.name == "ProgramInsufficientValue")
            .and_then(|want| want.parse().ok())
            .ok_or(Error::Refused { action, revert }),
        Err(error) => Err(error),
    }
}
