//! The command line: results on stdout, everything else on stderr.
//!
//! Exit codes: 0 done; 1 unexpected; 2 usage; 3 configuration, key or mismatch; 4 node; 5 refused in simulation;
//! 6 failed on chain or no receipt; 7 halted; 10 out of band (`status --exit-code`); 130 SIGINT; 143 SIGTERM.

mod args;
mod confirm;
mod context;
mod deploy;
mod keeping;
mod moving;
mod output;
mod signals;
mod status;

use clap::Parser as _;

pub use args::{Cli, Verb};

/// Exit code of a halted vault.
const HALTED: u8 = 7;
/// Exit code of `status --exit-code` when an asset is out of its band.
const OUT_OF_BAND: u8 = 10;

/// Runs the command line of this process and returns its exit code.
pub async fn main() -> eyre::Result<u8> {
    let cli = Cli::parse();
    output::init(&cli.global);
    let signals = signals::Signals::install()?;
    let work = run(&cli, &signals);
    // A loop ends by itself when a signal arrives; everything else is dropped where it stands.
    let result = if matches!(cli.verb, Verb::Run(_)) {
        work.await
    } else {
        tokio::select! {
            result = work => result,
            () = signals.received() => return Ok(signals.code()),
        }
    };
    match result {
        Ok(code) => Ok(code),
        Err(error) => {
            let code = error
                .downcast_ref::<crate::Error>()
                .map_or(1, crate::Error::exit_code);
            output::failure(&cli.global, &error, code);
            Ok(code)
        }
    }
}

async fn run(cli: &Cli, signals: &signals::Signals) -> eyre::Result<u8> {
    match &cli.verb {
        Verb::Deploy(verb) => deploy::run(&cli.global, verb).await,
        Verb::Deposit(verb) => moving::deposit(&cli.global, verb).await,
        Verb::Redeem(verb) => moving::redeem(&cli.global, verb).await,
        Verb::Status(verb) => status::run(&cli.global, verb).await,
        Verb::Once(verb) => keeping::once(&cli.global, verb).await,
        Verb::Run(verb) => keeping::run(&cli.global, verb, signals).await,
    }
}
