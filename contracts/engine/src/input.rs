//! Calldata after the selector, read word by word.
//!
//! As strict as Solidity's decoder: a word that does not fit its type, or an offset that leads outside, is refused with
//! empty revert data, which is what Solidity does too. Generated decoders are stricter in nothing and cost a third of the
//! contract.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256};

use crate::{
    abi::{Asset, Limits, Trade},
    calls::keep,
    errors::{Error, Result},
    words::{Field, fits, position},
};

/// Words, and the bytes after the last whole one.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// The word at an index, which has at most so many low bytes.
    #[inline(never)]
    fn word(self, index: usize, bytes: usize) -> Result<B256> {
        let (words, _) = self.0.as_chunks::<32>();
        let word = words.get(index).map(|word| B256::new(*word));
        word.filter(|word| fits(word, bytes)).ok_or(malformed())
    }

    /// An unsigned integer of so many bytes.
    pub(crate) fn number(self, index: usize, bytes: usize) -> Result<u64> {
        self.word(index, bytes).map(|word| u64::from_word(&word))
    }

    /// An unsigned integer that is an index: one that is too large for any list stays so.
    pub(crate) fn index(self, index: usize) -> Result<u64> {
        let word = self.word(index, 32)?;
        Ok(if fits(&word, 8) {
            u64::from_word(&word)
        } else {
            u64::MAX
        })
    }

    /// A `bool`.
    pub(crate) fn flag(self, index: usize) -> Result<bool> {
        match self.number(index, 1)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(malformed()),
        }
    }

    /// An `address`.
    pub(crate) fn address(self, index: usize) -> Result<Address> {
        self.word(index, 20).map(Address::from_word)
    }

    /// A `uint16[]` or `uint64[]`: unsigned integers of so many bytes.
    pub(crate) fn numbers(self, index: usize, bytes: usize) -> Result<&'static [u64]> {
        let (items, count) = self.array(index)?;
        let mut numbers = Vec::new();
        for i in 0..count {
            numbers.push(items.number(i, bytes)?);
        }
        Ok(keep(numbers))
    }

    /// `Limits` at an index.
    pub(crate) fn limits(self, index: usize) -> Result<Limits> {
        let mut words = [B256::ZERO; Limits::BYTES.len()];
        self.fields(index, &Limits::BYTES, &mut words)?;
        Ok(Limits::from_words(&words))
    }

    /// `Asset[]`
    pub(crate) fn assets(self, index: usize) -> Result<&'static [Asset]> {
        let (items, count) = self.array(index)?;
        let mut assets = Vec::new();
        for i in 0..count {
            let mut words = [B256::ZERO; Asset::BYTES.len()];
            items.fields(i.saturating_mul(words.len()), &Asset::BYTES, &mut words)?;
            assets.push(Asset::from_words(&words));
        }
        Ok(keep(assets))
    }

    /// `Trade[]`
    pub(crate) fn trades(self, index: usize) -> Result<&'a [Trade<'a>]> {
        let (items, count) = self.array(index)?;
        let mut trades = Vec::new();
        for i in 0..count {
            let trade = items.at(i)?;
            let mut words = [B256::ZERO; Trade::BYTES.len()];
            trade.fields(0, &Trade::BYTES, &mut words)?;
            let route = trade.at(words.len())?;
            let length = position(route.number(0, 4)?);
            let route = route.0.get(32..).and_then(|bytes| bytes.get(..length));
            trades.push(Trade::new(&words, route.ok_or(malformed())?));
        }
        Ok(keep(trades))
    }

    /// Words from an index on, each of which fits its width.
    fn fields(self, index: usize, bytes: &[usize], words: &mut [B256]) -> Result<()> {
        for (i, (word, bytes)) in words.iter_mut().zip(bytes).enumerate() {
            *word = self.word(index.saturating_add(i), *bytes)?;
        }
        Ok(())
    }

    /// The items of the array whose offset is at an index, and their number, which the data bounds.
    fn array(self, index: usize) -> Result<(Self, usize)> {
        let array = self.at(index)?;
        let count = position(array.number(0, 4)?);
        let items = Self(array.0.get(32..).unwrap_or_default());
        if count > items.0.len() / 32 {
            return Err(malformed());
        }
        Ok((items, count))
    }

    /// The data at the offset that stands at an index.
    #[inline(never)]
    fn at(self, index: usize) -> Result<Self> {
        let offset = position(self.number(index, 4)?);
        self.0.get(offset..).map(Self).ok_or(malformed())
    }
}

const fn malformed() -> Error {
    Error(&[])
}
