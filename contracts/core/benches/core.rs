//! Native speed of what the backtest calls millions of times, next to the big-number library's own
//! arithmetic where it has the same.

use divan::{Bencher, black_box};
use gimbal_core::{
    Price, U256,
    fixed::{D18, D27, isqrt, mul_div_down},
    rebalance::{Bounds, Holding, plan},
    tick::{price_at_tick, sqrt_ratio_at_tick, tick_at_sqrt_ratio},
    weights::weights_down,
};
use ruint::aliases::U512;

fn main() {
    divan::main();
}

/// Operands of `a * b / d`, by the limbs that they fill.
const OPERANDS: [(&str, [U256; 3]); 3] = [
    ("value", [D18, D27, D27]),
    (
        "weight",
        [
            U256::from_limbs([7, 9 << 50, 0, 0]),
            D18,
            U256::from_limbs([1, 9 << 52, 0, 0]),
        ],
    ),
    ("full", [U256::MAX, U256::MAX, U256::MAX]),
];

#[divan::bench(args = OPERANDS.map(|(name, _)| name))]
fn mul_div(bencher: Bencher<'_, '_>, name: &str) {
    let [a, b, d] = operands(name);
    bencher.bench(|| mul_div_down(black_box(a), black_box(b), black_box(d)));
}

#[divan::bench(args = OPERANDS.map(|(name, _)| name))]
fn mul_div_by_library(bencher: Bencher<'_, '_>, name: &str) {
    let [a, b, d] = operands(name);
    bencher.bench(|| {
        let product = U512::from(black_box(a)) * U512::from(black_box(b));
        product / U512::from(black_box(d))
    });
}

fn operands(name: &str) -> [U256; 3] {
    OPERANDS
        .iter()
        .find(|(other, _)| *other == name)
        .map_or([U256::ONE; 3], |(_, x)| *x)
}

#[divan::bench(args = [64, 128, 192, 256])]
fn root(bencher: Bencher<'_, '_>, bits: usize) {
    let x = U256::MAX >> (256 - bits);
    bencher.bench(|| isqrt(black_box(x)));
}

#[divan::bench(args = [-887_272, -197_000, 1, 887_272])]
fn ratio_at_tick(bencher: Bencher<'_, '_>, tick: i32) {
    bencher.bench(|| sqrt_ratio_at_tick(black_box(tick)));
}

#[divan::bench]
fn tick_at_ratio(bencher: Bencher<'_, '_>) {
    let ratio = D27;
    bencher.bench(|| tick_at_sqrt_ratio(black_box(ratio)));
}

#[divan::bench]
fn pool_price(bencher: Bencher<'_, '_>) {
    bencher.bench(|| price_at_tick(black_box(-197_000), true));
}

#[divan::bench(args = [2, 4, 8])]
fn weights(bencher: Bencher<'_, '_>, n: u64) {
    let (amounts, prices): (Vec<U256>, Vec<Price>) = portfolio(n)
        .iter()
        .map(|holding| (holding.amount, holding.price))
        .unzip();
    let mut weights = vec![U256::ZERO; amounts.len()];
    bencher.bench_local(|| weights_down(black_box(&amounts), black_box(&prices), &mut weights));
}

#[divan::bench(args = [2, 4, 8])]
fn plan_of(bencher: Bencher<'_, '_>, n: u64) {
    let holdings = portfolio(n);
    let (bands, sellable) = (vec![25; holdings.len()], vec![U256::MAX; holdings.len()]);
    let bounds = Bounds {
        usd_min: D18,
        bps_max: 1_000,
    };
    bencher.bench(|| plan(black_box(&holdings), &bands, &sellable, bounds));
}

/// Equal targets, and values that differ by a third from end to end.
fn portfolio(n: u64) -> Vec<Holding> {
    let target = D18 / U256::from(n);
    let holding = |i: u64| Holding {
        amount: D18 * U256::from(100 + 33 * i / n),
        price: Price(D27 * U256::from(3_000)),
        target,
    };
    (0..n).map(holding).collect()
}
