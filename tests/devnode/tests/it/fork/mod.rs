//! Fork mode: another node as the upstream, and what goes wrong with it.

mod cache;
mod faults;
mod flags;
mod l1;
mod messages;
mod older;
mod proxy;
pub(crate) mod rig;
mod state;
mod versions;
mod waiting;
