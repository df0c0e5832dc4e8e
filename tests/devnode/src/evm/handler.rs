//! The phases of a transaction that differ from Ethereum's.

use std::marker::PhantomData;

use alloy_primitives::U256;
use revm::{
    context_interface::{Block, Cfg, ContextTr, JournalTr, Transaction, result::HaltReason},
    handler::{EvmTr, FrameResult, Handler},
    interpreter::{GasTracker, InitialAndFloorGas},
};

use super::{Error, Evm};
use crate::arbos;

/// {gas} Most that one transaction may use, whatever ArbOS state allows: the node is busy as long.
const COMPUTE_MAX: u64 = 1 << 30;

/// revm's handler with Arbitrum's gas hold and fee recipient.
#[derive(Debug)]
pub struct ArbitrumHandler<'a, I = ()>(PhantomData<(&'a (), I)>);

impl<I> Default for ArbitrumHandler<'_, I> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'a, I> Handler for ArbitrumHandler<'a, I> {
    type Evm = Evm<'a, I>;
    type Error = Error;
    type HaltReason = HaltReason;

    /// Gas above the compute limit is held back in revm's reservoir, which nothing draws from before
    /// EIP-8037, and is returned at the end.
    fn tx_gas(&self, evm: &mut Evm<'a, I>, initial: &InitialAndFloorGas) -> GasTracker {
        let context = evm.ctx_ref();
        let limit = context.tx().gas_limit();
        let cap = match context.chain.is_call {
            true => COMPUTE_MAX,
            false => context.chain.limits.tx_gas.min(COMPUTE_MAX),
        };
        let (remaining, held) = initial.initial_gas_and_reservoir(limit, cap);
        GasTracker::new(limit, remaining, held)
    }

    /// Of the price of each gas the minimum goes to the infrastructure's fee account, if there is one,
    /// and the rest to the network's; the sequencer gets no tip.
    fn reward_beneficiary(
        &self,
        evm: &mut Evm<'a, I>,
        result: &mut FrameResult,
    ) -> Result<(), Error> {
        let context = evm.ctx();
        let base_fee = u128::from(context.block().basefee());
        let price = context.tx().effective_gas_price(base_fee);
        if context.cfg().is_fee_charge_disabled() || price == 0 {
            return Ok(());
        }
        let gas = result.gas();
        let used = gas.used().saturating_sub(gas.reservoir());
        let accounts = arbos::fee_accounts(context.db())?;
        let (price, used) = (U256::from(price), U256::from(used));
        let mut rest = price;
        if let Some(infra) = accounts.infra {
            let share = price.min(accounts.min);
            rest -= share;
            context.journal_mut().balance_incr(infra, share * used)?;
        }
        if !rest.is_zero() {
            context
                .journal_mut()
                .balance_incr(accounts.network, rest * used)?;
        }
        Ok(())
    }
}
