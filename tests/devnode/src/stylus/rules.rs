//! ArbOS versions and the Stylus parameters that ArbOS stores.

/// Version of the chain's operating system; decides which rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArbosVersion(pub u64);

impl ArbosVersion {
    /// First version with Stylus.
    pub const STYLUS: Self = Self(30);
    /// Cached cost charged apart, minimum price of return data.
    pub const STYLUS_FIXES: Self = Self(31);
    /// Activation priced per byte, storage flush really bought by the program.
    pub const STYLUS_CHARGING: Self = Self(32);
    /// Size limit of programs is a stored parameter; Prague.
    pub const WASM_SIZE_PARAM: Self = Self(40);
    /// Stack depth capped, running out of gas in a flush is out of ink; Osaka.
    pub const STACK_CAP: Self = Self(50);
    /// Stylus version 3: no multi-value, page limit enforced while running.
    pub const STYLUS_V3: Self = Self(59);
    /// Programs split into fragments.
    pub const FRAGMENTS: Self = Self(60);
    /// What Arbitrum One runs.
    pub const LATEST: Self = Self(61);

    /// Version of the Stylus VM that this ArbOS activates programs for.
    pub const fn stylus_version(self) -> u16 {
        match self.0 {
            ..31 => 1,
            31..59 => 2,
            59.. => 3,
        }
    }
}

impl Default for ArbosVersion {
    fn default() -> Self {
        Self::LATEST
    }
}

/// {word} Longest stack from ArbOS 50 on.
const STACK_DEPTH_CAP: u32 = 22_000;

/// {gas} Unit of [`Rules::min_init_gas`].
const MIN_INIT_GAS_UNIT: u64 = 128;
/// {gas} Unit of [`Rules::min_cached_init_gas`].
const MIN_CACHED_GAS_UNIT: u64 = 32;
/// {percent} Unit of the two cost scalars.
const COST_SCALAR_PERCENT: u64 = 2;

/// Everything that decides how a program is activated, priced and run.
///
/// Raw values are in the units in which ArbOS packs them; the methods give gas.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// ArbOS version, for the version gates.
    pub arbos: ArbosVersion,
    /// Version that a program must have been activated for.
    pub stylus_version: u16,
    /// {ink/gas} (0, 2^24)
    pub ink_price: u32,
    /// {word} As stored; the limit in force is [`Rules::stack_limit`].
    pub max_stack_depth: u32,
    /// {page} Pages that cost nothing.
    pub free_pages: u16,
    /// {gas/page} Linear price of an open page above the free ones.
    pub page_gas: u16,
    /// {page} Most pages open at once.
    pub page_limit: u16,
    /// {128 gas}
    pub min_init_gas: u8,
    /// {32 gas}
    pub min_cached_init_gas: u8,
    /// {2 percent}
    pub init_cost_scalar: u8,
    /// {2 percent}
    pub cached_cost_scalar: u8,
    /// {day} Age at which a program must be activated again.
    pub expiry_days: u16,
    /// {day} Age from which its life can be extended.
    pub keepalive_days: u16,
    /// {program} Capacity of the block's recent-program cache.
    pub block_cache_size: u16,
    /// {byte} Largest decompressed program.
    pub max_wasm_size: u32,
    /// Most fragments of one program; 0 before ArbOS 60.
    pub max_fragment_count: u8,
    /// {gas} Extra price of an activation, from ArbOS 59 on.
    pub activation_gas: u64,
    /// `AllowDebugPrecompiles`: lets programs import `console` and `debug`.
    pub debug: bool,
}

impl Rules {
    /// The parameters of a chain born with `arbos`.
    pub const fn new(arbos: ArbosVersion) -> Self {
        let fragments = arbos.0 >= ArbosVersion::FRAGMENTS.0;
        Self {
            arbos,
            stylus_version: arbos.stylus_version(),
            ink_price: 10_000,
            max_stack_depth: if arbos.0 >= ArbosVersion::STACK_CAP.0 {
                STACK_DEPTH_CAP
            } else {
                262_144
            },
            free_pages: 2,
            page_gas: 1_000,
            page_limit: 128,
            min_init_gas: if arbos.0 >= ArbosVersion::STYLUS_FIXES.0 {
                69
            } else {
                72
            },
            min_cached_init_gas: 11,
            init_cost_scalar: 50,
            cached_cost_scalar: 50,
            expiry_days: 365,
            keepalive_days: 31,
            block_cache_size: 32,
            max_wasm_size: if fragments { 256 << 10 } else { 128 << 10 },
            max_fragment_count: if fragments { 4 } else { 0 },
            activation_gas: 0,
            debug: false,
        }
    }

    /// Whether the rules of `version` apply.
    pub fn since(&self, version: ArbosVersion) -> bool {
        self.arbos >= version
    }

    /// {word} Stack that a call may use.
    pub fn stack_limit(&self) -> u32 {
        match self.since(ArbosVersion::STACK_CAP) {
            true => self.max_stack_depth.min(STACK_DEPTH_CAP),
            false => self.max_stack_depth,
        }
    }

    /// {ink} = {gas} * {ink/gas}, saturating.
    pub fn gas_to_ink(&self, gas: u64) -> u64 {
        gas.saturating_mul(u64::from(self.ink_price))
    }

    /// {gas} = {ink} / {ink/gas}, rounded down. A price of zero counts as one.
    pub fn ink_to_gas(&self, ink: u64) -> u64 {
        ink / u64::from(self.ink_price.max(1))
    }

    /// {gas} Price of starting a program that no cache holds.
    ///
    /// `min_init_gas * 128 + ceil(init_cost * init_cost_scalar * 2 / 100)`
    pub fn init_gas(&self, init_cost: u16) -> u64 {
        let scaled = u64::from(init_cost) * u64::from(self.init_cost_scalar) * COST_SCALAR_PERCENT;
        u64::from(self.min_init_gas) * MIN_INIT_GAS_UNIT + scaled.div_ceil(100)
    }

    /// {gas} Price of starting a program that a cache holds.
    ///
    /// `min_cached_init_gas * 32 + ceil(cached_cost * cached_cost_scalar * 2 / 100)`
    pub fn cached_gas(&self, cached_cost: u16) -> u64 {
        let scaled =
            u64::from(cached_cost) * u64::from(self.cached_cost_scalar) * COST_SCALAR_PERCENT;
        u64::from(self.min_cached_init_gas) * MIN_CACHED_GAS_UNIT + scaled.div_ceil(100)
    }

    /// {gas} Price of starting a program, memory apart.
    ///
    /// From version 2 on the cached price is always due and a program that is not cached pays
    /// [`Rules::init_gas`] on top; in version 1 it is one or the other.
    pub fn call_gas(&self, init_cost: u16, cached_cost: u16, cached: bool) -> u64 {
        let mut gas = 0;
        if cached || self.stylus_version > 1 {
            gas += self.cached_gas(cached_cost);
        }
        if !cached {
            gas += self.init_gas(init_cost);
        }
        gas
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(ArbosVersion::LATEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `write-args`, a test program of Nitro, costs 363 cached and 8,866 to initialise.
    #[test]
    fn prices_the_start_of_a_program() {
        let rules = Rules::new(ArbosVersion(51));
        assert_eq!(rules.cached_gas(11), 363);
        assert_eq!(rules.init_gas(34), 8_866);
        assert_eq!(rules.call_gas(34, 11, false), 9_229);
        assert_eq!(rules.call_gas(34, 11, true), 363);
    }

    #[test]
    fn first_version_charges_one_or_the_other() {
        let rules = Rules::new(ArbosVersion::STYLUS);
        assert_eq!(rules.call_gas(34, 11, false), 72 * 128 + 34);
        assert_eq!(rules.call_gas(34, 11, true), 363);
    }
}
