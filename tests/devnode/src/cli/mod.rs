//! The command line: without a subcommand it runs the node.

mod fork;
mod inspect;
mod methods;
mod run;
mod trace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A local Arbitrum chain that runs Stylus programs and EVM contracts.
#[derive(Debug, Parser)]
#[command(
    name = "stylus-devnode",
    version,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::Flags),
    Trace(trace::Flags),
    /// List the JSON-RPC methods, in Markdown
    Methods,
}

impl Cli {
    /// Does what was asked.
    ///
    /// # Errors
    /// Whatever kept it from being done, in words for the user.
    pub(crate) async fn execute(self) -> eyre::Result<ExitCode> {
        match self.command {
            None => run::run(&self.run).await,
            Some(Command::Inspect(flags)) => Ok(inspect::inspect(&flags)),
            Some(Command::Trace(flags)) => trace::trace(&flags).await,
            Some(Command::Methods) => methods::methods().await.map(|()| ExitCode::SUCCESS),
        }
    }
}
