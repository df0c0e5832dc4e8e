//! How far a portfolio is from its targets.

use ruint::aliases::U256;

use crate::{Error, fixed::add, weights::same_length};

/// One basis point, in D18.
const BP: U256 = U256::from_limbs([100_000_000_000_000, 0, 0, 0]);

/// `max over i of |weights[i] - targets[i]|`
///
/// - Shape:  slices of the same `n <= ASSETS_MAX`. Units: D18{1}. Exact; zero for no asset.
/// - Errors: [`Error::LengthMismatch`].
pub fn drift_max(weights: &[U256], targets: &[U256]) -> Result<U256, Error> {
    same_length(weights.len(), targets.len())?;
    let distances = weights.iter().zip(targets).map(|(w, t)| w.abs_diff(*t));
    Ok(distances.fold(U256::ZERO, U256::max))
}

/// `sum over i of |weights[i] - targets[i]|`
///
/// - Shape:  slices of the same `n <= ASSETS_MAX`. Units: D18{1}. Exact; zero for no asset.
/// - Errors: [`Error::LengthMismatch`], [`Error::Overflow`].
pub fn drift_l1(weights: &[U256], targets: &[U256]) -> Result<U256, Error> {
    same_length(weights.len(), targets.len())?;
    let mut sum = U256::ZERO;
    for (w, t) in weights.iter().zip(targets) {
        sum = add(sum, w.abs_diff(*t))?;
    }
    Ok(sum)
}

/// Whether any `|weights[i] - targets[i]| >= bands_bps[i]`.
///
/// - Shape:  slices of the same `n <= ASSETS_MAX`. Units: D18{1}, bps of nav. Exact.
/// - Errors: [`Error::LengthMismatch`].
pub fn breached(weights: &[U256], targets: &[U256], bands_bps: &[u16]) -> Result<bool, Error> {
    same_length(weights.len(), targets.len())?;
    same_length(weights.len(), bands_bps.len())?;
    let distances = weights.iter().zip(targets).map(|(w, t)| w.abs_diff(*t));
    Ok(distances
        .zip(bands_bps)
        .any(|(distance, band)| distance >= band_d18(*band)))
}

/// {D18} = {bps} * {D18/bps}; below 6.6e18, one limb.
fn band_d18(bps: u16) -> U256 {
    U256::from_limbs([u64::from(bps).wrapping_mul(BP.as_limbs()[0]), 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_counts_both_sides() {
        let bps = |x: u64| U256::from(x) * BP;
        let (weights, targets) = (
            [bps(5_700), bps(2_300), bps(2_000)],
            [bps(5_000), bps(2_500), bps(2_500)],
        );
        assert_eq!(drift_max(&weights, &targets), Ok(bps(700)));
        assert_eq!(drift_l1(&weights, &targets), Ok(bps(1_400)));
        assert_eq!(breached(&weights, &targets, &[701, 500, 500]), Ok(true));
        assert_eq!(breached(&weights, &targets, &[701, 500, 501]), Ok(false));
    }
}
