//! Quantities as people write them: `"25%"`, `"200bps"`, `"15m"`, `"0.98"`. A bare number where a unit matters is an
//! error, and so is anything that would have to be rounded. No error repeats what was written: it may be a secret in the
//! wrong place.

use std::fmt;
use std::str::FromStr;

use alloy::primitives::U256;
use alloy::primitives::utils::parse_units;
use serde::de::{Deserialize, Deserializer, Error as _};

/// A fraction of at most 655.35 %, in basis points: `"200bps"` or `"2%"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bps(pub u16);

/// A fraction of a whole, D18: `"25%"`, `"33.3333%"` or `"2500bps"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u64);

/// A span of time, s: `"30s"`, `"15m"`, `"1h"`, `"7d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u32);

/// An amount of USD, D18: `"0.98"` or `"100000"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(pub u128);

/// Wei per gas: `"0.1gwei"` or `"100wei"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GasPrice(pub u128);

/// A decimal number whose scale is known only on chain: `"1.5"` of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(String);

/// A whole number beyond TOML's 63 bits: `"340282366920938463463"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole(pub u128);

impl FromStr for Bps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bps = fraction(text, 2, 0)?;
        u16::try_from(bps)
            .map(Self)
            .map_err(|_| "out of range".to_owned())
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let share = fraction(text, 16, 14)?;
        if share > U256::from(1_000_000_000_000_000_000_u64) {
            return Err("more than 100%".to_owned());
        }
        Ok(Self(share.to()))
    }
}

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || String::from("not a duration; write \"30s\", \"15m\", \"1h\" or \"7d\"");
        let unit = text.chars().last().ok_or_else(wanted)?;
        let scale = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(wanted()),
        };
        let count: u32 = text
            .trim_end_matches(unit)
            .trim_end()
            .parse()
            .map_err(|_| wanted())?;
        count
            .checked_mul(scale)
            .map(Self)
            .ok_or_else(|| "too long".to_owned())
    }
}

impl FromStr for Usd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = decimal(text, 18)?;
        u128::try_from(value)
            .map(Self)
            .map_err(|_| "too large".to_owned())
    }
}

impl FromStr for GasPrice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = if let Some(number) = text.strip_suffix("gwei") {
            decimal(number.trim_end(), 9)?
        } else if let Some(number) = text.strip_suffix("wei") {
            decimal(number.trim_end(), 0)?
        } else {
            return Err(String::from(
                "not a gas price; write \"0.1gwei\" or \"100wei\"",
            ));
        };
        u128::try_from(value)
            .map(Self)
            .map_err(|_| "too large".to_owned())
    }
}

impl FromStr for Decimal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        decimal(text, 36).map(|_| Self(text.to_owned()))
    }
}

impl FromStr for Whole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = decimal(text, 0)?;
        u128::try_from(value)
            .map(Self)
            .map_err(|_| "too large".to_owned())
    }
}

impl Decimal {
    /// The number in units of `10^-decimals`.
    ///
    /// # Errors
    ///
    /// If digits would be lost.
    pub fn scaled(&self, decimals: u8) -> Result<U256, String> {
        decimal(&self.0, decimals)
    }
}

impl fmt::Display for Bps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}bps", self.0)
    }
}

/// `N%` with a scale of `10^percent`, or `Nbps` with `10^bps`.
fn fraction(text: &str, percent: u8, bps: u8) -> Result<U256, String> {
    if let Some(number) = text.strip_suffix('%') {
        decimal(number.trim_end(), percent)
    } else if let Some(number) = text.strip_suffix("bps") {
        decimal(number.trim_end(), bps)
    } else {
        Err(String::from("not a fraction; write \"25%\" or \"200bps\""))
    }
}

/// Exact: more digits than the scale holds are an error, not a rounding.
fn decimal(text: &str, scale: u8) -> Result<U256, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || text.ends_with('.') {
        return Err("not a decimal number".to_owned());
    }
    if part.len() > usize::from(scale) {
        return Err(format!("more than {scale} decimals"));
    }
    parse_units(text, scale)
        .map(|parsed| parsed.get_absolute())
        .map_err(|_| "too large".to_owned())
}

macro_rules! from_text {
    ($($unit:ty),+) => {$(
        impl<'de> Deserialize<'de> for $unit {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

from_text!(Bps, Share, Seconds, Usd, GasPrice, Decimal, Whole);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units() {
        assert_eq!("200bps".parse(), Ok(Bps(200)));
        assert_eq!("2%".parse(), Ok(Bps(200)));
        assert_eq!("0.25%".parse(), Ok(Bps(25)));
        assert_eq!("25%".parse(), Ok(Share(250_000_000_000_000_000)));
        assert_eq!("33.3333%".parse(), Ok(Share(333_333_000_000_000_000)));
        assert_eq!("2500bps".parse(), Ok(Share(250_000_000_000_000_000)));
        assert_eq!("1h".parse(), Ok(Seconds(3_600)));
        assert_eq!("1860s".parse(), Ok(Seconds(1_860)));
        assert_eq!("0.98".parse(), Ok(Usd(980_000_000_000_000_000)));
        assert_eq!("0.1gwei".parse(), Ok(GasPrice(100_000_000)));
        assert_eq!(
            "1.5".parse::<Decimal>().unwrap().scaled(6),
            Ok(U256::from(1_500_000))
        );
    }

    #[test]
    fn what_is_not_exact_is_an_error() {
        assert!("200".parse::<Bps>().unwrap_err().contains("200bps"));
        assert!("0.001%".parse::<Bps>().is_err());
        assert!("700%".parse::<Bps>().is_err());
        assert!("101%".parse::<Share>().is_err());
        for bad in ["30", "h", "", "1.5h", "-1s", "9999999d"] {
            assert!(bad.parse::<Seconds>().is_err(), "{bad}");
        }
        for bad in [
            "1e3",
            "-1",
            "1.",
            ".5",
            "0x10",
            "1_000",
            "",
            "1.0000000000000000001",
        ] {
            assert!(bad.parse::<Usd>().is_err(), "{bad}");
        }
        assert!("1.0000001".parse::<Decimal>().unwrap().scaled(6).is_err());
    }
}
