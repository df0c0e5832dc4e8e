//! ArbRetryableTx, `0x6e`: tickets that L1 submits. Without an L1 there is none, but in a fork.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolValue;

use super::{
    Access, Precompile,
    abi::ArbRetryableTx::{ArbRetryableTxCalls as Calls, NoTicketWithID, NotCallable},
    metered::{Failure, Metered, revert},
};
use crate::arbos::slots::{ROOT, Space, offset::retryable, space};

/// {s} How long a ticket can be redeemed.
const LIFETIME: u64 = 7 * 86_400;

pub(super) struct ArbRetryableTx;

impl Precompile for ArbRetryableTx {
    type Calls = Calls;

    fn access(call: &Calls) -> Access {
        match call {
            Calls::redeem(_)
            | Calls::keepalive(_)
            | Calls::cancel(_)
            | Calls::submitRetryable(_) => Access::Write,
            _ => Access::View,
        }
    }

    fn run(frame: &mut Metered<'_, '_>, call: Calls) -> Result<Vec<u8>, Failure> {
        match call {
            Calls::getLifetime(_) => Ok(U256::from(LIFETIME).abi_encode()),
            Calls::getCurrentRedeemer(_) => Ok(Address::ZERO.abi_encode()),
            // Explorers decode submissions by this method, which nobody calls.
            Calls::submitRetryable(_) => Err(revert(NotCallable {})),
            Calls::getTimeout(call) => {
                let (ticket, timeout) = ticket(frame, call.ticket)?;
                let left = frame.read_u64(ticket.slot(retryable::LIFETIMES_LEFT))?;
                let added = U256::from(left) * U256::from(LIFETIME);
                Ok((U256::from(timeout) + added).abi_encode())
            }
            Calls::getBeneficiary(call) => {
                let (ticket, _) = ticket(frame, call.ticket)?;
                let beneficiary = frame.read_address(ticket.slot(retryable::BENEFICIARY))?;
                Ok(beneficiary.abi_encode())
            }
            Calls::redeem(call) => unsupported(frame, call.ticket),
            Calls::keepalive(call) => unsupported(frame, call.ticket),
            Calls::cancel(call) => unsupported(frame, call.ticket),
        }
    }
}

/// The space of a ticket that has not expired, and its timeout. A fork may have some.
fn ticket(frame: &mut Metered<'_, '_>, id: B256) -> Result<(Space, u64), Failure> {
    let ticket = ROOT.child(space::RETRYABLES).child_of(id.as_slice());
    let timeout = frame.read_u64(ticket.slot(retryable::TIMEOUT))?;
    match timeout == 0 || timeout < frame.time() {
        true => Err(revert(NoTicketWithID {})),
        false => Ok((ticket, timeout)),
    }
}

/// Tickets are not executed here.
fn unsupported(frame: &mut Metered<'_, '_>, id: B256) -> Result<Vec<u8>, Failure> {
    ticket(frame, id)?;
    Err(Failure::Burn)
}
