//! The market on the devnode and on anvil, which is the reference for what both offer.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alloy::primitives::{Address, U256};
use eyre::{OptionExt, Result, WrapErr, ensure, eyre};
use gimbal_abi::uniswap::IUniswapV3Pool;
use gimbal_scripts::artifact::{Artifacts, workspace_root};
use gimbal_scripts::chain::{Chain, Reverted, account, dev_account};
use gimbal_scripts::market::{Market, MarketConfig, Usd, mocks};

struct Anvil {
    child: Child,
    url: String,
}

impl Anvil {
    async fn start() -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let binary = binary()?;
        let child = Command::new(&binary)
            .args([
                "--chain-id",
                "412346",
                "--silent",
                "--port",
                &port.to_string(),
            ])
            .stdout(Stdio::null())
            .spawn()
            .wrap_err_with(|| binary.display().to_string())?;
        let anvil = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        };
        for _ in 0..200 {
            if Chain::connect(&anvil.url).await.is_ok() {
                return Ok(anvil);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(eyre!("anvil does not answer"))
    }
}

/// The platform's own binary: killing npm's wrapper script would leave its child behind.
fn binary() -> Result<PathBuf> {
    let packages = workspace_root().join("scripts/npm/node_modules/@foundry-rs");
    let entries = std::fs::read_dir(&packages)
        .wrap_err_with(|| format!("{}; run ./scripts/setup first", packages.display()))?;
    let binaries = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        entry
            .file_name()
            .to_str()?
            .starts_with("anvil-")
            .then(|| entry.path().join("bin/anvil"))
    });
    binaries
        .into_iter()
        .find(|path| path.exists())
        .ok_or_eyre("npm installed no anvil for this platform")
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A node that ends when it is dropped.
enum Node {
    Anvil(Anvil),
    Devnode(stylus_devnode::Node),
}

impl Node {
    fn url(&self) -> String {
        match self {
            Self::Anvil(anvil) => anvil.url.clone(),
            Self::Devnode(node) => node.url(),
        }
    }
}

/// The default market on either node.
async fn markets() -> Result<Vec<(Node, Market)>> {
    let devnode = stylus_devnode::spawn(stylus_devnode::Config::default()).await?;
    let mut markets = Vec::new();
    for node in [Node::Anvil(Anvil::start().await?), Node::Devnode(devnode)] {
        let chain = Chain::connect(&node.url()).await?;
        let config = MarketConfig::default();
        let market =
            Market::deploy(&chain, &Artifacts::default(), &dev_account()?, &config).await?;
        markets.push((node, market));
    }
    Ok(markets)
}

#[tokio::test(flavor = "multi_thread")]
async fn pools_open_at_the_feeds_prices_and_follow_a_move() -> Result<()> {
    for (_node, market) in markets().await? {
        for (index, asset) in market.assets.iter().enumerate() {
            let Some(listing) = &asset.listing else {
                continue;
            };
            ensure!(
                market
                    .spot_offset_bps(index, asset.config.price)
                    .await?
                    .abs()
                    < 0.01,
                "opening price of asset {index}"
            );
            let liquidity = market
                .chain
                .read(listing.pool, &IUniswapV3Pool::liquidityCall {})
                .await?;
            ensure!(liquidity > 0, "asset {index} has no liquidity");
            let slot = market
                .chain
                .read(listing.pool, &IUniswapV3Pool::slot0Call {})
                .await?;
            ensure!(
                slot.observationCardinality == 64,
                "cardinality of asset {index}"
            );
        }

        let wbtc = MarketConfig::WBTC;
        market.move_price(wbtc, Usd::whole(69_000)).await?;
        ensure!(
            market
                .spot_offset_bps(wbtc, Usd::whole(69_000))
                .await?
                .abs()
                < 0.01
        );
        ensure!((market.spot_offset_bps(wbtc, Usd::whole(60_000)).await? - 1_500.0).abs() < 0.1);

        // 1,800 s of history, of which the pool spent none at the old price.
        market.warp(1_860).await?;
        let observe = IUniswapV3Pool::observeCall {
            secondsAgos: vec![1_800, 0],
        };
        let seen = market
            .chain
            .read(market.listing(wbtc)?.pool, &observe)
            .await?;
        let mean: i64 = (seen.tickCumulatives[1] - seen.tickCumulatives[0]).try_into()?;
        let slot = market
            .chain
            .read(market.listing(wbtc)?.pool, &IUniswapV3Pool::slot0Call {})
            .await?;
        ensure!(
            i32::try_from(mean / 1_800)? - slot.tick.as_i32() <= 1,
            "TWAP {} of spot tick {}",
            mean / 1_800,
            slot.tick
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_moves_spot_alone_and_is_taken_back_exactly() -> Result<()> {
    for (_node, market) in markets().await? {
        for index in [MarketConfig::WBTC, MarketConfig::WETH, MarketConfig::LINK] {
            let price = market.assets[index].config.price;
            let push = market.push_spot(index, -60).await?;
            ensure!((market.spot_offset_bps(index, price).await? + 60.0).abs() < 0.01);
            market.restore(push).await?;
            ensure!(market.spot(index).await? == push.before, "not restored");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_pool_has_no_liquidity() -> Result<()> {
    for (_node, market) in markets().await? {
        market.drain(MarketConfig::LINK).await?;
        let pool = market.listing(MarketConfig::LINK)?.pool;
        ensure!(
            market
                .chain
                .read(pool, &IUniswapV3Pool::liquidityCall {})
                .await?
                == 0
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn money_and_refusals() -> Result<()> {
    for (_node, market) in markets().await? {
        let alice = account("alice")?;
        for index in 0..market.assets.len() {
            let amount = market.give_worth(index, alice.address(), 1_000).await?;
            ensure!(
                market
                    .chain
                    .balance(market.assets[index].token, alice.address())
                    .await?
                    == amount
            );
        }

        let usdc = market.assets[MarketConfig::USDC].token;
        market
            .chain
            .set_ether(alice.address(), U256::from(10u128.pow(18)))
            .await?;
        let too_much = gimbal_abi::token::IERC20::transferCall {
            to: Address::repeat_byte(9),
            value: U256::MAX,
        };
        let refusal = market.chain.refused(&alice, usdc, &too_much).await?;
        ensure!(!refusal.data.is_empty() && !refusal.receipt.status());
        let error = market
            .chain
            .send(&alice, usdc, &too_much)
            .await
            .unwrap_err();
        ensure!(
            error
                .downcast_ref::<Reverted>()
                .is_some_and(|r| r.data == refusal.data),
            "{error:?}"
        );

        let fine = mocks::MockToken::mintCall {
            to: alice.address(),
            value: U256::ONE,
        };
        ensure!(
            market.chain.refused(&alice, usdc, &fine).await.is_err(),
            "a call that succeeds is no refusal"
        );
    }
    Ok(())
}
