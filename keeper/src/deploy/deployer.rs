//! Creating, activating and constructing a program in one transaction.

use alloy::primitives::{Address, B256, Bytes, U256, address};
use alloy::sol_types::{SolCall, SolEvent};
use gimbal_abi::arbitrum::{IStylusDeployer, STYLUS_DEPLOYER, stylus_constructorCall};

use super::{Program, init_code};
use crate::error::Error;
use crate::rpc::Receipt;
use crate::send::{Action, Sender};

/// The factory that creates the code after a 32-byte salt; the same on every chain.
const CREATE2_FACTORY: Address = address!("4e59b44847b379578588920ca78fbf26c0b4956c");
/// Margin over the quoted data fee, which moves with every activation on the chain. The deployer returns what is left.
const FEE_MARGIN_PERCENT: u64 = 20;

/// Creates `program` and runs its constructor with ABI-encoded `arguments`. Code that is already active on this chain
/// is not activated again, nor paid for. Returns the address and the receipts, that of the creation last.
///
/// # Errors
///
/// As [`Sender::send`]; a constructor's own error comes out by name.
pub async fn create(
    sender: &Sender,
    program: &Program,
    arguments: &[u8],
) -> Result<(Address, Vec<Receipt>), Error> {
    let placed = place(sender, program).await?;
    let fragments: Vec<Address> = placed.iter().map(|(address, _)| *address).collect();
    let action = action(program.name, &program.entry(&fragments), arguments);
    let fee = data_fee(sender, &action).await?;
    let paid = fee + fee * U256::from(FEE_MARGIN_PERCENT) / U256::from(100);
    let (code, fragments) = (program.code.len(), fragments.len());
    tracing::info!(program = program.name, code, fragments, data_fee = %fee, "deploying");
    let receipt = sender.send(&action.with_value(paid)).await?;
    let created = receipt
        .logs
        .iter()
        .filter(|log| log.address() == STYLUS_DEPLOYER)
        .find_map(|log| IStylusDeployer::ContractDeployed::decode_log_data(log.data()).ok())
        .ok_or_else(|| {
            Error::Mismatch(format!("{}: the receipt names no contract", program.name))
        })?;
    let mut receipts: Vec<Receipt> = placed
        .into_iter()
        .filter_map(|(_, receipt)| receipt)
        .collect();
    receipts.push(receipt);
    Ok((created.deployedContract, receipts))
}

fn action(name: &str, code: &[u8], arguments: &[u8]) -> Action {
    let mut init = stylus_constructorCall::SELECTOR.to_vec();
    init.extend_from_slice(arguments);
    let call = IStylusDeployer::deployCall {
        bytecode: init_code(code),
        initData: Bytes::from(init),
        initValue: U256::ZERO,
        salt: B256::ZERO,
    };
    Action::new(format!("deploy {name}"), STYLUS_DEPLOYER, &call)
}

/// Puts a program's fragments on chain through the factory, whose addresses follow from the code: a fragment that is
/// there already is used as it is.
async fn place(
    sender: &Sender,
    program: &Program,
) -> Result<Vec<(Address, Option<Receipt>)>, Error> {
    let mut placed = Vec::new();
    for (i, fragment) in program.fragments().iter().enumerate() {
        let init = init_code(fragment);
        let address = CREATE2_FACTORY.create2_from_code(B256::ZERO, &init);
        let mut receipt = None;
        if sender.chain().code(address).await?.is_empty() {
            let name = format!("deploy {} fragment {i}", program.name);
            receipt = Some(
                sender
                    .send(&Action::raw(
                        name,
                        CREATE2_FACTORY,
                        [&[0; 32][..], &init].concat(),
                    ))
                    .await?,
            );
        }
        placed.push((address, receipt));
    }
    Ok(placed)
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
