//! Ink prices of host functions.

/// {ink} Every host function.
pub(super) const HOSTIO: u64 = 8_400;
/// {ink} Every pointer to a word or address.
pub(super) const PTR: u64 = 5_040;
/// {ink} Asking the EVM.
pub(super) const EVM_API: u64 = 59_673;
/// {ink}
pub(super) const DIV: u64 = 20_000;
/// {ink}
pub(super) const ADD_MOD: u64 = 21_000;
/// {ink}
pub(super) const MUL_MOD: u64 = 24_100;

/// {ink} Writing `len` bytes to memory: `5,040 + 30 * max(0, len - 32)`.
pub(super) fn write(len: u32) -> u64 {
    5_040 + 30 * u64::from(len.saturating_sub(32))
}

/// {ink} Reading `len` bytes from memory: `16,381 + 55 * max(0, len - 32)`.
pub(super) fn read(len: u32) -> u64 {
    16_381 + 55 * u64::from(len.saturating_sub(32))
}

/// {ink} Hashing `len` bytes: `121,800 + 21,000 * max(0, ceil(len / 32) - 2)`.
pub(super) fn keccak(len: u32) -> u64 {
    121_800 + 21_000 * u64::from(len.div_ceil(32).saturating_sub(2))
}

/// {ink} Raising to a big-endian exponent: `3,000 + 17,500 * (33 - its leading zero bytes)`.
pub(super) fn pow(exponent: &[u8; 32]) -> u64 {
    let zeros = exponent.iter().take_while(|byte| **byte == 0).count() as u64;
    3_000 + 17_500 * (33 - zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_nitros() {
        assert_eq!(HOSTIO + 3 * PTR + DIV, 43_520);
        assert_eq!(HOSTIO + 4 * PTR + ADD_MOD, 49_560);
        assert_eq!(HOSTIO + 4 * PTR + MUL_MOD, 52_660);
        assert_eq!([10, 100, 1000].map(keccak), [121_800, 163_800, 751_800]);
        assert_eq!([0, 64].map(|len| HOSTIO + 2 * read(len)), [41_162, 44_682]);
        assert_eq!(
            [4, 36, 100].map(|len| HOSTIO + write(len)),
            [13_440, 13_560, 15_480]
        );
        assert_eq!(
            [10, 100, 1000, 10_000].map(|len| HOSTIO + EVM_API + write(len)),
            [73_113, 75_153, 102_153, 372_153]
        );
    }

    #[test]
    fn power_is_priced_by_the_exponents_bytes() {
        let price = |bytes: usize| {
            let mut exponent = [0; 32];
            exponent[32 - bytes] = 0x80;
            HOSTIO + 3 * PTR + pow(&exponent)
        };
        assert_eq!(
            [1, 2, 10, 32].map(price),
            [61_520, 79_020, 219_020, 604_020]
        );
        assert_eq!(pow(&[0; 32]), 20_500);
    }
}
