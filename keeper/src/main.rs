//! The `gimbal` command. Everything is in the library.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> eyre::Result<ExitCode> {
    gimbal_keeper::cli::main().await.map(ExitCode::from)
}
