//! What ArbOS knows of an activated program.

use std::sync::LazyLock;

use alloy_primitives::{B256, U256};

use super::{
    params::Reader,
    slots::{ROOT, Space, offset, space},
};
use crate::stylus::Rules;

/// {s} Program times are counted in hours from here (the launch of Arbitrum's first testnet).
const EPOCH: u64 = 1_421_388_000;

const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 86_400;

/// An activated program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Stylus version that it was activated for; 0 if it never was.
    pub version: u16,
    /// Raw cost of initialising it.
    pub init_cost: u16,
    /// Raw cost of starting it from a cache.
    pub cached_cost: u16,
    /// {page} Initial memory.
    pub footprint: u16,
    /// {h} since `EPOCH`; 24 bits.
    pub activated_at_h: u32,
    /// {KiB} Predicted size of the native code, rounded up; 24 bits.
    pub asm_estimate_kib: u32,
    /// Whether a cache manager keeps it in the cache.
    pub cached: bool,
}

/// Why a program cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inactive {
    /// Never activated.
    NotActivated,
    /// Activated for another version of Stylus.
    NeedsUpgrade {
        /// The program's version.
        program: u16,
        /// The chain's version.
        chain: u16,
    },
    /// Too old.
    Expired {
        /// {s}
        age_s: u64,
    },
}

impl Program {
    /// Reads a packed word.
    pub fn unpack(word: U256) -> Self {
        let bytes = word.to_be_bytes::<32>();
        let mut reader = Reader { bytes: &bytes };
        Self {
            version: reader.u16(),
            init_cost: reader.u16(),
            cached_cost: reader.u16(),
            footprint: reader.u16(),
            activated_at_h: reader.u24(),
            asm_estimate_kib: reader.u24(),
            cached: reader.u8() != 0,
        }
    }

    /// Packs the word, big-endian, in the order of the fields.
    pub fn pack(&self) -> U256 {
        let mut bytes = Vec::with_capacity(32);
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(self.init_cost.to_be_bytes());
        bytes.extend(self.cached_cost.to_be_bytes());
        bytes.extend(self.footprint.to_be_bytes());
        bytes.extend(&self.activated_at_h.to_be_bytes()[1..]);
        bytes.extend(&self.asm_estimate_kib.to_be_bytes()[1..]);
        bytes.push(u8::from(self.cached));
        bytes.resize(32, 0);
        U256::from_be_slice(&bytes)
    }

    /// {byte} Predicted size of the native code.
    pub fn asm_estimate(&self) -> u32 {
        self.asm_estimate_kib.saturating_mul(1024)
    }

    /// {s} Time since the activation, at `time`.
    pub fn age_s(&self, time: u64) -> u64 {
        let activated = EPOCH.saturating_add(u64::from(self.activated_at_h) * HOUR_S);
        time.saturating_sub(activated)
    }

    /// Whether it may run at `time`.
    ///
    /// # Errors
    /// Every [`Inactive`].
    pub fn active(&self, rules: &Rules, time: u64) -> Result<(), Inactive> {
        if self.version == 0 {
            return Err(Inactive::NotActivated);
        }
        if self.version != rules.stylus_version {
            let (program, chain) = (self.version, rules.stylus_version);
            return Err(Inactive::NeedsUpgrade { program, chain });
        }
        let age_s = self.age_s(time);
        match age_s > expiry_s(rules) {
            true => Err(Inactive::Expired { age_s }),
            false => Ok(()),
        }
    }
}

/// {s} Age at which programs expire.
pub fn expiry_s(rules: &Rules) -> u64 {
    u64::from(rules.expiry_days) * DAY_S
}

/// {s} Age from which programs can be kept alive.
pub fn keepalive_s(rules: &Rules) -> u64 {
    u64::from(rules.keepalive_days) * DAY_S
}

/// {h} since `EPOCH`.
pub fn hours(time: u64) -> u32 {
    u32::try_from(time.saturating_sub(EPOCH) / HOUR_S)
        .unwrap_or(0xFF_FFFF)
        .min(0xFF_FFFF)
}

/// Where the word of a code hash lies.
pub fn slot(code_hash: B256) -> U256 {
    // Every call of a program asks.
    static WORDS: LazyLock<Space> = LazyLock::new(|| space().child(offset::programs::WORDS));
    WORDS.slot_of(code_hash)
}

/// Where the module hash of a code hash lies.
pub fn module_hash_slot(code_hash: B256) -> U256 {
    space()
        .child(offset::programs::MODULE_HASHES)
        .slot_of(code_hash)
}

fn space() -> Space {
    ROOT.child(space::PROGRAMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        Program {
            version: 3,
            init_cost: 34,
            cached_cost: 11,
            footprint: 1,
            activated_at_h: hours(1_800_000_000),
            asm_estimate_kib: 503,
            cached: true,
        }
    }

    #[test]
    fn words_survive_packing() {
        assert_eq!(Program::unpack(program().pack()), program());
    }

    #[test]
    fn programs_expire_after_a_year() {
        let rules = Rules::default();
        let born = EPOCH + u64::from(program().activated_at_h) * HOUR_S;
        assert_eq!(program().active(&rules, born + 365 * DAY_S), Ok(()));
        let age_s = 365 * DAY_S + 1;
        assert_eq!(
            program().active(&rules, born + age_s),
            Err(Inactive::Expired { age_s })
        );
    }

    #[test]
    fn other_versions_need_an_upgrade() {
        let old = Program {
            version: 2,
            ..program()
        };
        let result = old.active(&Rules::default(), 1_800_000_000);
        assert_eq!(
            result,
            Err(Inactive::NeedsUpgrade {
                program: 2,
                chain: 3
            })
        );
    }
}
