//! Clients of others against the node, each as its users start it.
//!
//! | module | client |
//! |---|---|
//! | `cargo_stylus` | `cargo stylus`: check, deploy, activate, cache, trace |
//! | `cast`, `forge` | Foundry's tools, on a chain where EVM contracts and Stylus programs call each other |
//! | `websocket` | alloy over a WebSocket |
//! | `viem` | viem and ethers under Node.js |
//! | `vault` | `cast` on Gimbal's own vault |

mod cargo_stylus;
mod cast;
mod forge;
mod vault;
mod viem;
mod websocket;
