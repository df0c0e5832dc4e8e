//! What is at Arbitrum's own addresses.

mod arbos;
mod messages;
mod node_interface;
mod precompiles;
mod pricing;
