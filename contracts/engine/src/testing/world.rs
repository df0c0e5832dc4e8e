//! The contracts that the engine calls.

use std::{boxed::Box, collections::HashMap, vec::Vec};

use alloy_primitives::{Address, I256, U160, U256};
use alloy_sol_types::{SolCall, SolError, SolValue};
use gimbal_core::tick::sqrt_ratio_at_tick;

use super::interfaces::{IFeed, IPool, IVault};

/// What a call gives: return data or revert data.
pub(crate) type Raw = Result<Vec<u8>, Vec<u8>>;

/// A Chainlink-style feed.
#[derive(Clone)]
pub(crate) struct Feed {
    pub(crate) answer: I256,
    pub(crate) started_at: u64,
    pub(crate) updated_at: U256,
    pub(crate) decimals: u8,
    /// Answers anything with this instead.
    pub(crate) raw: Option<Raw>,
}

/// A Uniswap V3 pool.
#[derive(Clone)]
pub(crate) struct Pool {
    pub(crate) tokens: [Address; 2],
    pub(crate) fee: u32,
    pub(crate) tick: i32,
    pub(crate) mean_tick: i32,
    pub(crate) liquidity: u128,
    pub(crate) cardinality: u16,
    /// Oldest observation, {s} ago; `observe` further back reverts `OLD`.
    pub(crate) age: u32,
    /// Answers `observe` with this instead.
    pub(crate) observed: Option<Raw>,
    /// Answers `slot0` with this instead.
    pub(crate) slot0: Option<Raw>,
}

/// Something that happens to the world.
pub(crate) type Event = Box<dyn FnMut(&mut World)>;

/// A swap that the vault was asked for.
pub(crate) struct Swap {
    pub(crate) venue: Address,
    pub(crate) max_in: U256,
    pub(crate) min_out: U256,
    pub(crate) route: Vec<u8>,
}

/// Everything outside the engine.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) feeds: HashMap<Address, Feed>,
    pub(crate) pools: HashMap<Address, Pool>,
    pub(crate) decimals: HashMap<Address, u8>,

    pub(crate) vault: Address,
    pub(crate) owner: Address,
    pub(crate) guardian: Address,
    pub(crate) mode: u8,
    pub(crate) nonce: u64,
    pub(crate) supply: U256,
    pub(crate) tokens: Vec<Address>,
    pub(crate) amounts: Vec<U256>,
    /// Every vault call fails with this.
    pub(crate) refusal: Option<Vec<u8>>,

    pub(crate) swaps: Vec<Swap>,
    pub(crate) trips: Vec<u8>,
    pub(crate) resumed: bool,
    /// {bps} of the fair output that a swap loses; negative: gains.
    pub(crate) cost_bps: i64,
    /// What else happens in a swap.
    pub(crate) in_swap: Option<Event>,

    /// State-changing calls so far.
    pub(crate) mutations: usize,
    /// Data of the latest call.
    pub(crate) returned: Vec<u8>,
}

impl World {
    pub(crate) fn answer(&mut self, to: Address, data: &[u8]) -> Raw {
        let selector: [u8; 4] = data
            .get(..4)
            .and_then(|s| s.try_into().ok())
            .unwrap_or_default();
        if to == self.vault {
            return self.vault_answer(selector, data);
        }
        if let Some(feed) = self.feeds.get(&to) {
            return feed.answer(selector);
        }
        if let Some(pool) = self.pools.get(&to) {
            return pool.answer(selector, data);
        }
        match self.decimals.get(&to) {
            Some(decimals) => Ok(U256::from(*decimals).abi_encode()),
            // An address without code: success, and nothing.
            None => Ok(Vec::new()),
        }
    }

    fn vault_answer(&mut self, selector: [u8; 4], data: &[u8]) -> Raw {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        match selector {
            IVault::ownerCall::SELECTOR => Ok(self.owner.abi_encode()),
            IVault::isGuardianCall::SELECTOR => {
                let call = IVault::isGuardianCall::abi_decode_validate(data).unwrap();
                Ok((call.account == self.guardian).abi_encode())
            }
            IVault::modeSinceCall::SELECTOR => Ok((U256::from(self.mode), U256::ZERO).abi_encode()),
            IVault::stateCall::SELECTOR => Ok(IVault::stateCall::abi_encode_returns(
                &IVault::stateReturn {
                    mode: self.mode,
                    nonce: self.nonce,
                    supply: self.supply,
                    assets: self.tokens.clone(),
                    managed: self.amounts.clone(),
                },
            )),
            IVault::tripCall::SELECTOR => {
                let call = IVault::tripCall::abi_decode_validate(data).unwrap();
                self.mutations += 1;
                self.trips.push(call.reason);
                self.mode = 1;
                Ok(Vec::new())
            }
            IVault::resumeCall::SELECTOR => {
                self.mutations += 1;
                self.resumed = true;
                self.mode = 0;
                Ok(Vec::new())
            }
            IVault::executeSwapCall::SELECTOR => {
                let call = IVault::executeSwapCall::abi_decode_validate(data).unwrap();
                self.swap(&call)
            }
            _ => Err(Vec::new()),
        }
    }

    /// Fills at the feeds' prices, less the cost.
    fn swap(&mut self, call: &IVault::executeSwapCall) -> Raw {
        self.mutations += 1;
        let place = |token| self.tokens.iter().position(|t| *t == token).unwrap();
        let (sold, bought) = (place(call.tokenIn), place(call.tokenOut));
        let value = call.maxIn * self.unit_price(sold) / self.unit_price(bought);
        let kept = U256::from(10_000 - self.cost_bps);
        let got = value * kept / U256::from(10_000);
        if got < call.minOut {
            return Err(IVault::Slippage {
                token: call.tokenOut,
                got,
                want: call.minOut,
            }
            .abi_encode());
        }
        self.amounts[sold] -= call.maxIn;
        self.amounts[bought] += got;
        self.nonce += 1;
        self.swaps.push(Swap {
            venue: call.venue,
            max_in: call.maxIn,
            min_out: call.minOut,
            route: call.route.to_vec(),
        });
        if let Some(mut more) = self.in_swap.take() {
            more(self);
            self.in_swap = Some(more);
        }
        Ok((call.maxIn, got).abi_encode())
    }

    /// Price of a base unit, scaled by 1e36 / 1e8. The feed of an asset sits next to its token.
    fn unit_price(&self, asset: usize) -> U256 {
        let token = self.tokens[asset];
        let feed = &self.feeds[&super::scene::feed_of(token)];
        let scale = U256::from(10).pow(U256::from(36 - self.decimals[&token]));
        U256::try_from(feed.answer).unwrap() * scale
    }
}

impl Feed {
    fn answer(&self, selector: [u8; 4]) -> Raw {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        match selector {
            IFeed::decimalsCall::SELECTOR => Ok(U256::from(self.decimals).abi_encode()),
            IFeed::latestRoundDataCall::SELECTOR => Ok((
                U256::from(7),
                self.answer,
                U256::from(self.started_at),
                self.updated_at,
                U256::from(7),
            )
                .abi_encode()),
            _ => Err(Vec::new()),
        }
    }
}

impl Pool {
    fn answer(&self, selector: [u8; 4], data: &[u8]) -> Raw {
        match selector {
            IPool::observeCall::SELECTOR if self.observed.is_some() => {
                self.observed.clone().unwrap()
            }
            IPool::slot0Call::SELECTOR if self.slot0.is_some() => self.slot0.clone().unwrap(),
            IPool::token0Call::SELECTOR => Ok(self.tokens[0].abi_encode()),
            IPool::token1Call::SELECTOR => Ok(self.tokens[1].abi_encode()),
            IPool::feeCall::SELECTOR => Ok(self.fee.abi_encode()),
            IPool::slot0Call::SELECTOR => Ok((
                sqrt_ratio_at_tick(self.tick).unwrap(),
                I256::try_from(self.tick).unwrap(),
                U256::ZERO,
                U256::from(self.cardinality),
                U256::from(self.cardinality),
                U256::ZERO,
                true,
            )
                .abi_encode()),
            IPool::observeCall::SELECTOR => {
                let ages = IPool::observeCall::abi_decode_validate(data)
                    .unwrap()
                    .secondsAgos;
                if ages.iter().any(|age| *age > self.age) {
                    return Err(b"OLD".to_vec());
                }
                Ok(self.observe(&ages))
            }
            _ => Err(Vec::new()),
        }
    }

    /// Both accumulators wrapped around lately.
    pub(crate) fn observe(&self, ages: &[u32]) -> Vec<u8> {
        let ticks = ages.iter().map(|age| {
            let past = -i64::from(self.mean_tick) * i64::from(*age);
            // int56
            ((i64::MAX >> 8).wrapping_add(past + 1) << 8) >> 8
        });
        let seconds = ages.iter().map(|age| {
            let past = (U256::from(*age) << 128) / U256::from(self.liquidity.max(1));
            U256::from(5).wrapping_sub(past) & U256::from(U160::MAX)
        });
        let ticks: Vec<I256> = ticks.map(|tick| I256::try_from(tick).unwrap()).collect();
        let seconds: Vec<U256> = seconds.collect();
        (ticks, seconds).abi_encode_params()
    }
}
