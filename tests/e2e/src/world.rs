//! The market and the vaults that every test starts from, built once per process and kept as states of a node.

use alloy::primitives::{Address, Bytes, U256};
use eyre::{Context, Result, eyre};
use gimbal_abi::IEngine;
use gimbal_abi::uniswap::IUniswapV3Pool;
use gimbal_keeper::deploy::{
    AssetSpec, Deployment, GenesisSpec, Programs, SystemSpec, deploy_system,
};
use gimbal_keeper::rpc::Chain as KeeperChain;
use gimbal_keeper::send::{SendPolicy, Sender};
use gimbal_scripts::artifact::Artifacts;
use gimbal_scripts::chain::dev_account;
use gimbal_scripts::market::{Market, MarketConfig, TokenKind};
use stylus_devnode::Config;
use tokio::sync::OnceCell;

use crate::actors::{ALICE, ALL, BOB, GUARDIAN, KEEPER, OWNER};
use crate::chain::Start;
use crate::gimbal::Gimbal;
use crate::lab::{self, Lab, MARKET_INDEX};
use crate::rpc::Rpc;

/// Index of the reference, in the market and in the main vault.
pub const USDC: usize = MarketConfig::USDC;
/// Index of the asset that moves.
pub const WBTC: usize = MarketConfig::WBTC;
/// Index of wrapped ether.
pub const WETH: usize = MarketConfig::WETH;
/// Index of the last asset.
pub const LINK: usize = MarketConfig::LINK;

/// How far WBTC rises in [`Start::Drifted`].
pub const RISE: f64 = 1.15;
/// In how many equal log steps.
pub const STEPS: u32 = 6;
/// Time between steps, s.
pub const STEP_S: u64 = 900;
/// Quiet after the last step, s: longer than the TWAP's window.
pub const FLAT_S: u64 = 1_860;

/// Seed of the main vault, dollars of each asset.
const SEED_EACH: u64 = 250_000;

/// What tests start from.
#[derive(Debug)]
pub struct World {
    /// The market; its chain is gone.
    pub market: Market,
    /// The main vault.
    pub main: Gimbal,
    /// The lab.
    pub lab: Lab,
    unseeded: Bytes,
    calm: Bytes,
    drifted: Bytes,
}

impl World {
    /// The node's state file for a start.
    #[must_use]
    pub fn state(&self, start: Start) -> &[u8] {
        match start {
            Start::Unseeded => &self.unseeded,
            Start::Calm => &self.calm,
            Start::Drifted => &self.drifted,
        }
    }
}

/// The world, built by the first caller of the process.
///
/// # Errors
///
/// Why it could not be built, to every caller.
pub async fn world() -> Result<&'static World> {
    static WORLD: OnceCell<Result<World, String>> = OnceCell::const_new();
    let world = WORLD
        .get_or_init(|| async { build().await.map_err(|error| format!("{error:?}")) })
        .await;
    world
        .as_ref()
        .map_err(|error| eyre!("the world of the tests could not be built: {error}"))
}

async fn build() -> Result<World> {
    let artifacts = Artifacts::default();
    let programs = Programs::read(artifacts.built())
        .wrap_err("the contracts are not built: run ./scripts/setup first")?;
    let node = stylus_devnode::spawn(Config::default()).await?;
    let rpc = Rpc::new(&node.url())?;
    let chain = gimbal_scripts::chain::Chain::connect(&node.url()).await?;
    for actor in ALL {
        chain
            .set_ether(actor.address, U256::from(10).pow(U256::from(21)))
            .await?;
    }
    let market = Market::deploy(&chain, &artifacts, &dev_account()?, &market_config()).await?;

    let main = deploy_main(&node.url(), &market, &programs)
        .await
        .wrap_err("the main vault")?;
    let share = U256::from(10).pow(U256::from(18));
    main.deposit(&rpc, ALICE, share * U256::from(100_000))
        .await?;
    main.deposit(&rpc, BOB, share * U256::from(50_000)).await?;

    let (factory, pools) = lab::pools(&rpc, &market).await?;
    let lab = deploy_lab(&node.url(), &market, &programs, factory, &pools)
        .await
        .wrap_err("the lab")?;
    lab.fund_owner(&rpc).await?;
    market.warp(FLAT_S).await?;
    let unseeded = rpc.request("anvil_dumpState", ()).await?;
    lab.seed(&rpc).await?;
    lab.deposit_alice(&rpc).await?;
    let calm = rpc.request("anvil_dumpState", ()).await?;

    let start = market.assets[WBTC].config.price;
    for step in 1..=STEPS {
        market.warp(STEP_S).await?;
        let factor = RISE.powf(f64::from(step) / f64::from(STEPS));
        market.move_price(WBTC, start.times(factor)).await?;
    }
    market.warp(FLAT_S).await?;
    let drifted = rpc.request("anvil_dumpState", ()).await?;
    node.shutdown().await?;
    Ok(World {
        market,
        main,
        lab,
        unseeded,
        calm,
        drifted,
    })
}

/// The demo's market, with tokens that can be told to misbehave.
fn market_config() -> MarketConfig {
    let mut config = MarketConfig::default();
    for asset in &mut config.assets {
        if asset.kind == TokenKind::Mock {
            asset.kind = TokenKind::Hostile;
        }
    }
    config
}

/// The demo's limits.
#[must_use]
pub fn limits() -> IEngine::Limits {
    IEngine::Limits {
        slippageBps: 50,
        lossBps: 30,
        gainBps: 30,
        deviationSkipBps: 150,
        deviationTripBps: 500,
        deviationSpotBps: 75,
        tradeBpsMax: 1_000,
        cooldown: 900,
        twapWindow: 1_800,
        sequencerGrace: 3_600,
        tradeUsdMin: 50 * 10_u128.pow(18),
    }
}

/// How the engine lists an asset: bounds far from the price, a tenth of the pool's liquidity now.
async fn list(market: &Market, index: usize, pool: Address, target: u64) -> Result<AssetSpec> {
    let asset = &market.assets[index];
    let price: u128 = asset.config.price.d18().to();
    let (price_min, price_max) = if index == USDC {
        (price * 9 / 10, price * 11 / 10)
    } else {
        (price / 100, price * 100)
    };
    let liquidity = if pool.is_zero() {
        0
    } else {
        market
            .chain
            .read(pool, &IUniswapV3Pool::liquidityCall {})
            .await?
            / 10
    };
    Ok(AssetSpec {
        engine: IEngine::Asset {
            token: asset.token,
            feed: asset.feed,
            pool,
            heartbeat: 3_600,
            priceMin: price_min,
            priceMax: price_max,
            liquidityMin: liquidity,
            target,
            band: 200,
        },
        quota_bps: None,
    })
}

async fn deploy_main(url: &str, market: &Market, programs: &Programs) -> Result<Gimbal> {
    let mut assets = Vec::new();
    let mut amounts = Vec::new();
    for (index, asset) in market.assets.iter().enumerate() {
        let pool = asset
            .listing
            .as_ref()
            .map_or(Address::ZERO, |listing| listing.pool);
        assets.push(list(market, index, pool, 250_000_000_000_000_000).await?);
        amounts.push(market.give_worth(index, OWNER.address, SEED_EACH).await?);
    }
    let shares = U256::from(SEED_EACH * 4) * U256::from(10).pow(U256::from(18));
    let genesis = Some(GenesisSpec { amounts, shares });
    deploy(
        url,
        market,
        programs,
        spec(
            "Gimbal Main",
            "GMAIN",
            market,
            market.factory,
            assets,
            genesis,
        ),
    )
    .await
}

async fn deploy_lab(
    url: &str,
    market: &Market,
    programs: &Programs,
    factory: Address,
    pools: &[Address],
) -> Result<Lab> {
    let third = 333_333_333_333_333_333;
    let mut assets = Vec::new();
    for (asset, index) in MARKET_INDEX.into_iter().enumerate() {
        let target = if asset == 0 { third + 1 } else { third };
        assets.push(list(market, index, pools[asset], target).await?);
    }
    let gimbal = deploy(
        url,
        market,
        programs,
        spec("Gimbal Lab", "GLAB", market, factory, assets, None),
    )
    .await?;
    Ok(Lab { gimbal })
}

fn spec(
    name: &str,
    symbol: &str,
    market: &Market,
    factory: Address,
    assets: Vec<AssetSpec>,
    genesis: Option<GenesisSpec>,
) -> SystemSpec {
    SystemSpec {
        name: name.into(),
        symbol: symbol.into(),
        guardian: GUARDIAN.address,
        keepers: vec![KEEPER.address],
        sequencer_feed: market.sequencer,
        factory,
        reference: 0,
        assets,
        limits: limits(),
        genesis,
    }
}

async fn deploy(
    url: &str,
    market: &Market,
    programs: &Programs,
    spec: SystemSpec,
) -> Result<Gimbal> {
    let chain = KeeperChain::connect(url)?;
    let id = chain.chain_id().await?;
    let sender = Sender::new(chain, OWNER.signer(), SendPolicy::default());
    let done = deploy_system(&sender, &spec, programs, Deployment::new(id), |_| Ok(())).await?;
    let built = |part: Option<Address>| part.ok_or_else(|| eyre!("the deployment is not complete"));
    Ok(Gimbal {
        vault: built(done.vault)?,
        engine: built(done.engine)?,
        adapter: built(done.adapter)?,
        tokens: spec.tokens(),
        feeds: spec.assets.iter().map(|asset| asset.engine.feed).collect(),
        pools: spec.assets.iter().map(|asset| asset.engine.pool).collect(),
        reference: spec.reference,
        sequencer: spec.sequencer_feed,
        factory: spec.factory,
        weth: market.weth,
    })
}
