//! Numbers as people read them, and 256-bit numbers as JSON holds them: in decimal, as strings.

use alloy::primitives::U256;

/// `value / 10^decimals` with at most `places` digits after the point, cut, not rounded.
pub fn units(value: U256, decimals: u8, places: usize) -> String {
    let digits = format!("{value:0>width$}", width = usize::from(decimals) + 1);
    let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
    let part = &part[..part.len().min(places)];
    if part.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{part}")
    }
}

/// A D18 amount of USD with two digits.
pub fn usd(value: U256) -> String {
    units(value, 18, 2)
}

/// A D18 fraction as percent with two digits.
pub fn percent(value: U256) -> String {
    units(value, 16, 2) + " %"
}

/// A D18 fraction in whole basis points, cut.
pub fn bps(value: U256) -> U256 {
    value / U256::from(100_000_000_000_000_u64)
}

/// A price with about six significant digits.
pub fn price(value: U256) -> String {
    let one = U256::from(1_000_000_000_000_000_000_u64);
    units(
        value,
        18,
        if value >= one * U256::from(100) { 2 } else { 6 },
    )
}

/// Serialises a `U256` as a decimal string.
pub mod decimal {
    use alloy::primitives::U256;
    use serde::Serializer;

    /// For `#[serde(with = …)]`.
    ///
    /// # Errors
    ///
    /// The serialiser's own.
    pub fn serialize<S: Serializer>(value: &U256, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }
}

/// Serialises an `Option<U256>` as a decimal string or null.
pub mod decimal_or_null {
    use alloy::primitives::U256;
    use serde::Serializer;

    /// For `#[serde(with = …)]`.
    ///
    /// # Errors
    ///
    /// The serialiser's own.
    pub fn serialize<S: Serializer>(
        value: &Option<U256>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_to_their_places() {
        let n = |n: u128| U256::from(n);
        assert_eq!(units(n(1_500_000), 6, 6), "1.500000");
        assert_eq!(units(n(1_999_999), 6, 2), "1.99");
        assert_eq!(units(n(7), 6, 6), "0.000007");
        assert_eq!(units(n(42), 0, 4), "42");
        assert_eq!(usd(n(12_345_678_900_000_000_000_000)), "12345.67");
        assert_eq!(percent(n(253_312_345_678_901_234)), "25.33 %");
        assert_eq!(bps(n(33_199_999_999_999_999)), n(331));
        assert_eq!(price(n(999_950_000_000_000_000)), "0.999950");
        assert_eq!(price(n(2_500_120_000_000_000_000_000)), "2500.12");
    }
}
