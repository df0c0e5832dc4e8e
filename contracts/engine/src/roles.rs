//! Who may do what. Owner and guardians are the vault's; keepers are the engine's.

use stylus_sdk::prelude::*;

use crate::{
    Engine,
    errors::{Error, NotRole, Result},
    vault,
};

/// Role numbers of `NotRole`.
const OWNER: u64 = 0;
const GUARDIAN: u64 = 1;
const KEEPER: u64 = 3;

/// Errors: [`NotRole`].
pub(crate) fn only_owner(engine: &Engine) -> Result<()> {
    allow(vault::is_owner(engine)?, OWNER)
}

/// Errors: [`NotRole`].
pub(crate) fn only_owner_or_guardian(engine: &Engine) -> Result<()> {
    allow(
        vault::is_owner(engine)? || vault::is_guardian(engine)?,
        GUARDIAN,
    )
}

/// Errors: [`NotRole`].
pub(crate) fn only_keeper(engine: &Engine) -> Result<()> {
    allow(engine.is_keeper(engine.vm().msg_sender()), KEEPER)
}

fn allow(allowed: bool, role: u64) -> Result<()> {
    if allowed {
        Ok(())
    } else {
        Err(Error::of::<NotRole>(&[role]))
    }
}
