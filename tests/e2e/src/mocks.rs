//! How the Solidity mocks in `tests/e2e/solidity` can be told to behave; their bindings are in `gimbal_scripts`.

use alloy::primitives::Bytes;
use eyre::Result;
use gimbal_scripts::artifact::Artifacts;

/// `MockFeed.Mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FeedMode {
    /// Answers.
    Normal,
    /// Reverts.
    Revert,
    /// Succeeds without data.
    Empty,
    /// Returns two words instead of five.
    Short,
    /// Burns all gas it gets.
    Burn,
    /// Returns a round id wider than 80 bits.
    Dirty,
    /// Returns 100 kB of zeros.
    Bomb,
}

/// `HostileToken.Behaviour`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Behaviour {
    /// Moves and returns true.
    Normal,
    /// Moves nothing and returns false.
    ReturnFalse,
    /// Moves nothing and returns true.
    ReturnTrueOnly,
    /// Moves and returns nothing.
    NoReturn,
    /// Reverts with `Refused`.
    Reverts,
    /// Reverts without data.
    RevertsEmpty,
    /// Burns all gas it gets.
    BurnGas,
    /// Moves and returns 100 kB.
    Bomb,
    /// Reverts with 100 kB.
    RevertBomb,
}

/// `HostilePool.Trap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Trap {
    /// Behaves.
    None,
    /// Fires its calls before it pays.
    BeforeCallback,
    /// Fires its calls after the callback.
    AfterCallback,
    /// Reverts in `observe`.
    DuringObserve,
    /// Asks to be paid twice.
    CallbackTwice,
    /// Never asks to be paid.
    NoCallback,
    /// Asks for twice the input.
    Overcharge,
    /// Pays half of the output.
    Underpay,
    /// Pays nothing.
    NoPay,
}

/// Init code of `contract` in `solidity/src/FILE.sol`, with encoded constructor arguments.
///
/// # Errors
///
/// If `./scripts/setup` has not built the mocks.
pub fn init_code(file: &str, contract: &str, arguments: &[u8]) -> Result<Bytes> {
    let code = Artifacts::default().mock(file, contract)?;
    Ok([&code[..], arguments].concat().into())
}
