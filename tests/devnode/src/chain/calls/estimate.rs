//! `eth_estimateGas`.

use alloy_eips::BlockId;
use alloy_primitives::{TxKind, U256};
use revm::context::result::{ExecutionResult, HaltReason};
use tracing::subscriber::{NoSubscriber, with_default};

use super::call::{Call, CallError, Prepared, output};
use crate::chain::Chain;

/// {gas} What a transfer to an account without code takes.
const TRANSFER: u64 = 21_000;

/// {gas} Given to a call that carries value.
const CALL_STIPEND: u64 = 2_300;

/// An estimate may exceed the least sufficient limit by this many per mille, as in geth.
const ESTIMATE_ERROR_PERMILLE: u64 = 15;

impl Chain {
    /// {gas} The least gas limit that suffices, found as geth does: a first run at the cap, then
    /// bisection between what it used and what it needed.
    pub fn estimate(&self, call: Call) -> Result<u64, CallError> {
        if let Some(redemption) = self.redemption(&call) {
            return self.estimate(redemption?);
        }
        let moment = self.moment(call.block.unwrap_or(BlockId::pending()))?;
        let prepared = self.prepare(call, moment, false)?;
        let mut high = prepared.affordable()?;
        if high >= TRANSFER && prepared.is_transfer()? && prepared.suffices(TRANSFER)? {
            return Ok(TRANSFER);
        }
        let first = prepared.run(high)?;
        let used = first.gas().total_gas_spent();
        if let ExecutionResult::Halt {
            reason: HaltReason::OutOfGas(_),
            ..
        } = first
        {
            return Err(CallError::Allowance(high));
        }
        output(first)?;
        let mut low = used.saturating_sub(1);
        let optimistic = used.saturating_add(CALL_STIPEND).saturating_mul(64) / 63;
        if optimistic < high {
            match prepared.suffices(optimistic)? {
                true => high = optimistic,
                false => low = optimistic,
            }
        }
        while low.saturating_add(1) < high {
            if high.saturating_sub(low) < high.saturating_mul(ESTIMATE_ERROR_PERMILLE) / 1000 {
                break;
            }
            // The answer is usually near the lower end.
            let middle = (low.midpoint(high)).min(low.saturating_mul(2).max(1));
            match prepared.suffices(middle)? {
                true => high = middle,
                false => low = middle,
            }
        }
        Ok(high)
    }
}

impl Prepared<'_> {
    /// {gas} The cap, lowered to what the caller can pay.
    fn affordable(&self) -> Result<u64, CallError> {
        let cap = self.tx.gas_limit;
        if self.tx.gas_price == 0 {
            return Ok(cap);
        }
        let balance = self
            .view
            .account(&self.tx.caller)?
            .unwrap_or_default()
            .balance;
        let Some(available) = balance.checked_sub(self.tx.value) else {
            return Err(CallError::Invalid("insufficient funds for transfer".into()));
        };
        let allowance = available / U256::from(self.tx.gas_price);
        Ok(cap.min(allowance.saturating_to()))
    }

    fn is_transfer(&self) -> Result<bool, CallError> {
        match self.tx.kind {
            TxKind::Call(to) if self.tx.data.is_empty() => Ok(self.view.code_of(&to)?.is_empty()),
            _ => Ok(false),
        }
    }

    /// A state that cannot be read says nothing of the limit, nor does time that is over. What programs
    /// print is in the log since the first run.
    fn suffices(&self, gas_limit: u64) -> Result<bool, CallError> {
        match with_default(NoSubscriber::new(), || self.run(gas_limit)) {
            Ok(result) => Ok(result.is_success()),
            Err(error @ (CallError::State(_) | CallError::Aborted(_))) => Err(error),
            Err(_) => Ok(false),
        }
    }
}
