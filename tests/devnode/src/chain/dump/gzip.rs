//! Reading gzip (RFC 1952), in which anvil wraps its dumps.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use thiserror::Error;

/// {byte} Longest content that is read, however short it was packed.
pub const LEN_MAX: usize = 256 << 20;

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why there is no content.
#[derive(Debug, Error)]
pub enum GzipError {
    /// It ends early, says what has no meaning, or its checksum is another.
    #[error("gzip is damaged: {0}")]
    Damaged(#[from] io::Error),
    /// There would be more of it.
    #[error("gzip holds more than {} MiB", .0 >> 20)]
    TooLong(usize),
}

/// Whether this is gzip.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The content, of at most `len_max` {byte}: no more than one above that is ever made.
///
/// # Errors
/// Every [`GzipError`].
pub fn unpack(bytes: &[u8], len_max: usize) -> Result<Vec<u8>, GzipError> {
    let mut content = Vec::new();
    let most = (len_max as u64).saturating_add(1);
    GzDecoder::new(bytes).take(most).read_to_end(&mut content)?;
    match content.len() > len_max {
        true => Err(GzipError::TooLong(len_max)),
        false => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    const TEXT: &[u8] = b"polly wants a cracker, polly wants";
    /// What gzip makes of it: without compression, and with words that everybody knows.
    const STORED: &[u8] = &hex!(
        "1f8b0800000000000403012200ddff706f6c6c792077616e7473206120637261636b65722c20706f6c6c792077616e7473"
        "aefcafb522000000"
    );
    const FIXED: &[u8] = &hex!(
        "1f8b08000000000002032bc8cfc9a954284fcc2b29564854482e4a4cce4e2dd2512840080300aefcafb522000000"
    );
    /// With a name in the header.
    const NAMED: &[u8] = &hex!(
        "1f8b08080000000002ff6e616d652e6a736f6e002bc8cfc9a954284fcc2b29564854482e4a4cce4e2dd2512840080300"
        "aefcafb522000000"
    );
    /// 100,000 zeros, in words of its own.
    const ZEROS: &[u8] = &hex!(
        "1f8b0800000000000203edc13101000000c2a0f54f6d0d0fa00000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000008057037d9511d4a0860100"
    );

    #[test]
    fn what_gzip_packs_is_unpacked() {
        for packed in [STORED, FIXED, NAMED] {
            assert_eq!(unpack(packed, TEXT.len()).unwrap(), TEXT);
        }
        assert_eq!(unpack(ZEROS, LEN_MAX).unwrap(), [0; 100_000]);
    }

    #[test]
    fn no_more_is_made_than_is_asked_for() {
        let too_long = |packed, len_max| {
            let error = unpack(packed, len_max).unwrap_err();
            assert!(matches!(error, GzipError::TooLong(max) if max == len_max));
        };
        for packed in [STORED, FIXED] {
            too_long(packed, TEXT.len() - 1);
        }
        too_long(ZEROS, 99_999);
        too_long(ZEROS, 0);
    }

    #[test]
    fn damage_is_noticed() {
        for packed in [STORED, FIXED, NAMED, ZEROS] {
            for len in 0..packed.len() {
                unpack(&packed[..len], LEN_MAX).unwrap_err();
            }
            for bit in 0..packed.len() * 8 {
                let mut damaged = packed.to_vec();
                damaged[bit / 8] ^= 1 << (bit % 8);
                // The header has a time and a name, which nobody checks.
                if let Ok(content) = unpack(&damaged, 200_000) {
                    assert_eq!(content, unpack(packed, LEN_MAX).unwrap(), "bit {bit}");
                }
            }
        }
    }
}
