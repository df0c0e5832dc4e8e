//! ABI encoding of lists of static values: one word each. The general encoder handles tails, and would be instantiated
//! for every error and event.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, U256};

/// A value of one word.
pub(crate) trait Word {
    /// Appends the value as a word.
    fn put(&self, out: &mut Vec<u8>);
}

impl Word for B256 {
    #[inline(never)]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_slice());
    }
}

impl Word for U256 {
    #[inline(never)]
    fn put(&self, out: &mut Vec<u8>) {
        for limb in self.as_limbs().iter().rev() {
            out.extend_from_slice(&limb.to_be_bytes());
        }
    }
}

impl Word for Address {
    #[inline(never)]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; 12]);
        out.extend_from_slice(self.as_slice());
    }
}

impl Word for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }
}

impl Word for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }
}

impl Word for u16 {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }
}

impl Word for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        U256::from(*self).put(out);
    }
}

/// A tuple of values of one word.
pub(crate) trait Words {
    /// Appends all values.
    fn put(&self, out: &mut Vec<u8>);
}

macro_rules! words {
    ($($name:ident)*) => {
        impl<$($name: Word),*> Words for ($($name,)*) {
            #[inline(never)]
            #[allow(non_snake_case, unused_variables, reason = "one name for type and value; none for ()")]
            fn put(&self, out: &mut Vec<u8>) {
                let ($($name,)*) = self;
                $($name.put(out);)*
            }
        }
    };
}

words!();
words!(A);
words!(A B);
words!(A B C);
words!(A B C D);

/// `prefix` and then the words.
pub(crate) fn encode(prefix: &[u8], words: &impl Words) -> Vec<u8> {
    let mut out = prefix.to_vec();
    words.put(&mut out);
    out
}
