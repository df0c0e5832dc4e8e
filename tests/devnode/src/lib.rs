//! A local Arbitrum chain that runs Stylus programs and EVM contracts in one state.
//!
//! ```no_run
//! # async fn example() -> Result<(), stylus_devnode::Error> {
//! let node = stylus_devnode::spawn(stylus_devnode::Config::default()).await?;
//! println!("{}", node.url());
//! node.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! From the outside in. Each uses those below it; [`evm`], [`precompiles`], [`arbos`] and [`trace`] also
//! read the state that they work on, as [`chain::state::view::View`].
//!
//! | module | owns |
//! |---|---|
//! | [`node`], [`config`] | a running node: its thread, its state file, its settings |
//! | `miner` | what the node does by itself: blocks at intervals, writing the state file |
//! | `report` | what the log tells of new blocks |
//! | [`rpc`] | JSON-RPC: one file per concern, plain functions of the chain and their arguments |
//! | [`wallet`] | the keys that the node signs with |
//! | [`chain`] | state with an undo log, blocks, clock, calls, snapshots, dumps |
//! | [`trace`] | tracers of geth's forms, over mixed stacks |
//! | [`evm`] | one transaction: Arbitrum's handler, the frame loop, answers to programs |
//! | [`precompiles`] | ArbSys, ArbWasm, ArbOwner and the others, one file each |
//! | [`arbos`] | ArbOS state, at the slots where Nitro keeps it |
//! | [`fork`] | the chain that is forked, read lazily: client, caches, errors |
//! | [`errands`] | what a request needs and nobody must wait for: put off, brought, or the error why not |
//! | [`stylus`] | the program VM, which knows no EVM: activation, metering, host calls |
//!
//! # The life of a transaction
//!
//! 1. `rpc::transact` decodes it and recovers its sender on a blocking thread, then takes the
//!    chain's lock.
//! 2. [`chain::mining::send`] checks it and refuses it in geth's words; [`chain::mining`] executes it at once
//!    or puts it into the [`chain::pool`]. With automatic mining one whose nonce is too high waits
//!    there for its predecessor, until its sender has sent nothing for a second and nothing that came
//!    in before is on its way to the chain.
//! 3. A block begins with what `chain::mining::opening` does: the backlog of gas drains, the next price is made,
//!    an ArbOS upgrade that is due happens. What posting the transaction on L1 takes
//!    ([`arbos::poster`]) is added to its intrinsic gas.
//! 4. [`evm::execute`] runs it on a read-only [`chain::state::view::View`]. revm's interpreter runs EVM
//!    frames; a call frame whose code has a Stylus prefix is a [`stylus::Run`] beside revm's frame,
//!    so that checkpoints, warm sets, refunds, logs and transient storage are shared.
//! 5. A program asks ([`stylus::Request`]), `evm::answers` answers from the journal; a call or a
//!    creation becomes a frame on revm's stack, whose result is the answer.
//! 6. The journal's changes are committed with their undo log, ArbOS counts the gas, and the block
//!    with its transactions is sealed.
//!
//! # Known divergences from Nitro
//!
//! - Blocks lack Nitro's start-block transaction at index 0.
//! - With automatic mining, the default, each transaction is a block of its own.
//! - On a fork `stateRoot` is zero, as only a part of the state is known, and there are proofs only of
//!   what the upstream has as it is here.
//! - The base fee follows one gas target by the published rule, with four terms of the exponential's
//!   series, and was not compared with Nitro's; several pricing constraints that a forked chain has are
//!   not read.
//! - The poster's fee counts the bytes that this node's encoder of brotli makes of a transaction, some
//!   more or fewer than Nitro's; units are counted where data has a price only, calls pay for none, and
//!   the padding of estimates was not compared.
//! - There is no L1: the price of its data is what owners set, and its other parameters do nothing;
//!   messages to L1 are recorded and never arrive; tickets are never redeemed; and block numbers of L1
//!   are zero, or on a fork go on from the forked block's by one in 12 s of the clock, without hashes.
//! - A program's module hash is another hash: there is no proving machine.
//! - Programs compressed with Nitro's own dictionary are not read.
//! - Precompiles ArbBLS and ArbNativeTokenManager take no calls.
//! - NodeInterface finds no batches, and proves only messages that were sent on this node.
//! - ArbOwner and ArbOwnerPublic lack what concerns the native token's management, filtered
//!   transactions, tips, the chain configuration and several pricing constraints at once.
//! - ArbGasInfo lacks `getMultiGasBaseFee`.
//! - `ArbDebug.panic` reverts.
//! - An ArbOS upgrade that is scheduled to a version above 61 does not happen.

/// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod arbos;
pub mod chain;
pub mod config;
pub mod errands;
pub mod evm;
pub mod fork;
mod miner;
pub mod node;
pub mod precompiles;
mod report;
pub mod rpc;
pub mod stylus;
pub mod trace;
pub mod wallet;

pub use chain::fork::ForkInfo;
pub use config::{ARBOS_VERSION, CHAIN_ID, Config, DEV_ACCOUNT, TEST_ACCOUNTS};
pub use node::{Error, Node, spawn};
