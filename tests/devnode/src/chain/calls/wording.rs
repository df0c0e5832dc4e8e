//! What geth calls the ways in which execution fails.

use revm::context::{
    TxEnv,
    result::{HaltReason, InvalidTransaction},
};

use crate::evm::env;

/// geth's words for an exceptional end.
pub(in crate::chain) fn halt_message(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(_) => "out of gas".into(),
        HaltReason::PrecompileErrorWithContext(message) => message.clone(),
        HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode => "invalid opcode".into(),
        HaltReason::InvalidJump => "invalid jump destination".into(),
        HaltReason::StackUnderflow => "stack underflow".into(),
        HaltReason::StackOverflow => "stack limit reached 1024 (1023)".into(),
        HaltReason::CreateCollision => "contract address collision".into(),
        HaltReason::CreateContractSizeLimit => "max code size exceeded".into(),
        HaltReason::CreateContractStartingWithEF => "invalid code: must not begin with 0xef".into(),
        HaltReason::CallTooDeep => "max call depth exceeded".into(),
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => {
            "write protection".into()
        }
        other => format!("{other:?}"),
    }
}

/// geth's words for a call that cannot start.
pub(in crate::chain) fn invalid_message(tx: &TxEnv, error: &InvalidTransaction) -> String {
    match error {
        InvalidTransaction::LackOfFundForMaxFee { fee, balance } => format!(
            "insufficient funds for gas * price + value: address {} have {balance} want {fee}",
            tx.caller
        ),
        InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas,
            gas_limit,
        } => {
            format!("intrinsic gas too low: have {gas_limit}, want {initial_gas}")
        }
        InvalidTransaction::GasPriceLessThanBasefee => format!(
            "max fee per gas less than block base fee: address {}, maxFeePerGas: {}",
            tx.caller, tx.gas_price
        ),
        InvalidTransaction::CreateInitCodeSizeLimit => format!(
            "max initcode size exceeded: code size {} limit {}",
            tx.data.len(),
            2 * env::CODE_SIZE_MAX
        ),
        other => other.to_string(),
    }
}
