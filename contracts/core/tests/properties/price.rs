use gimbal_core::{
    Error, Price, U256,
    fixed::{BPS, D27},
    price::{PRICE_MAX, cross_price, feed_price, whole_price},
    slippage::{deviation_bps, fair_out_down, out_floor_up, out_min_scaled_up},
};
use proptest::prelude::*;
use ruint::aliases::U512;

use crate::{
    bounds,
    values::{positive, price, wide, word},
};

fn pow10(exponent: u8) -> U512 {
    U512::from(10).pow(U512::from(exponent))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// Attack A5: no combination of token and feed decimals loses a digit.
    #[test]
    fn feed_price_is_exact(
        answer in positive(128), feed_decimals in bounds::FEED_DECIMALS, token_decimals in bounds::TOKEN_DECIMALS,
    ) {
        let exact = wide(answer) * pow10(45 - feed_decimals - token_decimals);
        let result = feed_price(answer, feed_decimals, token_decimals);
        if exact > wide(PRICE_MAX.0) {
            prop_assert_eq!(result, Err(Error::Overflow));
        } else {
            let price = result.unwrap();
            prop_assert_eq!(wide(price.0), exact);
            let whole = wide(answer) * pow10(18 - feed_decimals);
            prop_assert_eq!(wide(whole_price(price, token_decimals).unwrap()), whole);
        }
    }

    #[test]
    fn whole_price_rounds_down(price in price(), token_decimals in bounds::TOKEN_DECIMALS) {
        let exact = wide(price.0) * pow10(token_decimals);
        let whole = wide(whole_price(price, token_decimals).unwrap());
        prop_assert!(whole * wide(D27) <= exact && exact < (whole + U512::from(1)) * wide(D27));
    }

    #[test]
    fn cross_price_rounds_down(ratio in word(218), quote in price()) {
        let exact = wide(ratio) * wide(quote.0) / wide(D27);
        match cross_price(ratio, quote) {
            Ok(price) => prop_assert_eq!(wide(price.0), exact),
            Err(Error::PriceZero) => prop_assert!(exact.is_zero()),
            Err(error) => {
                prop_assert_eq!(error, Error::Overflow);
                prop_assert!(exact > wide(PRICE_MAX.0));
            }
        }
    }

    #[test]
    fn fair_output_rounds_down(amount in word(bounds::AMOUNT_BITS), price_in in price(), price_out in price()) {
        let exact = wide(amount) * wide(price_in.0);
        match fair_out_down(amount, price_in, price_out) {
            Ok(out) => {
                let out = wide(out);
                prop_assert!(out * wide(price_out.0) <= exact);
                prop_assert!(exact < (out + U512::from(1)) * wide(price_out.0));
            }
            Err(error) => {
                prop_assert_eq!(error, Error::Overflow);
                prop_assert!(exact / wide(price_out.0) > wide(U256::MAX));
            }
        }
    }

    #[test]
    fn output_floor_is_never_below_the_exact_one(
        amount in word(bounds::AMOUNT_BITS), price_in in price(), price_out in price(), slippage in bounds::SLIPPAGE_BPS,
    ) {
        // Exact floor: amount * price_in * (BPS - slippage) / (price_out * BPS).
        let numerator = wide(amount) * wide(price_in.0) * (wide(BPS) - U512::from(slippage));
        let denominator = wide(price_out.0) * wide(BPS);
        if let Ok(floor) = out_floor_up(amount, price_in, price_out, slippage) {
            let floor = wide(floor);
            prop_assert!(floor * denominator >= numerator);
            let excess = U512::from(bounds::OUT_FLOOR_ERROR);
            prop_assert!(floor < excess || (floor - excess) * denominator < numerator);
            let fair = wide(fair_out_down(amount, price_in, price_out).unwrap());
            prop_assert!(floor <= fair + U512::from(1));
        }
    }

    #[test]
    fn a_scaled_floor_keeps_its_price(out_min in word(128), part in word(128), whole in positive(128)) {
        let amount = part.min(whole);
        let scaled = wide(out_min_scaled_up(out_min, amount, whole).unwrap());
        prop_assert!(scaled * wide(whole) >= wide(out_min) * wide(amount));
        prop_assert!(scaled <= wide(out_min));
    }

    /// Rounding down is exact against a whole limit.
    #[test]
    fn deviation_reaches_a_limit_exactly(a in price(), b in price(), limit in 0..=20_000_u64) {
        let distance = wide(a.0.abs_diff(b.0)) * wide(BPS);
        let reached = distance >= U512::from(limit) * wide(b.0);
        prop_assert_eq!(deviation_bps(a, b).unwrap() >= U256::from(limit), reached);
    }
}

#[test]
fn a_price_needs_an_answer_and_known_decimals() {
    assert_eq!(feed_price(U256::ZERO, 8, 18), Err(Error::PriceZero));
    assert_eq!(
        feed_price(U256::ONE, 19, 18),
        Err(Error::DecimalsOutOfRange)
    );
    assert_eq!(feed_price(U256::ONE, 8, 25), Err(Error::DecimalsOutOfRange));
    assert_eq!(
        whole_price(Price(U256::ONE), 25),
        Err(Error::DecimalsOutOfRange)
    );
    assert_eq!(
        deviation_bps(Price(U256::ONE), Price(U256::ZERO)),
        Err(Error::DivisionByZero)
    );
    assert_eq!(
        out_floor_up(U256::ONE, PRICE_MAX, PRICE_MAX, 10_001),
        Err(Error::SlippageOutOfRange)
    );
}
