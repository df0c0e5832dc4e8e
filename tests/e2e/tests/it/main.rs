//! End-to-end tests of Gimbal: the shipped wasm on an in-process chain, beside real Uniswap V3 bytecode.
//!
//! | module | what must be true |
//! |---|---|
//! | `lifecycle` | the main job: deposit, drift, rebalance, redeem, kill, redeem |
//! | `vault_guards`, `vault_engine`, `vault_governance`, `vault_erc20` | every function's guards, in order |
//! | `engine_guards`, `engine_settings`, `adapter_guards` | the same for engine and adapter |
//! | `reentrancy`, `attack`, `calldata` | hostile tokens and pools change nothing from inside a call, outsiders nothing at all |
//! | `exit`, `shares`, `quota` | the way out, the arithmetic of shares, what a malicious engine can take |
//! | `feeds`, `twap` | price sources that lie, stall, or are young, thin or empty |
//! | `rebalance`, `hostile_keeper` | honest trades pass, dishonest ones do not |
//! | `fork` | Gimbal and Uniswap V3 run on a fork of the chain where they are deployed |
//! | `restart`, `stylus`, `clients` | the keeper outlives its node; programs, constructors, expiry; `cast` |

mod adapter_guards;
mod attack;
mod calldata;
mod clients;
mod engine_guards;
mod engine_settings;
mod exit;
mod feeds;
mod fork;
mod hostile_keeper;
mod lifecycle;
mod quota;
mod rebalance;
mod reentrancy;
mod restart;
mod shares;
mod stylus;
mod twap;
mod vault_engine;
mod vault_erc20;
mod vault_governance;
mod vault_guards;
