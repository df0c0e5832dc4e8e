//! The keeper against a scripted node: what the library does and what the command says.

mod cli;
mod loops;
mod node;
mod sending;
mod transport;
mod world;
