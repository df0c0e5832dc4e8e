//! The engine in a small world, through its own router.

mod interface;
mod listing;
mod oracles;
mod rebalance;
mod roles;
mod views;
