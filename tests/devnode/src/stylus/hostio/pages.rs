//! Paying for memory.

use super::Host;
use crate::stylus::{ArbosVersion, Request, host::HostError, pricing::HOSTIO};

/// Pays for opening pages. The rewriting calls this before every `memory.grow`.
///
/// Asking for no page costs a host function's price. Before Stylus version 3 only the low 16 bits count.
pub(super) async fn pay_for_memory_grow(host: &mut Host<'_>, pages: u32) -> Result<(), HostError> {
    if pages > u32::from(u16::MAX) && host.state().rules.since(ArbosVersion::STYLUS_V3) {
        return Err(host.out_of_ink());
    }
    let pages = pages as u16;
    match pages {
        0 => host.buy_ink(HOSTIO)?,
        pages => host.ask_done(Request::AddPages { pages }).await?,
    }
    host.record("pay_for_memory_grow", &[&pages.to_be_bytes()], &[]);
    Ok(())
}
