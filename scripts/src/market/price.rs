//! Dollar prices as pools and feeds want them.

use alloy::primitives::aliases::U512;
use alloy::primitives::{I256, U160, U256};
use eyre::{OptionExt, Result, ensure};

/// Decimals of every feed of the market.
pub const FEED_DECIMALS: u8 = 8;

/// A price, in 1e-8 USD per whole token: what a Chainlink USD feed answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(pub u64);

impl Usd {
    /// So many dollars.
    pub const fn whole(dollars: u64) -> Self {
        Self(dollars * 100_000_000)
    }

    /// `self * factor`, to the nearest 1e-8 USD. For stories: a price path needs no exact arithmetic, only one answer
    /// that feed and pool share.
    pub fn times(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor).round() as u64)
    }

    /// As a feed's answer.
    pub fn answer(self) -> I256 {
        I256::try_from(self.0).unwrap_or(I256::MAX)
    }

    /// D18{usd/whole token}, the scale of the engine's interface.
    pub fn d18(self) -> U256 {
        U256::from(self.0) * U256::from(10_000_000_000u64)
    }
}

impl std::fmt::Display for Usd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}.{:02}",
            self.0 / 100_000_000,
            self.0 % 100_000_000 / 1_000_000
        )
    }
}

/// One side of a pool.
#[derive(Debug, Clone, Copy)]
pub struct Side {
    /// Price of a whole token.
    pub price: Usd,
    /// The token's decimals.
    pub decimals: u8,
}

/// Square root of token1 per token0 in base units, Q64.96, where a base unit of each is worth its price.
///
/// `floor(sqrt(p0 * 10^d1 * 2^192 / (p1 * 10^d0)))`
///
/// - Errors: a price of zero, or a ratio outside 160 bits.
pub fn sqrt_price(token0: Side, token1: Side) -> Result<U160> {
    ensure!(
        token0.price.0 > 0 && token1.price.0 > 0,
        "a price of zero has no pool"
    );
    let scaled =
        |price: Usd, decimals: u8| U512::from(price.0) * U512::from(10).pow(U512::from(decimals));
    let ratio =
        (scaled(token0.price, token1.decimals) << 192usize) / scaled(token1.price, token0.decimals);
    narrow(ratio.root(2))
}

/// The square-root price after the price of token0 (or of token1) moved by `bps`.
///
/// - Errors: a move of -100 % or beyond, or a ratio outside 160 bits.
pub fn shift(sqrt_price: U160, bps: i32, of_token0: bool) -> Result<U160> {
    let moved = u32::try_from(10_000 + bps)
        .ok()
        .filter(|m| *m > 0)
        .ok_or_eyre("a price cannot fall by 100 %")?;
    let square = U512::from(sqrt_price) * U512::from(sqrt_price);
    let (up, down) = if of_token0 {
        (moved, 10_000)
    } else {
        (10_000, moved)
    };
    narrow((square * U512::from(up) / U512::from(down)).root(2))
}

fn narrow(root: U512) -> Result<U160> {
    ensure!(
        root.bit_len() <= 160 && root.bit_len() > 0,
        "the price is outside of what a pool can hold"
    );
    Ok(root.to())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sides_have_ratio_one() {
        let side = Side {
            price: Usd::whole(1),
            decimals: 18,
        };
        assert_eq!(sqrt_price(side, side).unwrap(), U160::from(1) << 96usize);
    }

    #[test]
    fn swapping_the_sides_inverts_the_ratio() {
        let wbtc = Side {
            price: Usd::whole(60_000),
            decimals: 8,
        };
        let usdc = Side {
            price: Usd::whole(1),
            decimals: 6,
        };
        let product = U512::from(sqrt_price(wbtc, usdc).unwrap())
            * U512::from(sqrt_price(usdc, wbtc).unwrap());
        let one = U512::from(1) << 192usize;
        assert!(one - product < one >> 80usize);
        // 60,000 USDC per WBTC is 600 base units per base unit.
        let root = sqrt_price(wbtc, usdc).unwrap() >> 88usize;
        assert!((24.4948f64 - f64::from(u32::try_from(root).unwrap()) / 256.0).abs() < 0.01);
    }

    #[test]
    fn a_shift_is_seen_from_either_side() {
        let start = U160::from(1) << 96usize;
        assert_eq!(shift(start, 0, true).unwrap(), start);
        assert!(
            shift(start, 60, true).unwrap() > start && shift(start, 60, false).unwrap() < start
        );
        assert!(shift(start, -10_000, true).is_err());
    }

    #[test]
    fn prices_print_in_dollars_and_cents() {
        assert_eq!(Usd::whole(60_000).times(1.15).to_string(), "69000.00");
        assert_eq!(
            Usd::whole(3).d18(),
            U256::from(3_000_000_000_000_000_000u64)
        );
    }
}
