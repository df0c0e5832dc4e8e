//! Reading gzip (RFC 1952) of deflated bytes (RFC 1951), in which anvil wraps its dumps.

use thiserror::Error;

/// {byte} Longest content that is read, however short it was packed.
pub const LEN_MAX: usize = 256 << 20;

const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Magic, method, flags, time, and two more.
const HEADER_LEN: usize = 10;
const DEFLATE: u8 = 8;

/// What a header may have more.
const CHECKSUM: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;

/// {bit} Longest code word.
const WORD_LEN_MAX: usize = 15;
/// Symbol that ends a block.
const END: u16 = 256;

/// Least length of a match, and {bit} what is added to it: 3 to 10, then four for each number of added
/// bits, and 258.
fn length(symbol: u16) -> Result<(usize, u8), GzipError> {
    match symbol {
        0..8 => Ok((usize::from(symbol) + 3, 0)),
        8..28 => {
            let bits = (symbol / 4 - 1) as u8;
            Ok((((4 + usize::from(symbol % 4)) << bits) + 3, bits))
        }
        28 => Ok((258, 0)),
        _ => Err(GzipError::Malformed),
    }
}

/// The same of its distance: 1 to 4, then two for each number of added bits.
fn distance(symbol: u16) -> Result<(usize, u8), GzipError> {
    match symbol {
        0..4 => Ok((usize::from(symbol) + 1, 0)),
        4..30 => {
            let bits = (symbol / 2 - 1) as u8;
            Ok((((2 + usize::from(symbol % 2)) << bits) + 1, bits))
        }
        _ => Err(GzipError::Malformed),
    }
}

/// The order in which a block gives the lengths of the words that its lengths of words are written in.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Why there is no content.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum GzipError {
    /// It ends early, or says what has no meaning.
    #[error("gzip is malformed")]
    Malformed,
    /// The content is not the one that was packed.
    #[error("gzip is damaged: its checksum differs")]
    Damaged,
    /// There would be more of it.
    #[error("gzip holds more than {} MiB", .0 >> 20)]
    TooLong(usize),
}

/// Whether this is gzip.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The content, of at most `len_max` {byte}: no more than that is ever made.
///
/// # Errors
/// Every [`GzipError`].
pub fn unpack(bytes: &[u8], len_max: usize) -> Result<Vec<u8>, GzipError> {
    let mut bits = Bits::new(body(bytes)?);
    let mut out = Output {
        bytes: Vec::new(),
        len_max,
    };
    while !inflate(&mut bits, &mut out)? {}
    bits.drop_partial();
    let mut word = || -> Result<u32, GzipError> { Ok(bits.take(16)? | bits.take(16)? << 16) };
    let (checksum, len) = (word()?, word()?);
    match checksum == crc32(&out.bytes) && len == out.bytes.len() as u32 {
        true => Ok(out.bytes),
        false => Err(GzipError::Damaged),
    }
}

/// What follows the header.
fn body(bytes: &[u8]) -> Result<&[u8], GzipError> {
    let (header, mut rest) = bytes
        .split_at_checked(HEADER_LEN)
        .ok_or(GzipError::Malformed)?;
    let flags = header[3];
    if !is_gzip(header) || header[2] != DEFLATE {
        return Err(GzipError::Malformed);
    }
    let skip = |rest: &[u8], len: usize| rest.len().checked_sub(len).ok_or(GzipError::Malformed);
    if flags & EXTRA != 0 {
        skip(rest, 2)?;
        let len = 2 + usize::from(u16::from_le_bytes([rest[0], rest[1]]));
        skip(rest, len)?;
        rest = &rest[len..];
    }
    for _ in 0..(flags & NAME).count_ones() + (flags & COMMENT).count_ones() {
        let end = rest.iter().position(|byte| *byte == 0);
        rest = &rest[end.ok_or(GzipError::Malformed)? + 1..];
    }
    if flags & CHECKSUM != 0 {
        skip(rest, 2)?;
        rest = &rest[2..];
    }
    Ok(rest)
}

/// Adds a block, and says whether it is the last one.
fn inflate(bits: &mut Bits<'_>, out: &mut Output) -> Result<bool, GzipError> {
    let is_last = bits.take(1)? == 1;
    match bits.take(2)? {
        0 => {
            bits.drop_partial();
            let (len, inverse) = (bits.take(16)?, bits.take(16)?);
            if len ^ inverse != 0xffff {
                return Err(GzipError::Malformed);
            }
            for _ in 0..len {
                out.push(bits.take(8)? as u8)?;
            }
        }
        1 => {
            let lengths: Vec<u8> = (0..288)
                .map(|symbol| match symbol {
                    0..144 => 8,
                    144..256 => 9,
                    256..280 => 7,
                    _ => 8,
                })
                .collect();
            matches(bits, out, &Words::new(&lengths)?, &Words::new(&[5; 30])?)?;
        }
        2 => {
            let (symbols, distances) = words(bits)?;
            matches(bits, out, &symbols, &distances)?;
        }
        _ => return Err(GzipError::Malformed),
    }
    Ok(is_last)
}

/// The words of a block that brings its own.
fn words(bits: &mut Bits<'_>) -> Result<(Words, Words), GzipError> {
    let symbols = bits.take(5)? as usize + 257;
    let distances = bits.take(5)? as usize + 1;
    let mut given = [0; ORDER.len()];
    for place in ORDER.iter().take(bits.take(4)? as usize + 4) {
        given[*place] = bits.take(3)? as u8;
    }
    let of_lengths = Words::new(&given)?;
    let mut lengths = Vec::with_capacity(symbols + distances);
    while lengths.len() < symbols + distances {
        let (length, times) = match of_lengths.read(bits)? {
            length @ 0..16 => (length as u8, 1),
            16 => {
                let last = *lengths.last().ok_or(GzipError::Malformed)?;
                (last, 3 + bits.take(2)?)
            }
            17 => (0, 3 + bits.take(3)?),
            _ => (0, 11 + bits.take(7)?),
        };
        lengths.extend((0..times).map(|_| length));
    }
    if lengths.len() > symbols + distances {
        return Err(GzipError::Malformed);
    }
    let (symbols, distances) = lengths.split_at(symbols);
    Ok((Words::new(symbols)?, Words::new(distances)?))
}

/// Bytes, and matches with earlier ones, up to the end of a block.
fn matches(
    bits: &mut Bits<'_>,
    out: &mut Output,
    symbols: &Words,
    distances: &Words,
) -> Result<(), GzipError> {
    loop {
        let symbol = symbols.read(bits)?;
        if symbol == END {
            return Ok(());
        }
        if symbol < END {
            out.push(symbol as u8)?;
            continue;
        }
        let (least, more) = length(symbol - END - 1)?;
        let len = least + bits.take(u32::from(more))? as usize;
        let (least, more) = distance(distances.read(bits)?)?;
        out.repeat(least + bits.take(u32::from(more))? as usize, len)?;
    }
}

/// A prefix code: how many words there are of each length, and what they mean in their order.
struct Words {
    counts: [u16; WORD_LEN_MAX + 1],
    symbols: Vec<u16>,
}

impl Words {
    /// The code in which each symbol has a word of the given length; 0 for none.
    fn new(lengths: &[u8]) -> Result<Self, GzipError> {
        let mut counts = [0; WORD_LEN_MAX + 1];
        for length in lengths {
            counts[usize::from(*length)] += 1;
        }
        counts[0] = 0;
        // {word} Of the present length that are left.
        let mut left = 1_i32;
        for count in &counts[1..] {
            left = 2 * left - i32::from(*count);
            if left < 0 {
                return Err(GzipError::Malformed);
            }
        }
        let mut symbols: Vec<_> = (0..)
            .zip(lengths)
            .filter(|(_, length)| **length > 0)
            .collect();
        symbols.sort_by_key(|(_, length)| **length);
        Ok(Self {
            counts,
            symbols: symbols.into_iter().map(|(symbol, _)| symbol).collect(),
        })
    }

    fn read(&self, bits: &mut Bits<'_>) -> Result<u16, GzipError> {
        // The word so far, the first word of its length, and that one's place.
        let (mut word, mut first, mut place) = (0, 0, 0);
        for count in &self.counts[1..] {
            word |= bits.take(1)?;
            let count = u32::from(*count);
            if word - first < count {
                return Ok(self.symbols[(place + word - first) as usize]);
            }
            place += count;
            first = (first + count) << 1;
            word <<= 1;
        }
        Err(GzipError::Malformed)
    }
}

/// Bytes as bits, the lowest first.
struct Bits<'a> {
    bytes: &'a [u8],
    held: u32,
    count: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            held: 0,
            count: 0,
        }
    }

    /// At most 16 of them.
    fn take(&mut self, count: u32) -> Result<u32, GzipError> {
        while self.count < count {
            let (byte, rest) = self.bytes.split_first().ok_or(GzipError::Malformed)?;
            self.held |= u32::from(*byte) << self.count;
            self.count += 8;
            self.bytes = rest;
        }
        let taken = self.held & ((1 << count) - 1);
        self.held >>= count;
        self.count -= count;
        Ok(taken)
    }

    /// Leaves out what is left of a byte.
    fn drop_partial(&mut self) {
        self.held >>= self.count % 8;
        self.count -= self.count % 8;
    }
}

struct Output {
    bytes: Vec<u8>,
    len_max: usize,
}

impl Output {
    fn room(&self, len: usize) -> Result<(), GzipError> {
        match self.len_max - self.bytes.len() < len {
            true => Err(GzipError::TooLong(self.len_max)),
            false => Ok(()),
        }
    }

    fn push(&mut self, byte: u8) -> Result<(), GzipError> {
        self.room(1)?;
        self.bytes.push(byte);
        Ok(())
    }

    /// What was there `distance` ago, and so on: it may repeat itself.
    fn repeat(&mut self, distance: usize, len: usize) -> Result<(), GzipError> {
        self.room(len)?;
        let start = self.bytes.len().checked_sub(distance);
        let start = start.ok_or(GzipError::Malformed)?;
        let end = self.bytes.len() + len;
        while self.bytes.len() < end {
            let part = (end - self.bytes.len()).min(self.bytes.len() - start);
            self.bytes.extend_from_within(start..start + part);
        }
        Ok(())
    }
}

/// The checksum of Ethernet and of gzip.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut value, mut bit) = (byte as u32, 0);
            while bit < 8 {
                value = (value >> 1) ^ if value & 1 == 1 { 0xedb8_8320 } else { 0 };
                bit += 1;
            }
            table[byte] = value;
            byte += 1;
        }
        table
    };
    let step = |sum: u32, byte: &u8| (sum >> 8) ^ TABLE[((sum ^ u32::from(*byte)) & 0xff) as usize];
    !bytes.iter().fold(u32::MAX, step)
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
            assert_eq!(error, GzipError::TooLong(len_max));
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
