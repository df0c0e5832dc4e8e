//! What is at Arbitrum's own addresses.

mod arbos;
mod messages;
mod node_interface;
mod posting;
mod precompiles;
mod pricing;
