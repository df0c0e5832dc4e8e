//! Share accounting: donations are inert, rounding never favours the caller, dead shares stay.

use alloy::primitives::{Address, U256, keccak256};
use eyre::Result;
use gimbal_abi::IVault;
use gimbal_e2e::actors::{ALICE, BOB, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};

const DEAD: U256 = U256::from_limbs([1_000_000_000_000_000, 0, 0, 0]);
const GRAVE: Address = Address::with_last_byte(1);
const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// A seeded stream of numbers, the same in every run.
struct Dice(U256);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = keccak256(self.0.to_be_bytes::<32>()).into();
        self.0.as_limbs()[0] % sides
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_donation_changes_no_preview_no_weight_no_quota() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    let look = async || -> Result<_> {
        let mint = chain
            .view(g.vault, &IVault::previewMintCall { shares: ONE })
            .await?
            .amounts;
        let redeem = chain
            .view(g.vault, &IVault::previewRedeemCall { shares: ONE })
            .await?
            .amounts;
        let quota = chain
            .view(g.vault, &IVault::quotaCall { asset: g.tokens[0] })
            .await?;
        let weights = chain
            .view(g.engine, &gimbal_abi::IEngine::weightsCall {})
            .await?;
        let nav = g.nav(&chain).await?;
        Ok((
            g.state(&chain).await?,
            mint,
            redeem,
            (quota.used, quota.cap),
            weights.current,
            nav,
        ))
    };
    let before = look().await?;
    for asset in 0..g.len() {
        let amount = g.balance(&chain, asset, g.vault).await? * U256::from(3);
        g.deal(&chain, asset, g.vault, amount).await?;
        g.deal(&chain, asset, g.engine, amount).await?;
        g.deal(&chain, asset, g.adapter, amount).await?;
    }
    for contract in [g.vault, g.engine, g.adapter] {
        chain
            .request::<_, serde_json::Value>("anvil_setBalance", (contract, ONE))
            .await?;
    }
    assert_eq!(look().await?, before, "INV-05");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sequence_of_tiny_mints_and_redeems_takes_out_more_than_it_put_in() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let plenty = U256::from(10).pow(U256::from(30));
    for asset in 0..3 {
        g.deal(&chain, asset, BOB, plenty).await?;
    }
    g.approve_all(&chain, BOB).await?;
    let before = g.state(&chain).await?;
    let mut dice = Dice(U256::from(20_260_901));
    for round in 0..120 {
        let shares = match dice.roll(4) {
            0 => U256::from(dice.roll(11)),
            1 => U256::from(dice.roll(1 << 40)),
            2 => U256::from(10).pow(U256::from(dice.roll(22))),
            _ => U256::from(dice.roll(u64::MAX)) * U256::from(dice.roll(2_000)),
        };
        let held = g.shares(&chain, BOB).await?;
        let state = g.state(&chain).await?;
        if shares.is_zero() {
            continue;
        }
        if dice.roll(2) == 0 {
            let (paid, _) = chain.run(BOB, g.vault, &g.mint(shares, BOB)).await?;
            for (asset, paid) in paid.iter().enumerate() {
                let exact = state.managed[asset] * shares;
                let ceil = exact.div_ceil(state.supply);
                assert_eq!(*paid, ceil, "mint rounds up, round {round}");
            }
        } else if !held.is_zero() {
            let shares = shares.min(held);
            let (got, _) = chain.run(BOB, g.vault, &g.redeem(shares, BOB)).await?;
            for asset in 0..3 {
                let floor = state.managed[asset] * shares / state.supply;
                assert_eq!(
                    got.amountsOut[asset], floor,
                    "redeem rounds down, round {round}"
                );
            }
        }
        let after = g.state(&chain).await?;
        for asset in 0..3 {
            assert!(
                after.managed[asset] * state.supply >= state.managed[asset] * after.supply,
                "INV-06: asset {asset} per share fell in round {round}"
            );
        }
    }
    let held = g.shares(&chain, BOB).await?;
    if !held.is_zero() {
        chain.send(BOB, g.vault, &g.redeem(held, BOB)).await?;
    }
    let after = g.state(&chain).await?;
    assert_eq!(after.supply, before.supply);
    for asset in 0..3 {
        assert!(
            g.balance(&chain, asset, BOB).await? <= plenty,
            "INV-04: profit in asset {asset}"
        );
        assert!(after.managed[asset] >= before.managed[asset]);
    }
    assert_eq!(g.balances(&chain, g.vault).await?, after.managed, "INV-01");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_shares_outlive_everybody_and_mint_goes_on_from_them() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    for holder in [ALICE, BOB, OWNER] {
        let held = g.shares(&chain, holder).await?;
        if !held.is_zero() {
            chain.send(holder, g.vault, &g.redeem(held, holder)).await?;
        }
    }
    let state = g.state(&chain).await?;
    assert_eq!(state.supply, DEAD, "INV-03");
    assert_eq!(g.shares(&chain, GRAVE).await?, DEAD);
    assert!(state.managed.iter().all(|amount| !amount.is_zero()));

    for asset in 0..3 {
        let amount = state.managed[asset] * U256::from(1_000_000_000_u64);
        g.deal(&chain, asset, g.vault, amount).await?;
    }
    g.deposit(&chain, OUTSIDER, ONE).await?;
    let due = chain
        .view(g.vault, &IVault::previewRedeemCall { shares: ONE })
        .await?
        .amounts;
    let (out, _) = chain
        .run(OUTSIDER, g.vault, &g.redeem(ONE, OUTSIDER))
        .await?;
    assert_eq!(out.amountsOut, due);
    let after = g.state(&chain).await?;
    assert_eq!(after.supply, DEAD);
    for asset in 0..3 {
        assert!(after.managed[asset] >= state.managed[asset]);
        assert!(
            after.managed[asset] <= state.managed[asset] + U256::from(1),
            "the donation went to nobody"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_have_no_part_in_mint_and_redeem() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    let look = async || -> Result<_> {
        let mint = chain
            .view(g.vault, &IVault::previewMintCall { shares: ONE })
            .await?
            .amounts;
        let redeem = chain
            .view(g.vault, &IVault::previewRedeemCall { shares: ONE })
            .await?
            .amounts;
        Ok((mint, redeem))
    };
    let before = look().await?;
    let asset = g.others()[0];
    let price = chain.market.assets[asset].config.price.times(1.9);
    chain.market.move_price(asset, price).await?;
    assert_eq!(look().await?, before);
    g.deposit(&chain, OUTSIDER, ONE).await?;
    chain
        .send(OUTSIDER, g.vault, &g.redeem(ONE, OUTSIDER))
        .await?;
    Ok(())
}
