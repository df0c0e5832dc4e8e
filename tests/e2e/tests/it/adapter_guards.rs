//! The adapter's functions, guards walked in the documented order, and its callback under attack.

use alloy::primitives::{Address, Bytes, I256, U256};
use eyre::Result;
use gimbal_abi::IAdapter;
use gimbal_abi::token::IERC20;
use gimbal_abi::uniswap::IUniswapV3Pool;
use gimbal_e2e::actors::{ALICE, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::mocks::{self, Trap};
use gimbal_e2e::world::{LINK, USDC, WBTC};
use gimbal_scripts::market::mocks::HostilePool;

fn swap(
    token_in: Address,
    token_out: Address,
    amount: U256,
    min_out: U256,
    route: Bytes,
) -> IAdapter::swapCall {
    IAdapter::swapCall {
        tokenIn: token_in,
        tokenOut: token_out,
        amountIn: amount,
        minOut: min_out,
        route,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn swap_walks_vault_route_length_pools_continuity_output() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, adapter) = (&chain.main, chain.main.adapter);
    let (usdc, wbtc, link) = (g.tokens[USDC], g.tokens[WBTC], g.tokens[LINK]);
    let amount = U256::from(1_000_000_000);
    g.deal(&chain, USDC, adapter, amount).await?;

    let with = |route: &[u8]| swap(usdc, link, amount, U256::MAX, route.to_vec().into());
    chain
        .refuses(
            OUTSIDER,
            adapter,
            &with(&[]),
            IAdapter::NotVault {
                caller: OUTSIDER.address,
            },
        )
        .await?;
    chain
        .refuses(
            OWNER,
            adapter,
            &with(&[]),
            IAdapter::NotVault {
                caller: OWNER.address,
            },
        )
        .await?;
    for length in [0_usize, 19, 21, 39, 60] {
        let error = IAdapter::BadRoute {
            length: U256::from(length),
        };
        chain
            .refuses(g.vault, adapter, &with(&vec![7; length]), error)
            .await?;
    }
    let nobody = Address::repeat_byte(0x44);
    let refusal = chain
        .refusal(g.vault, adapter, &with(nobody.as_slice()))
        .await?;
    assert!(
        refusal.is::<IAdapter::UnknownPool>() || refusal.is::<IAdapter::CallFailed>(),
        "{}",
        refusal.describe()
    );
    let args =
        alloy::sol_types::SolValue::abi_encode_params(&(g.factory, usdc, link, U256::from(500)));
    let fake = chain
        .create(
            OWNER,
            mocks::init_code("HostilePool", "HostilePool", &args)?,
        )
        .await?;
    chain
        .refuses(
            g.vault,
            adapter,
            &with(fake.as_slice()),
            IAdapter::UnknownPool { pool: fake },
        )
        .await?;
    // A real pool, but of other tokens.
    let broken = chain
        .refusal(g.vault, adapter, &with(g.pools[WBTC].as_slice()))
        .await?;
    assert!(
        broken.is::<IAdapter::UnknownPool>() || broken.is::<IAdapter::BadRoute>(),
        "{}",
        broken.describe()
    );
    let good = with(g.pools[LINK].as_slice());
    let slippage: IAdapter::Slippage = chain.refuses_with(g.vault, adapter, &good).await?;
    assert_eq!((slippage.token, slippage.want), (link, U256::MAX));

    let before = g.balance(&chain, LINK, g.vault).await?;
    let (out, _) = chain
        .run(
            g.vault,
            adapter,
            &IAdapter::swapCall {
                minOut: slippage.got,
                ..good
            },
        )
        .await?;
    assert_eq!((out.spent, out.got), (amount, slippage.got));
    assert_eq!(g.balance(&chain, LINK, g.vault).await?, before + out.got);

    let two = swap(
        wbtc,
        link,
        U256::from(1_000_000),
        U256::ZERO,
        g.route(WBTC, LINK),
    );
    g.deal(&chain, WBTC, adapter, U256::from(1_000_000)).await?;
    let (out, _) = chain.run(g.vault, adapter, &two).await?;
    assert_eq!(out.spent, U256::from(1_000_000));
    assert!(!out.got.is_zero());
    assert_eq!(
        g.balances(&chain, adapter).await?,
        vec![U256::ZERO; 4],
        "INV-12"
    );
    for token in &g.tokens {
        for spender in [g.adapter, g.pools[WBTC], g.pools[LINK], g.engine] {
            let allowance = IERC20::allowanceCall {
                owner: g.vault,
                spender,
            };
            assert_eq!(chain.view(*token, &allowance).await?, U256::ZERO, "INV-12");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callback_is_refused_outside_of_a_swap_whoever_calls() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, adapter) = (&chain.main, chain.main.adapter);
    for asset in 0..g.len() {
        g.deal(&chain, asset, adapter, U256::from(1_000_000))
            .await?;
    }
    let held = g.balances(&chain, adapter).await?;
    for data in [Bytes::new(), vec![0xff; 64].into(), g.route(WBTC, LINK)] {
        for (amount0, amount1) in [(1, -1), (-1, 1), (1, 1), (0, 0), (i64::MAX, i64::MIN)] {
            let call = IAdapter::uniswapV3SwapCallbackCall {
                amount0Delta: I256::try_from(amount0)?,
                amount1Delta: I256::try_from(amount1)?,
                data: data.clone(),
            };
            for caller in [
                OUTSIDER.address,
                g.pools[WBTC],
                g.pools[LINK],
                g.vault,
                g.engine,
                OWNER.address,
            ] {
                let error = IAdapter::UnexpectedCallback { caller };
                chain.refuses(caller, adapter, &call, error).await?;
            }
        }
    }
    assert_eq!(g.balances(&chain, adapter).await?, held);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_pool_that_somebody_else_swaps_on_cannot_make_the_adapter_pay() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, adapter) = (&chain.main, chain.main.adapter);
    g.deal(&chain, USDC, adapter, U256::from(1_000_000)).await?;
    // The pool calls back its caller; here the adapter's address, as if it had been tricked into calling.
    let call = IUniswapV3Pool::swapCall {
        recipient: ALICE.address,
        zeroForOne: g.tokens[USDC] < g.tokens[WBTC],
        amountSpecified: I256::try_from(1_000)?,
        sqrtPriceLimitX96: if g.tokens[USDC] < g.tokens[WBTC] {
            "4295128740".parse()?
        } else {
            "1461446703485210103287273052203988822378723970341".parse()?
        },
        data: Bytes::new(),
    };
    let refusal = chain.refusal(adapter, g.pools[WBTC], &call).await?;
    assert!(
        refusal.is::<IAdapter::UnexpectedCallback>(),
        "{}",
        refusal.describe()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_cheats_is_refused_by_the_adapter() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, adapter) = (&chain.lab.gimbal, chain.lab.gimbal.adapter);
    let amount = U256::from(1_000_000_000);
    let honest = chain.lab.quote(&chain, 0, 1, amount).await?;
    g.deal(&chain, 0, adapter, amount).await?;
    let call = swap(g.tokens[0], g.tokens[1], amount, honest, g.route(0, 1));
    let pool = g.pools[1];
    for trap in [
        Trap::CallbackTwice,
        Trap::Overcharge,
        Trap::Underpay,
        Trap::NoPay,
    ] {
        chain
            .send(OWNER, pool, &HostilePool::setTrapCall { trap: trap as u8 })
            .await?;
        let refusal = chain.refusal(g.vault, adapter, &call).await?;
        assert!(
            !refusal.0.is_empty(),
            "{trap:?} was refused without a word (INV-16)"
        );
        match trap {
            Trap::Underpay | Trap::NoPay => {
                assert!(refusal.is::<IAdapter::Slippage>(), "{}", refusal.describe())
            }
            Trap::CallbackTwice => {
                assert!(
                    refusal.is::<IAdapter::UnexpectedCallback>(),
                    "{}",
                    refusal.describe()
                );
            }
            _ => {}
        }
    }
    // One that pays and never asks for its own.
    chain
        .send(
            OWNER,
            pool,
            &HostilePool::setTrapCall {
                trap: Trap::NoCallback as u8,
            },
        )
        .await?;
    let unasked = IAdapter::UnexpectedCallback { caller: pool };
    chain.refuses(g.vault, adapter, &call, unasked).await?;
    chain
        .send(
            OWNER,
            pool,
            &HostilePool::setTrapCall {
                trap: Trap::None as u8,
            },
        )
        .await?;
    let (out, _) = chain.run(g.vault, adapter, &call).await?;
    assert_eq!((out.spent, out.got), (amount, honest));
    assert_eq!(g.balances(&chain, adapter).await?, vec![U256::ZERO; 3]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_adapter_held_before_stays_and_counts_for_nothing() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let (g, adapter) = (&chain.main, chain.main.adapter);
    let amount = U256::from(1_000_000);
    g.deal(&chain, USDC, adapter, amount * U256::from(3))
        .await?;
    let call = swap(
        g.tokens[USDC],
        g.tokens[LINK],
        amount,
        U256::ZERO,
        g.route(USDC, LINK),
    );
    let (before, bought) = (
        g.balance(&chain, USDC, g.vault).await?,
        g.balance(&chain, LINK, g.vault).await?,
    );
    let (out, _) = chain.run(g.vault, adapter, &call).await?;
    assert_eq!(out.spent, amount);
    assert_eq!(g.balance(&chain, USDC, g.vault).await?, before);
    assert_eq!(
        g.balance(&chain, LINK, g.vault).await?,
        bought + out.got,
        "INV-12"
    );
    assert_eq!(
        g.balance(&chain, USDC, adapter).await?,
        amount * U256::from(2)
    );
    Ok(())
}
