//! Calls and creations from programs: what they forward and what they cost.

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{
    context_interface::{ContextTr, CreateScheme, JournalTr},
    handler::FrameResult,
    interpreter::{CallInput, CallInputs, CallScheme, CallValue, CreateInputs, FrameInput, Gas},
    state::Bytecode,
};

use super::{
    Context,
    answers::{Acting, Answer, price},
    frames::FrameError,
};
use crate::{
    arbos::access,
    stylus::{CallKind, CreateKind, Reply},
};

/// {gas} What sending value costs, and what an account costs that comes to be by it.
const VALUE: u64 = 9_000;
const NEW_ACCOUNT: u64 = 25_000;

/// {gas} Given to the receiver of value. A program pays for what of it is used.
const STIPEND: u64 = 2_300;

/// {gas}
const CREATE: u64 = 32_000;
/// {gas/word} Hashing init code.
const CREATE2_WORD: u64 = 6;

/// A call that a program makes.
#[derive(Debug)]
pub struct Call {
    /// Which kind.
    pub kind: CallKind,
    /// Whose code.
    pub to: Address,
    /// {wei}
    pub value: U256,
    /// Calldata.
    pub data: Bytes,
    /// {gas} What the program has left.
    pub gas_left: u64,
    /// {gas} What it wants to give at most.
    pub gas_req: u64,
}

/// A creation that a program makes.
#[derive(Debug)]
pub struct Create {
    /// Where the contract goes.
    pub kind: CreateKind,
    /// Init code.
    pub code: Bytes,
    /// {wei}
    pub endowment: U256,
    /// {gas} What the program has left.
    pub gas_left: u64,
}

/// What a program waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// The end of a call.
    Call {
        /// {gas} Paid whatever happens.
        base: u64,
        /// {gas} Given to the callee.
        forwarded: u64,
    },
    /// The end of a creation.
    Create {
        /// {gas} Paid or given: all but what was held back.
        spent: u64,
    },
}

impl Call {
    /// Prices the call and makes its frame.
    ///
    /// `base = 100 + 2,500 if cold + 9,000 if value + 25,000 if that makes an account`;
    /// `forwarded = min(floor((gas_left - base) * 63 / 64), gas_req)`, and 2,300 more with value.
    pub(super) fn begin(
        self,
        context: &mut Context<'_>,
        gas: &Gas,
        acting: &Acting,
    ) -> Result<Answer, FrameError> {
        if acting.is_static && !self.value.is_zero() {
            return Ok(failed(0));
        }
        let base = self.base(context)?;
        let Some(rest) = self.gas_left.checked_sub(base) else {
            return Ok(failed(self.gas_left));
        };
        // {gas} at most `rest`, so that the result fits again.
        let most = (u128::from(rest) * 63 / 64) as u64;
        let mut forwarded = most.min(self.gas_req);
        if !self.value.is_zero() {
            forwarded = forwarded.saturating_add(STIPEND);
        }
        let pending = Pending::Call { base, forwarded };
        let inputs = self.inputs(context, gas, acting, forwarded)?;
        Ok(Answer::Frame(
            Box::new(FrameInput::Call(Box::new(inputs))),
            pending,
        ))
    }

    fn base(&self, context: &mut Context<'_>) -> Result<u64, FrameError> {
        let account = context.journal_mut().load_account(self.to)?;
        let mut base = super::answers::touch(account.is_cold);
        if !self.value.is_zero() {
            base += VALUE;
            if account.info.is_empty() {
                base += NEW_ACCOUNT;
            }
        }
        debug_assert!(base >= price::WARM);
        Ok(base)
    }

    fn inputs(
        self,
        context: &mut Context<'_>,
        gas: &Gas,
        acting: &Acting,
        gas_limit: u64,
    ) -> Result<CallInputs, FrameError> {
        let (target_address, caller, value, scheme) = match self.kind {
            CallKind::Call => (
                self.to,
                acting.address,
                CallValue::Transfer(self.value),
                CallScheme::Call,
            ),
            CallKind::Delegate => (
                acting.address,
                acting.caller,
                CallValue::Apparent(acting.value),
                CallScheme::DelegateCall,
            ),
            CallKind::Static => (
                self.to,
                acting.address,
                CallValue::Transfer(U256::ZERO),
                CallScheme::StaticCall,
            ),
        };
        Ok(CallInputs {
            input: CallInput::Bytes(self.data),
            return_memory_offset: 0..0,
            gas_limit,
            reservoir: gas.reservoir(),
            bytecode_address: self.to,
            known_bytecode: code(context, self.to)?,
            target_address,
            caller,
            value,
            scheme,
            is_static: acting.is_static || self.kind == CallKind::Static,
            charged_new_account_state_gas: false,
        })
    }
}

/// The code that runs at an address: an EIP-7702 delegate's, if it has one. The delegate of a call
/// from a program is neither paid for nor warm afterwards.
fn code(context: &mut Context<'_>, address: Address) -> Result<(B256, Bytecode), FrameError> {
    let account = context.journal_mut().load_account_with_code(address)?;
    let code = account.info.code.clone().unwrap_or_default();
    let Some(delegate) = code.eip7702_address() else {
        return Ok((account.info.code_hash, code));
    };
    Ok((
        access::code_hash(context, delegate)?,
        access::code(context, delegate)?,
    ))
}

impl Create {
    /// Prices the creation and makes its frame.
    ///
    /// `base = 32,000 + 6 * words if create2`; of the rest one 64th is held back.
    pub(super) fn begin(self, gas: &Gas, acting: &Acting) -> Answer {
        let (scheme, hashing) = match self.kind {
            CreateKind::Create1 => (CreateScheme::Create, 0),
            CreateKind::Create2 { salt } => {
                let words = self.code.len().div_ceil(32) as u64;
                (
                    CreateScheme::Create2 { salt: salt.into() },
                    CREATE2_WORD * words,
                )
            }
        };
        let rest = self.gas_left.checked_sub(CREATE + hashing);
        let Some(rest) = rest.filter(|_| !acting.is_static) else {
            return Answer::Reply(Reply::Refused);
        };
        let held = rest / 64;
        let forwarded = rest - held;
        let inputs = CreateInputs::new(
            acting.address,
            scheme,
            self.endowment,
            self.code,
            forwarded,
            gas.reservoir(),
        );
        let pending = Pending::Create {
            spent: self.gas_left - held,
        };
        Answer::Frame(Box::new(FrameInput::Create(Box::new(inputs))), pending)
    }
}

impl Pending {
    /// Makes the reply of the frame's result, and passes its refunds on to the program's frame.
    pub fn settle(self, gas: &mut Gas, result: FrameResult) -> Reply {
        let status = result.instruction_result();
        let returned = match status.is_ok_or_revert() {
            true => result.gas().remaining(),
            false => 0,
        };
        gas.set_reservoir(result.gas().reservoir());
        if status.is_ok() {
            gas.record_refund(result.gas().refunded());
        }
        match (self, result) {
            (Self::Call { base, forwarded }, result) => Reply::Call {
                success: status.is_ok(),
                return_data: match status.is_ok_or_revert() {
                    true => result.output().into_data(),
                    false => Bytes::new(),
                },
                gas: base.saturating_add(forwarded.saturating_sub(returned)),
            },
            (Self::Create { spent }, result) => Reply::Create {
                address: result
                    .output()
                    .address()
                    .copied()
                    .filter(|_| status.is_ok()),
                return_data: match status.is_ok() {
                    true => Bytes::new(),
                    false if status.is_revert() => result.output().into_data(),
                    false => Bytes::new(),
                },
                gas: spent.saturating_sub(returned),
            },
        }
    }
}

/// A call that never began.
fn failed(gas: u64) -> Answer {
    Answer::Reply(Reply::Call {
        success: false,
        return_data: Bytes::new(),
        gas,
    })
}
