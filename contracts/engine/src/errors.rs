//! Every way in which the engine refuses, in the order of the alphabet. The list is that of `IEngine.sol`.

use alloc::vec::Vec;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;

use crate::{
    calls::encode,
    words::{Field, number},
};

alloy_sol_types::sol! {
    error BadNonce(uint64 got, uint64 want);
    error BadPrice(uint256 index);
    error BadRoute(uint256 trade);
    error CallFailed(address target);
    error Cooldown(uint64 until);
    error DeadlinePassed(uint64 deadline);
    error Deviation(uint256 index, uint256 bps);
    error DriftNotReduced(uint256 before, uint256 afterwards);
    error GainTooLarge(uint256 bps, uint256 limit);
    error HardCap(uint256 value, uint256 cap);
    error LengthMismatch(uint256 got, uint256 want);
    error LossTooLarge(uint256 bps, uint256 limit);
    error NotBreached(uint256 drift);
    error NotListed(uint256 index);
    error NotRole(uint8 role);
    error Overflow();
    error Overshoot(uint256 index);
    error RegistryMismatch(uint256 index);
    error SequencerDown();
    error SequencerGrace(uint64 until);
    error SpotDeviation(uint256 index, uint256 bps);
    error StalePrice(uint256 index);
    error SupplyChanged(uint256 before, uint256 afterwards);
    error TargetSum(uint256 sum);
    error ThinPool(uint256 index, uint256 liquidity);
    error TradeCount(uint256 count);
    error TradeTooLarge(uint256 trade, uint256 usd);
    error TradeTooSmall(uint256 trade, uint256 usd);
    error TwapUnavailable(uint256 index);
    error UnknownVenue(uint256 venue);
    error WrongDirection(uint256 trade);
    error WrongMode(uint8 mode);
    error ZeroAddress();
}

/// The engine's results.
pub(crate) type Result<T, E = Error> = core::result::Result<T, E>;

/// The rule that a call broke, as revert data: an error of the list, or what a callee reverted with, byte for byte.
///
/// Encoded where it arises: passed on in three words of memory, it costs a third of the wasm that a typed enum does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub(crate) Vec<u8>);

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
        Self(encode(CallFailed::SELECTOR, &[target.to_word()]))
    }

    /// Whether this is an error of that kind.
    pub(crate) fn is<E: SolError>(&self) -> bool {
        self.0.starts_with(&E::SELECTOR)
    }

    #[inline(never)]
    fn small(selector: [u8; 4], arguments: &[u64]) -> Self {
        let words: Vec<_> = arguments.iter().map(Field::to_word).collect();
        Self(encode(selector, &words))
    }

    #[inline(never)]
    fn large(selector: [u8; 4], arguments: &[U256]) -> Self {
        let words: Vec<_> = arguments.iter().map(Field::to_word).collect();
        Self(encode(selector, &words))
    }
}

impl From<Error> for Vec<u8> {
    fn from(error: Error) -> Self {
        error.0
    }
}

/// Arithmetic that leaves its domain. Where a caller can cause a specific core error, the call site maps it itself.
impl From<gimbal_core::Error> for Error {
    fn from(_: gimbal_core::Error) -> Self {
        Self::of::<Overflow>(&[])
    }
}
