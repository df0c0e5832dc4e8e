//! The price of memory pages.

use super::Rules;

/// {page} Pages up to which a price exists; more cost `u64::MAX`.
pub const PRICED_PAGES: u16 = 128;

/// {gas} Price of the 128th page's exponential part, which fixes the curve's base.
const PRICE_AT_LIMIT: f64 = 31_874_000.0;

/// {gas} Price of opening `new` pages when `open` are open and `ever` was the most so far.
///
/// With `open' = open + new` and `ever' = max(ever, open')` (16 bits, saturating): nothing while
/// `ever' <= free_pages`, else
/// `(max(open' - free, 0) - max(open - free, 0)) * page_gas + E(ever') - E(ever)`, saturating.
pub fn page_price(rules: &Rules, new: u16, open: u16, ever: u16) -> u64 {
    let open_then = open.saturating_add(new);
    let ever_then = ever.max(open_then);
    if ever_then <= rules.free_pages {
        return 0;
    }
    let paid = |pages: u16| u64::from(pages.saturating_sub(rules.free_pages));
    let linear = (paid(open_then) - paid(open)).saturating_mul(u64::from(rules.page_gas));
    let ramp = exponential(ever_then).saturating_sub(exponential(ever));
    linear.saturating_add(ramp)
}

/// {gas} `E(p) = floor(b^p)`, `b = exp(ln(31,874,000) / 128)`.
///
/// `powi` on binary64 gives the integers of Nitro's table exactly; the test below holds its sum.
fn exponential(pages: u16) -> u64 {
    if pages > PRICED_PAGES {
        return u64::MAX;
    }
    let base = (PRICE_AT_LIMIT.ln() / f64::from(PRICED_PAGES)).exp();
    base.powi(i32::from(pages)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curve_is_nitros_table() {
        let table: Vec<u64> = (0..=PRICED_PAGES).map(exponential).collect();
        assert_eq!(table[..9], [1, 1, 1, 1, 1, 1, 2, 2, 2]);
        assert_eq!((table[101], table[128]), (833_067, 31_873_999));
        assert_eq!(table.iter().sum::<u64>(), 252_435_931);
        assert_eq!(exponential(129), u64::MAX);
    }

    /// 100 pages on top of one: 932,066 gas, which with 8,400 ink makes Nitro's 9,320,660,000 ink.
    #[test]
    fn first_pages_are_free() {
        let rules = Rules::default();
        assert_eq!(page_price(&rules, 2, 0, 0), 0);
        assert_eq!(page_price(&rules, 100, 1, 1), 932_066);
        assert_eq!(page_price(&rules, 0, 1, 1), 0);
        assert!(page_price(&rules, 1, 128, 128) > u64::MAX / 2);
        assert!(page_price(&rules, 65_535, 3, 3) > u64::MAX / 2);
    }
}
