//! Words of 256 bits: records that lie in storage the way Solidity would pack them, and the types that a word can hold.
//!
//! A record is declared once, with its fields, their types and their widths. The widths decide both where a field lies
//! in storage and which ABI words are valid for it, so the two cannot disagree.

use alloy_primitives::{Address, B256, U256};

/// Bytes of a word.
const WORD: usize = 32;

/// A type that a word can hold, in its low bytes.
pub(crate) trait Field: Sized {
    /// The word that holds it.
    fn to_word(&self) -> B256;
    /// What the word's low bytes hold; the caller has checked that the rest is zero, or does not care.
    fn from_word(word: &B256) -> Self;
}

macro_rules! low_bytes {
    ($type:ty, $to:expr, $from:expr) => {
        impl Field for $type {
            #[inline(never)]
            fn to_word(&self) -> B256 {
                let mut word = B256::ZERO;
                if let Some(low) = word.0.last_chunk_mut() {
                    *low = $to(*self);
                }
                word
            }

            #[inline(never)]
            fn from_word(word: &B256) -> Self {
                word.0
                    .last_chunk()
                    .map_or(Self::default(), |low| $from(*low))
            }
        }
    };
}

low_bytes!(u64, u64::to_be_bytes, u64::from_be_bytes);
low_bytes!(u128, u128::to_be_bytes, u128::from_be_bytes);
low_bytes!(Address, Address::into_array, Address::new);

impl Field for U256 {
    #[inline(never)]
    fn to_word(&self) -> B256 {
        B256::from(*self)
    }

    #[inline(never)]
    fn from_word(word: &B256) -> Self {
        Self::from_be_bytes(word.0)
    }
}

/// Whether a word has no more than so many low bytes.
#[inline(never)]
pub(crate) fn fits(word: &B256, bytes: usize) -> bool {
    let high = word.0.iter().take(WORD.saturating_sub(bytes));
    high.fold(0, |all, byte| all | byte) == 0
}

/// Copies fields, each at the low end of its own word, to their places in slots, or back from there.
///
/// Fields fill a slot from its low end and never straddle two.
#[inline(never)]
pub(crate) fn copy(bytes: &[usize], fields: &mut [B256], slots: &mut [B256], to_slots: bool) {
    let (mut slot, mut end) = (0usize, WORD);
    for (bytes, field) in bytes.iter().zip(fields) {
        if *bytes > end {
            (slot, end) = (slot.saturating_add(1), WORD);
        }
        let start = end.saturating_sub(*bytes);
        let low = field.0.get_mut(WORD.saturating_sub(*bytes)..);
        let placed = slots
            .get_mut(slot)
            .and_then(|slot| slot.0.get_mut(start..end));
        if let (Some(low), Some(placed)) = (low, placed) {
            if to_slots {
                placed.copy_from_slice(low);
            } else {
                low.copy_from_slice(placed);
            }
        }
        end = start;
    }
}

/// A position or a count as a number.
pub(crate) fn number(i: usize) -> u64 {
    u64::try_from(i).unwrap_or(u64::MAX)
}

/// A number as a position; one that is too large for any list if it does not fit.
pub(crate) fn position(i: u64) -> usize {
    usize::try_from(i).unwrap_or(usize::MAX)
}

/// A number as the 16 bits that it has.
pub(crate) fn low16(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// A number as the 8 bits that it has.
pub(crate) fn low8(number: u64) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// A number, or the largest one.
pub(crate) fn saturated(word: U256) -> u64 {
    match word.as_limbs() {
        [low, 0, 0, 0] => *low,
        _ => u64::MAX,
    }
}

/// Declares a record: a struct, the width of each field in bytes, and its form in so many slots of storage.
macro_rules! record {
    ($(#[$meta:meta])* $vis:vis $name:ident, $slots:literal slots {
        $($(#[$doc:meta])* $field:ident: $type:ty, $bytes:literal;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        $vis struct $name { $($(#[$doc])* $vis $field: $type,)* }

        #[allow(dead_code, reason = "not every record is stored, and not every one crosses the ABI")]
        impl $name {
            /// Width of each field in bytes.
            pub(crate) const BYTES: [usize; [$($bytes),*].len()] = [$($bytes),*];
            /// Slots of storage.
            pub(crate) const SLOTS: usize = $slots;

            /// The fields in order, each in its word.
            pub(crate) fn words(&self) -> [B256; Self::BYTES.len()] {
                [$($crate::words::Field::to_word(&self.$field)),*]
            }

            /// From the fields in order.
            pub(crate) fn from_words(words: &[B256; Self::BYTES.len()]) -> Self {
                let [$($field),*] = words;
                Self { $($field: $crate::words::Field::from_word($field)),* }
            }

            /// As it is stored.
            pub(crate) fn pack(&self) -> [B256; $slots] {
                let mut slots = [B256::ZERO; $slots];
                $crate::words::copy(&Self::BYTES, &mut self.words(), &mut slots, true);
                slots
            }

            /// From storage.
            pub(crate) fn unpack(mut slots: [B256; $slots]) -> Self {
                let mut words = [B256::ZERO; Self::BYTES.len()];
                $crate::words::copy(&Self::BYTES, &mut words, &mut slots, false);
                Self::from_words(&words)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        /// Fills one slot to the last byte, skips a gap, and fills another.
        Sample, 3 slots {
            a: Address, 20;
            b: u64, 8;
            c: u64, 4;
            d: u128, 16;
            e: Address, 20;
            f: u64, 1;
        }
    }

    fn sample() -> Sample {
        Sample {
            a: Address::repeat_byte(0xaa),
            b: u64::MAX,
            c: 0x0102_0304,
            d: u128::MAX - 1,
            e: Address::repeat_byte(0x55),
            f: 0x7f,
        }
    }

    #[test]
    fn records_survive_storage() {
        let packed = sample().pack();
        assert_eq!(Sample::unpack(packed), sample());
        assert_eq!(Sample::from_words(&sample().words()), sample());
    }

    #[test]
    fn fields_lie_where_solidity_puts_them() {
        let [first, second, third] = sample().pack().map(|slot| U256::from_word(&slot));
        let low = |word: U256, shift: usize, bits: usize| {
            word.wrapping_shr(shift) & (U256::MAX >> (256 - bits))
        };
        assert_eq!(low(first, 0, 160), U256::from_word(&sample().a.into_word()));
        assert_eq!(low(first, 160, 64), U256::from(u64::MAX));
        assert_eq!(low(first, 224, 32), U256::from(0x0102_0304));
        // The address does not fit behind the number.
        assert_eq!(second, U256::from(u128::MAX - 1));
        assert_eq!(low(third, 160, 8), U256::from(0x7f));
    }

    #[test]
    fn width_is_counted_from_the_low_end() {
        let word = U256::from(0x1_0000).to_word();
        assert!(!fits(&word, 2));
        assert!(fits(&word, 3));
        assert!(fits(&B256::repeat_byte(0xff), 32));
        assert!(fits(&B256::ZERO, 0));
    }

    #[test]
    fn numbers_saturate() {
        assert_eq!(saturated(U256::from(u64::MAX)), u64::MAX);
        assert_eq!(saturated(U256::from(u64::MAX) + U256::ONE), u64::MAX);
        assert_eq!(low8(256), u8::MAX);
        assert_eq!(low16(65_536), u16::MAX);
        assert_eq!(position(u64::MAX), usize::MAX);
    }
}
