//! A basket of three assets that a keeper may level: 25 WETH at 2,000, half a WBTC at 60,000 and 20,000 USDC, so 50, 30
//! and 20 % of 100,000 USD, where 40, 30 and 30 % are called for.

use std::{boxed::Box, cell::RefCell, rc::Rc, vec::Vec};

use alloy_primitives::{Address, I256, LogData, U256, address};
use alloy_sol_types::{SolCall, SolEvent, SolInterface, SolValue};
use stylus_sdk::{abi::Router, host::VM, storage::StorageType, testing::TestVM};

use super::{
    Feed, Pool, World,
    host::Chain,
    interfaces::IEngine::{self, IEngineErrors},
};
use crate::Engine;

pub(crate) const ENGINE: Address = address!("0x00000000000000000000000000000000000000e0");
pub(crate) const OWNER: Address = address!("0x00000000000000000000000000000000000000a0");
pub(crate) const GUARDIAN: Address = address!("0x00000000000000000000000000000000000000a1");
pub(crate) const KEEPER: Address = address!("0x00000000000000000000000000000000000000a3");
pub(crate) const VENUE: Address = address!("0x00000000000000000000000000000000000000d0");
pub(crate) const SEQUENCER: Address = address!("0x00000000000000000000000000000000000000f0");
pub(crate) const WETH: Address = address!("0x0000000000000000000000000000000000000101");
pub(crate) const USDC: Address = address!("0x0000000000000000000000000000000000000102");
pub(crate) const WBTC: Address = address!("0x0000000000000000000000000000000000000103");

const VAULT: Address = address!("0x00000000000000000000000000000000000000b0");
const DEPLOYER: Address = address!("0x00000000000000000000000000000000000000de");
const START: u64 = 1_800_000_000;

pub(crate) fn feed_of(token: Address) -> Address {
    offset(token, 0x10)
}

pub(crate) fn pool_of(token: Address) -> Address {
    offset(token, 0x20)
}

fn offset(token: Address, by: u8) -> Address {
    let mut bytes = token.into_array();
    bytes[19] += by;
    bytes.into()
}

/// An engine, and the world in which it was deployed.
pub(crate) struct Scene {
    pub(crate) engine: Engine,
    pub(crate) vm: TestVM,
    pub(crate) world: Rc<RefCell<World>>,
}

impl Scene {
    /// Deployed, with a venue and a keeper.
    pub(crate) fn new() -> Self {
        let mut scene = Self::bare();
        scene.construct(&assets(), &limits()).unwrap();
        scene.sent_by(OWNER);
        scene.call(IEngine::addVenueCall { venue: VENUE }).unwrap();
        let keeper = IEngine::setKeeperCall {
            keeper: KEEPER,
            allowed: true,
        };
        scene.call(keeper).unwrap();
        scene.sent_by(KEEPER);
        scene
    }

    /// The owner's turn.
    pub(crate) fn owned() -> Self {
        let scene = Self::new();
        scene.sent_by(OWNER);
        scene
    }

    /// Not yet constructed.
    pub(crate) fn bare() -> Self {
        let vm = TestVM::new();
        vm.set_block_timestamp(START);
        vm.set_contract_address(ENGINE);
        vm.set_sender(DEPLOYER);
        let world = Rc::new(RefCell::new(world()));
        let chain = Chain {
            vm: vm.clone(),
            world: Rc::clone(&world),
        };
        let host = VM {
            host: Box::new(chain),
        };
        Self {
            engine: new_engine(host),
            vm,
            world,
        }
    }

    pub(crate) fn construct(
        &mut self,
        assets: &[IEngine::Asset],
        limits: &IEngine::Limits,
    ) -> Result<(), Vec<u8>> {
        let arguments = (
            VAULT,
            SEQUENCER,
            U256::from(2),
            assets.to_vec(),
            limits.clone(),
        );
        let data = arguments.abi_encode_params();
        <Engine as Router<Engine>>::constructor(&mut self.engine, &data)
            .unwrap()
            .map(drop)
    }

    /// Calls through the router, with the interface's own encoding on both sides.
    pub(crate) fn call<C: SolCall>(&mut self, call: C) -> Result<C::Return, IEngineErrors> {
        let raw = self.call_raw(C::SELECTOR, &call.abi_encode()[4..]);
        raw.map(|data| C::abi_decode_returns_validate(&data).unwrap())
            .map_err(|data| IEngineErrors::abi_decode_validate(&data).unwrap())
    }

    pub(crate) fn call_raw(&mut self, selector: [u8; 4], data: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let selector = u32::from_be_bytes(selector);
        <Engine as Router<Engine>>::route(&mut self.engine, selector, data).unwrap()
    }

    pub(crate) fn rebalance(
        &mut self,
        trades: Vec<IEngine::Trade>,
    ) -> Result<IEngine::rebalanceReturn, IEngineErrors> {
        let nonce = self.world.borrow().nonce;
        self.call(IEngine::rebalanceCall {
            trades,
            nonce,
            deadline: self.now(),
        })
    }

    pub(crate) fn sent_by(&self, sender: Address) {
        self.vm.set_sender(sender);
    }

    pub(crate) fn now(&self) -> u64 {
        self.vm.snapshot().block_timestamp
    }

    pub(crate) fn warp(&self, seconds: u64) {
        self.vm.set_block_timestamp(self.now() + seconds);
    }

    /// A new answer, dated now.
    pub(crate) fn set_price(&self, token: Address, usd: f64) {
        let now = U256::from(self.now());
        self.feed(token, |feed| {
            feed.answer = I256::try_from((usd * 1e8).round() as i64).unwrap();
            feed.updated_at = now;
        });
    }

    pub(crate) fn feed(&self, token: Address, change: impl FnOnce(&mut Feed)) {
        change(
            self.world
                .borrow_mut()
                .feeds
                .get_mut(&feed_of(token))
                .unwrap(),
        );
    }

    pub(crate) fn sequencer(&self, change: impl FnOnce(&mut Feed)) {
        change(self.world.borrow_mut().feeds.get_mut(&SEQUENCER).unwrap());
    }

    pub(crate) fn pool(&self, token: Address, change: impl FnOnce(&mut Pool)) {
        change(
            self.world
                .borrow_mut()
                .pools
                .get_mut(&pool_of(token))
                .unwrap(),
        );
    }

    /// The events of a type, decoded as the interface declares them.
    pub(crate) fn events<E: SolEvent>(&self) -> Vec<E> {
        let logs = self.vm.get_emitted_logs().into_iter();
        let logs = logs.filter(|(topics, _)| topics[0] == E::SIGNATURE_HASH);
        logs.map(|(topics, data)| {
            let log = LogData::new(topics, data.into()).unwrap();
            E::decode_log_data_validate(&log).unwrap()
        })
        .collect()
    }

    /// Five WETH, all that is too much of it, for USDC.
    pub(crate) fn sell_weth() -> IEngine::Trade {
        trade(0, 2, 5_000_000_000_000_000_000, &[WETH])
    }
}

#[expect(unsafe_code, reason = "the SDK's storage constructor is unsafe")]
fn new_engine(host: VM) -> Engine {
    unsafe { Engine::new(U256::ZERO, 0, host) }
}

/// A trade through the pools of some assets.
pub(crate) fn trade(
    asset_in: u8,
    asset_out: u8,
    max_in: u128,
    pools: &[Address],
) -> IEngine::Trade {
    let route: Vec<u8> = pools
        .iter()
        .flat_map(|token| pool_of(*token).into_array())
        .collect();
    IEngine::Trade {
        venue: 0,
        assetIn: asset_in,
        assetOut: asset_out,
        maxIn: max_in,
        minOut: 0,
        route: route.into(),
    }
}

/// The interface's error in revert data.
pub(crate) fn error(data: &[u8]) -> IEngineErrors {
    IEngineErrors::abi_decode_validate(data).unwrap()
}

pub(crate) fn limits() -> IEngine::Limits {
    IEngine::Limits {
        slippageBps: 100,
        lossBps: 30,
        gainBps: 30,
        deviationSkipBps: 150,
        deviationTripBps: 500,
        deviationSpotBps: 75,
        tradeBpsMax: 1_000,
        cooldown: 900,
        twapWindow: 1_800,
        sequencerGrace: 3_600,
        tradeUsdMin: 50_000_000_000_000_000_000,
    }
}

pub(crate) fn assets() -> Vec<IEngine::Asset> {
    let asset = |token: Address, usd: u128, target: u64, band: u16| IEngine::Asset {
        token,
        feed: feed_of(token),
        pool: if token == USDC {
            Address::ZERO
        } else {
            pool_of(token)
        },
        heartbeat: 86_400,
        priceMin: usd * 10u128.pow(17),
        priceMax: usd * 10u128.pow(19),
        liquidityMin: 1_000_000,
        target: target * 10u64.pow(16),
        band,
    };
    vec![
        asset(WETH, 2_000, 40, 500),
        asset(WBTC, 60_000, 30, 500),
        asset(USDC, 1, 30, 500),
    ]
}

/// The tick of a pool's price of its token 0 in token 1, in base units.
fn tick_of(price: f64) -> i32 {
    (price.ln() / 1.0001f64.ln()).floor() as i32
}

fn world() -> World {
    let now = U256::from(START - 60);
    let feed = |answer: i64| Feed {
        answer: I256::try_from(answer).unwrap(),
        started_at: START - 100_000,
        updated_at: now,
        decimals: 8,
        raw: None,
    };
    let pool = |tokens, price| Pool {
        tokens,
        fee: 500,
        tick: tick_of(price),
        mean_tick: tick_of(price),
        liquidity: 10u128.pow(15),
        cardinality: 100,
        age: 100_000,
        observed: None,
        slot0: None,
    };
    let one = |digits: u32| U256::from(10).pow(U256::from(digits));
    World {
        feeds: [
            (SEQUENCER, feed(0)),
            (feed_of(WETH), feed(200_000_000_000)),
            (feed_of(WBTC), feed(6_000_000_000_000)),
            (feed_of(USDC), feed(100_000_000)),
        ]
        .into(),
        // The reference is token 1 of the one pool and token 0 of the other.
        pools: [
            (pool_of(WETH), pool([WETH, USDC], 2_000e6 / 1e18)),
            (pool_of(WBTC), pool([USDC, WBTC], 1e8 / 60_000e6)),
        ]
        .into(),
        decimals: [(WETH, 18), (WBTC, 8), (USDC, 6)].into(),
        vault: VAULT,
        owner: OWNER,
        guardian: GUARDIAN,
        supply: U256::from(100_000) * one(18),
        tokens: vec![WETH, WBTC, USDC],
        amounts: vec![
            U256::from(25) * one(18),
            one(8) / U256::from(2),
            U256::from(20_000) * one(6),
        ],
        ..World::default()
    }
}
