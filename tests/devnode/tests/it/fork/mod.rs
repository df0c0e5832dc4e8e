//! Fork mode: another node as the upstream, and what goes wrong with it.

mod rig;
mod state;
