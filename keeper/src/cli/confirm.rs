//! Consent before anything is spent.

use std::io::{IsTerminal, Write, stderr, stdin};

use super::output::say;
use crate::config::ConfigError;
use crate::error::Error;

/// Shows `plan` and asks on a terminal; elsewhere `yes` must have been given.
pub(super) fn confirm(plan: &str, yes: bool) -> Result<(), Error> {
    say(plan);
    if yes {
        return Ok(());
    }
    let refused = |text: &str| Err(Error::Config(ConfigError::Invalid(text.into())));
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return refused("nothing was sent: this is not a terminal, so --yes is needed");
    }
    // A prompt that cannot be shown is answered by the next line anyway.
    write!(stderr(), "Send it? [y/N] ").ok();
    stderr().flush().ok();
    let mut answer = String::new();
    stdin().read_line(&mut answer).ok();
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => refused("nothing was sent"),
    }
}
