//! What an attacker that re-enters Gimbal tries, the power it is given, and what it could have changed.

use alloy::primitives::{Address, Bytes, I256, U256};
use alloy::sol_types::{SolCall, SolValue};
use eyre::Result;
use gimbal_abi::{IAdapter, IEngine, IVault};
use gimbal_e2e::actors::{ALICE, BOB, OUTSIDER, OWNER};
use gimbal_e2e::chain::Chain;
use gimbal_e2e::gimbal::Gimbal;
use gimbal_e2e::rpc::Rpc;

/// 1e18
pub(crate) const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// A call that the attacker makes, and whether it is let through when no operation is open.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) target: Address,
    pub(crate) data: Bytes,
    pub(crate) passes: bool,
}

pub(crate) fn attack<C: SolCall>(target: Address, call: &C, passes: bool) -> Attack {
    Attack {
        name: C::SIGNATURE,
        target,
        data: call.abi_encode().into(),
        passes,
    }
}

/// Every function of the vault that depends on state, and every one that changes it.
pub(crate) fn on_vault(g: &Gimbal, attacker: Address) -> Vec<Attack> {
    let vault = g.vault;
    let asset = g.tokens[1];
    let some = U256::from(1_000_000);
    let swap = IVault::executeSwapCall {
        venue: g.adapter,
        tokenIn: asset,
        maxIn: some,
        tokenOut: g.tokens[0],
        minOut: U256::ZERO,
        route: g.route(1, 0),
    };
    vec![
        attack(
            vault,
            &IVault::approveCall {
                spender: OUTSIDER.address,
                value: ONE,
            },
            true,
        ),
        attack(
            vault,
            &IVault::transferCall {
                to: OUTSIDER.address,
                value: ONE,
            },
            true,
        ),
        attack(
            vault,
            &IVault::transferFromCall {
                from: ALICE.address,
                to: attacker,
                value: ONE,
            },
            true,
        ),
        attack(
            vault,
            &IVault::genesisCall {
                amounts: vec![some; 3],
                shares: ONE,
            },
            false,
        ),
        attack(vault, &g.mint(ONE, attacker), true),
        attack(vault, &g.redeem(ONE, attacker), true),
        attack(
            vault,
            &IVault::claimCall {
                asset: g.tokens[2],
                to: OUTSIDER.address,
            },
            true,
        ),
        attack(vault, &swap, false),
        attack(vault, &IVault::tripCall { reason: 1 }, false),
        attack(vault, &IVault::resumeCall {}, false),
        attack(vault, &IVault::haltCall { reason: 1 }, true),
        attack(vault, &IVault::killCall { reason: 1 }, true),
        attack(
            vault,
            &IVault::transferOwnershipCall {
                newOwner: OUTSIDER.address,
            },
            true,
        ),
        attack(vault, &IVault::acceptOwnershipCall {}, true),
        attack(
            vault,
            &IVault::setGuardianCall {
                guardian: OUTSIDER.address,
                allowed: true,
            },
            true,
        ),
        attack(vault, &IVault::setEngineCall { engine: attacker }, true),
        attack(
            vault,
            &IVault::setVenueCall {
                venue: attacker,
                allowed: true,
            },
            true,
        ),
        attack(
            vault,
            &IVault::setQuotaCall {
                asset,
                outBps: 5_000,
            },
            true,
        ),
        attack(vault, &IVault::stateCall {}, true),
        attack(vault, &IVault::totalSupplyCall {}, true),
        attack(
            vault,
            &IVault::balanceOfCall {
                account: ALICE.address,
            },
            true,
        ),
        attack(vault, &IVault::previewMintCall { shares: ONE }, true),
        attack(vault, &IVault::previewRedeemCall { shares: ONE }, true),
        attack(vault, &IVault::quotaCall { asset }, true),
        attack(
            vault,
            &IVault::owedCall {
                user: ALICE.address,
                asset,
            },
            true,
        ),
        attack(vault, &IVault::reservedCall { asset }, true),
    ]
}

/// Every function of the engine that asks the vault, and every one of the adapter.
pub(crate) fn on_the_rest(g: &Gimbal, limits: &IEngine::Limits) -> Vec<Attack> {
    let engine = g.engine;
    let trade = g.trade(1, 0);
    let rebalance = IEngine::rebalanceCall {
        trades: vec![trade],
        nonce: 0,
        deadline: u64::MAX,
    };
    let targets = vec![
        200_000_000_000_000_000,
        300_000_000_000_000_000,
        500_000_000_000_000_000,
    ];
    let swap = IAdapter::swapCall {
        tokenIn: g.tokens[1],
        tokenOut: g.tokens[0],
        amountIn: U256::from(1_000),
        minOut: U256::ZERO,
        route: g.route(1, 0),
    };
    vec![
        attack(engine, &rebalance, false),
        attack(engine, &IEngine::pokeCall {}, true),
        attack(engine, &IEngine::resumeCall {}, false),
        attack(
            engine,
            &IEngine::setKeeperCall {
                keeper: OUTSIDER.address,
                allowed: true,
            },
            true,
        ),
        attack(
            engine,
            &IEngine::setLimitsCall {
                limits: limits.clone(),
            },
            true,
        ),
        attack(
            engine,
            &IEngine::setTargetsCall {
                targets,
                bands: vec![2_500; 3],
            },
            true,
        ),
        attack(
            engine,
            &IEngine::addVenueCall {
                venue: OUTSIDER.address,
            },
            true,
        ),
        attack(engine, &IEngine::checkRebalanceCall {}, true),
        attack(engine, &IEngine::navCall {}, true),
        attack(engine, &IEngine::weightsCall {}, true),
        attack(g.adapter, &swap, false),
    ]
}

/// A callback as a pool sends it that wants `amount` of `token`.
pub(crate) fn callback(token: Address, amount: i64) -> IAdapter::uniswapV3SwapCallbackCall {
    let delta = I256::try_from(amount).unwrap_or_default();
    IAdapter::uniswapV3SwapCallbackCall {
        amount0Delta: delta,
        amount1Delta: -delta,
        data: token.abi_encode().into(),
    }
}

/// Makes an account owner (and owner to be), guardian and keeper, with shares, tokens, allowances and a claim.
pub(crate) async fn empower(chain: &Chain, g: &Gimbal, account: Address) -> Result<()> {
    chain
        .send(
            OWNER,
            g.vault,
            &IVault::setGuardianCall {
                guardian: account,
                allowed: true,
            },
        )
        .await?;
    chain
        .send(
            OWNER,
            g.engine,
            &IEngine::setKeeperCall {
                keeper: account,
                allowed: true,
            },
        )
        .await?;
    g.deposit(chain, account, ONE * U256::from(50)).await?;
    for asset in 0..g.len() {
        g.deal(chain, asset, account, ONE * ONE).await?;
    }
    let credit = IVault::redeemCall {
        skipMask: U256::from(0b100),
        ..g.redeem(ONE, account)
    };
    chain.send(account, g.vault, &credit).await?;
    chain
        .send(
            ALICE,
            g.vault,
            &IVault::approveCall {
                spender: account,
                value: U256::MAX,
            },
        )
        .await?;
    chain
        .send(
            OWNER,
            g.vault,
            &IVault::transferOwnershipCall { newOwner: account },
        )
        .await?;
    chain
        .send(account, g.vault, &IVault::acceptOwnershipCall {})
        .await?;
    chain
        .send(
            account,
            g.vault,
            &IVault::transferOwnershipCall { newOwner: account },
        )
        .await?;
    Ok(())
}

/// Everything that an attack could have changed.
#[derive(Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) state: gimbal_e2e::gimbal::State,
    pub(crate) shares: Vec<U256>,
    pub(crate) balances: Vec<Vec<U256>>,
    pub(crate) owed: Vec<U256>,
    pub(crate) allowance: U256,
    pub(crate) roles: (Address, Address, Address, bool, bool, bool),
    pub(crate) engine: (IEngine::Limits, bool, Vec<Address>, Vec<U256>),
    pub(crate) halted_at: u64,
}

pub(crate) async fn look(rpc: &Rpc, g: &Gimbal, attacker: Address) -> Result<Look> {
    let who = [ALICE.address, BOB.address, OUTSIDER.address, attacker];
    let mut shares = Vec::new();
    let mut balances = vec![
        g.balances(rpc, g.vault).await?,
        g.balances(rpc, g.adapter).await?,
    ];
    let mut owed = Vec::new();
    for account in who {
        shares.push(g.shares(rpc, account).await?);
        balances.push(g.balances(rpc, account).await?);
        for asset in 0..g.len() {
            owed.push(g.owed(rpc, asset, account).await?);
        }
    }
    let v = g.vault;
    let out = OUTSIDER.address;
    Ok(Look {
        state: g.state(rpc).await?,
        shares,
        balances,
        owed,
        allowance: rpc
            .view(
                v,
                &IVault::allowanceCall {
                    owner: attacker,
                    spender: out,
                },
            )
            .await?,
        roles: (
            rpc.view(v, &IVault::ownerCall {}).await?,
            rpc.view(v, &IVault::pendingOwnerCall {}).await?,
            rpc.view(v, &IVault::engineCall {}).await?,
            rpc.view(v, &IVault::isGuardianCall { account: out })
                .await?,
            rpc.view(v, &IVault::isGuardianCall { account: attacker })
                .await?,
            rpc.view(v, &IVault::isVenueCall { venue: attacker })
                .await?,
        ),
        engine: (
            g.limits(rpc).await?,
            rpc.view(g.engine, &IEngine::isKeeperCall { account: out })
                .await?,
            rpc.view(g.engine, &IEngine::venuesCall {}).await?,
            rpc.view(g.engine, &IEngine::weightsCall {}).await?.targets,
        ),
        halted_at: rpc.view(v, &IVault::modeSinceCall {}).await?.haltedAt,
    })
}
