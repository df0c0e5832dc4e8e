/// The rule that a calculation broke.
///
/// Contracts turn each into their own ABI error; nothing here formats text, which would cost kilobytes of wasm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The bucket has no room for the amount.
    BucketFull,
    /// More decimals than [`crate::price::FEED_DECIMALS_MAX`] or [`crate::price::TOKEN_DECIMALS_MAX`].
    DecimalsOutOfRange,
    /// The divisor is zero.
    DivisionByZero,
    /// Parallel slices differ in length, or hold more than [`crate::ASSETS_MAX`] assets.
    LengthMismatch,
    /// The portfolio is worth nothing.
    NavZero,
    /// The asset to sell is not above its target.
    NotOverweight,
    /// The asset to buy is not below its target.
    NotUnderweight,
    /// The result does not fit its type.
    Overflow,
    /// The trade left an asset beyond its target by more than the tolerance.
    Overshoot,
    /// A price of zero, or one that rounds to zero.
    PriceZero,
    /// Slippage of more than the whole.
    SlippageOutOfRange,
    /// A square-root ratio outside what Uniswap V3 allows.
    SqrtRatioOutOfRange,
    /// A tick outside what Uniswap V3 allows.
    TickOutOfRange,
    /// The trade is above the largest size.
    TradeTooLarge,
    /// The trade is below the smallest size.
    TradeTooSmall,
}
