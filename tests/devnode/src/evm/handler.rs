//! The phases of a transaction that differ from Ethereum's: what L1 takes is intrinsic gas, gas above a
//! limit is held back, fees go to ArbOS's accounts, and ArbOS counts the gas.

use std::marker::PhantomData;

use alloy_primitives::U256;
use revm::{
    context_interface::{
        Block, Cfg, ContextTr, JournalTr, Transaction,
        result::{EVMError, HaltReason, InvalidTransaction},
    },
    handler::{EvmTr, FrameResult, Handler, validation},
    interpreter::{GasTracker, InitialAndFloorGas},
};

use super::{Error, Evm};
use crate::arbos::{self, TX_LIMIT_SINCE, access, gas_price, poster::FUNDS};

/// {gas} Most that one transaction may use, whatever ArbOS state allows: the node is busy as long.
const COMPUTE_MAX: u64 = 1 << 30;

/// revm's handler with Arbitrum's gas hold, fee recipients and counting.
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

    /// The intrinsic gas, and what posting the transaction on L1 takes.
    fn validate_initial_tx_gas(&self, evm: &mut Evm<'a, I>) -> Result<InitialAndFloorGas, Error> {
        let context = evm.ctx_ref();
        let (tx, config) = (context.tx(), context.cfg());
        let mut initial = validation::validate_initial_tx_gas_with_gas_params(
            tx,
            *config.spec(),
            config.gas_params(),
            config.is_eip7623_disabled(),
            config.is_amsterdam_eip8037_enabled(),
            config.tx_gas_limit_cap(),
            None,
        )?;
        let gas = context.chain.poster.gas;
        initial.initial_regular_gas = initial.initial_regular_gas.saturating_add(gas);
        let (initial_gas, gas_limit) = (initial.initial_total_gas(), tx.gas_limit());
        if initial_gas > gas_limit {
            return Err(EVMError::Transaction(
                InvalidTransaction::CallGasCostMoreThanGasLimit {
                    initial_gas,
                    gas_limit,
                },
            ));
        }
        Ok(initial)
    }

    /// Gas above the compute limit is held back in revm's reservoir, which nothing draws from before
    /// EIP-8037, and is returned at the end.
    fn tx_gas(&self, evm: &mut Evm<'a, I>, initial: &InitialAndFloorGas) -> GasTracker {
        let context = evm.ctx_ref();
        let limit = context.tx().gas_limit();
        let cap = match context.chain.is_call {
            true => COMPUTE_MAX,
            false => context.chain.limits.tx_gas.min(COMPUTE_MAX),
        };
        // What L1 takes is no computing, and the intrinsic gas was none while one limit was the
        // block's and the transaction's.
        let uncounted = match context.chain.arbos_version {
            TX_LIMIT_SINCE.. => context.chain.poster.gas,
            _ => initial.initial_regular_gas,
        };
        let cap = cap.saturating_add(uncounted);
        let (remaining, held) = initial.initial_gas_and_reservoir(limit, cap);
        GasTracker::new(limit, remaining, held)
    }

    /// A fifth of the gas at most is refunded, without what L1 takes.
    fn refund(
        &self,
        evm: &mut Evm<'a, I>,
        result: &mut FrameResult,
        eip7702_refund: i64,
    ) -> Result<(), Error> {
        let context = evm.ctx();
        let quotient = context.cfg().gas_params().max_refund_quotient();
        let poster = context.chain.poster.gas;
        let gas = result.gas_mut();
        gas.record_refund(eip7702_refund);
        let unused = gas.reservoir().saturating_add(poster);
        let most = gas.total_gas_spent().saturating_sub(unused) / quotient;
        gas.set_refund(gas.refunded().min(i64::try_from(most).unwrap_or(i64::MAX)));
        Ok(())
    }

    /// What L1 takes goes to its posters' funds. Of the price of each other gas the minimum goes to the
    /// infrastructure's fee account, if there is one, and the rest to the network's: those that the
    /// transaction leaves, should it have set others. The sequencer gets no tip.
    ///
    /// Then ArbOS counts what was computed, which makes later gas dearer, and what was taken for L1.
    /// Gas that costs nothing is not counted.
    fn reward_beneficiary(
        &self,
        evm: &mut Evm<'a, I>,
        result: &mut FrameResult,
    ) -> Result<(), Error> {
        let context = evm.ctx();
        let base_fee = u128::from(context.block().basefee());
        let price = context.tx().effective_gas_price(base_fee);
        if context.chain.is_probe || price == 0 {
            return Ok(());
        }
        let gas = result.gas();
        let used = gas.used().saturating_sub(gas.reservoir());
        let accounts = arbos::fee_accounts(|slot| access::read(context, slot))?;
        let poster = context.chain.poster.gas.min(used);
        let computed = used - poster;
        let (price, used) = (U256::from(price), U256::from(computed));
        if poster > 0 {
            let fee = price * U256::from(poster);
            context.journal_mut().balance_incr(FUNDS, fee)?;
        }
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
        let paid = context.chain.poster;
        gas_price::grow(context, computed)?;
        paid.count(context)?;
        Ok(())
    }
}
