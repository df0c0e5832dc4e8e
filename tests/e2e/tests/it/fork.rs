//! Forks of chains with something on them: Gimbal on another devnode, Uniswap V3 on npm's anvil.

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{U256, address};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use eyre::{OptionExt, Result};
use gimbal_abi::IVault;
use gimbal_e2e::actors::ALICE;
use gimbal_e2e::chain::{self, Chain, Start};
use gimbal_keeper::keeper::Outcome;
use gimbal_scripts::artifact::Artifacts;
use gimbal_scripts::bench::peer::{Peer, anvil};
use gimbal_scripts::chain::{Chain as Link, dev_account};
use gimbal_scripts::market::{Market, MarketConfig};

use crate::lifecycle::keeper;

const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

#[tokio::test(flavor = "multi_thread")]
async fn gimbal_runs_on_a_fork_and_its_upstream_sees_nothing() -> Result<()> {
    let upstream = Chain::start(Start::Drifted).await?;
    let g = &upstream.main;
    let before = g.state(&upstream).await?;
    let head = upstream.provider().get_block_number().await?;
    let local = upstream.fork().await?;

    // The same view of the same vault.
    assert_eq!(g.state(&local).await?, before);
    assert_eq!(g.nav(&local).await?, g.nav(&upstream).await?);
    assert_eq!(g.check(&local).await?, g.check(&upstream).await?);

    g.deposit(&local, ALICE, ONE).await?;
    assert_eq!(g.state(&local).await?.supply, before.supply + ONE);
    let due = local
        .view(g.vault, &IVault::previewRedeemCall { shares: ONE })
        .await?
        .amounts;
    let (out, sent) = local.run(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;
    assert!(sent.receipt.status());
    assert_eq!(out.amountsOut, due);
    assert_eq!(g.state(&local).await?.supply, before.supply);

    // Engine, adapter and pools as well: the keeper trades on the fork.
    let keeper = keeper(&local)?;
    let outcome = keeper.once().await?;
    assert!(matches!(outcome, Outcome::Rebalanced(_)), "{outcome:?}");
    assert!(g.state(&local).await?.nonce > before.nonce);
    assert!(g.check(&local).await?.1 < g.check(&upstream).await?.1);

    assert_eq!(g.state(&upstream).await?, before);
    assert_eq!(upstream.provider().get_block_number().await?, head);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn uniswap_on_anvil_is_forked_with_stylus_beside_it() -> Result<()> {
    let peer = Peer::start(&anvil()?, &["--silent"]).await?;
    let upstream = Link::connect(peer.url()).await?;
    let deployer = dev_account()?;
    upstream
        .set_ether(deployer.address(), ONE * U256::from(10_000))
        .await?;
    let artifacts = Artifacts::default();
    let config = MarketConfig::default();
    let market = Market::deploy(&upstream, &artifacts, &deployer, &config).await?;
    let (asset, number) = (
        MarketConfig::WBTC,
        upstream.provider().get_block_number().await?,
    );
    let (spot, gas_limit) = {
        let block = upstream.provider().get_block(number.into()).await?;
        let header = block.ok_or_eyre("no block")?.header;
        (market.spot(asset).await?, header.gas_limit)
    };

    let node = chain::fork(peer.url()).await?;
    assert_eq!(node.chain_id(), upstream.chain_id());
    let local = Market {
        chain: Link::connect(&node.url()).await?,
        ..market.clone()
    };
    assert_eq!(local.spot(asset).await?, spot);
    let push = local.push_spot(asset, 150).await?;
    assert_ne!(push.after, spot);
    assert_eq!(local.spot(asset).await?, push.after);
    assert_eq!(market.spot(asset).await?, spot);
    assert_eq!(upstream.provider().get_block_number().await?, number);
    local.restore(push).await?;
    assert_eq!(local.spot(asset).await?, spot);

    // Limits, numbers and history are the upstream's; ArbOS is ours.
    let client = ProviderBuilder::new()
        .wallet(EthereumWallet::new(deployer))
        .connect_http(node.url().parse()?);
    let head = client.get_block_number().await?;
    let block = client
        .get_block(head.into())
        .await?
        .ok_or_eyre("no block")?;
    assert!(head > number);
    assert_eq!(block.header.gas_limit, gas_limit);
    let there = upstream.provider().get_block(number.into()).await?;
    let here = client.get_block(number.into()).await?;
    assert_eq!(
        here.ok_or_eyre("no block")?.header.hash,
        there.ok_or_eyre("no block")?.header.hash
    );
    let arb_sys = address!("0x0000000000000000000000000000000000000064");
    let version = TransactionRequest::default()
        .with_to(arb_sys)
        .with_input(alloy::hex!("051038f2"));
    let version = U256::from_be_slice(&client.call(version).await?);
    assert_eq!(version, U256::from(55 + stylus_devnode::ARBOS_VERSION));
    Ok(())
}
