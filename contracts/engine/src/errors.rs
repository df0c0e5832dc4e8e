//! Every way in which the engine refuses, in the order of the alphabet. The list is that of `IEngine.sol`.

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;

use crate::{
    calls::{each, encode, keep},
    words::{Field, number},
};

#[rustfmt::skip]
pub(crate) use crate::interface::IEngine::{
    BadNonce,
    BadPrice,
    BadRoute,
    CallFailed,
    Cooldown,
    DeadlinePassed,
    Deviation,
    DriftNotReduced,
    GainTooLarge,
    HardCap,
    LengthMismatch,
    LossTooLarge,
    NotBreached,
    NotListed,
    NotRole,
    Overflow,
    Overshoot,
    RegistryMismatch,
    SequencerDown,
    SequencerGrace,
    SpotDeviation,
    StalePrice,
    SupplyChanged,
    TargetSum,
    ThinPool,
    TradeCount,
    TradeTooLarge,
    TradeTooSmall,
    TwapUnavailable,
    UnknownVenue,
    WrongDirection,
    WrongMode,
    ZeroAddress,
};

/// The engine's results.
pub(crate) type Result<T, E = Error> = core::result::Result<T, E>;

/// The rule that a call broke, as revert data: an error of the list, or what a callee reverted with, byte for byte.
///
/// Encoded where it arises and never freed (nothing is, see [`crate::calls::keep`]): a slice to pass on costs a third of
/// the wasm that a typed enum does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Error(pub(crate) &'static [u8]);

impl Error {
    /// An error with small arguments.
    pub(crate) fn of<E: SolError>(arguments: &[u64]) -> Self {
        Self::small(E::SELECTOR, arguments)
    }

    /// An error with large arguments.
    pub(crate) fn wide<E: SolError>(arguments: &[U256]) -> Self {
        Self::large(E::SELECTOR, arguments)
    }

    /// An error about an asset or a trade.
    pub(crate) fn at<E: SolError>(index: usize) -> Self {
        Self::of::<E>(&[number(index)])
    }

    /// A call to `target` that failed without a reason, or a reply that makes no sense.
    pub(crate) fn call_failed(target: Address) -> Self {
        Self(keep(encode(CallFailed::SELECTOR, &[target.to_word()])))
    }

    /// Whether this is an error of that kind.
    pub(crate) fn is<E: SolError>(self) -> bool {
        self.0.starts_with(&E::SELECTOR)
    }

    #[inline(never)]
    fn small(selector: [u8; 4], arguments: &[u64]) -> Self {
        Self(keep(encode(selector, each(arguments))))
    }

    #[inline(never)]
    fn large(selector: [u8; 4], arguments: &[U256]) -> Self {
        Self(keep(encode(selector, each(arguments))))
    }
}

/// Arithmetic that leaves its domain. Where a caller can cause a specific core error, the call site maps it itself.
impl From<gimbal_core::Error> for Error {
    fn from(_: gimbal_core::Error) -> Self {
        Self::of::<Overflow>(&[])
    }
}
