//! What must be true of Gimbal as Stylus programs: constructors, the re-entrancy guard, activation and its expiry.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::Provider;
use alloy::sol_types::{SolCall, SolValue};
use eyre::Result;
use gimbal_abi::arbitrum::{ARB_WASM, IArbWasm, STYLUS_DEPLOYER, stylus_constructorCall};
use gimbal_abi::{IAdapter, IEngine, IVault};
use gimbal_e2e::actors::{ALICE, BOB, GUARDIAN, KEEPER, OUTSIDER, OWNER};
use gimbal_e2e::chain::{Chain, Start};
use gimbal_e2e::rpc::{GAS, Outcome};
use gimbal_e2e::world::{USDC, WBTC};
use gimbal_scripts::artifact::Artifacts;

const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);
const DAY: u64 = 86_400;
/// 1 ether, more than any activation costs here.
const FEE: U256 = ONE;

#[tokio::test(flavor = "multi_thread")]
async fn no_constructor_runs_twice_and_the_owner_is_the_argument() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    assert_eq!(
        chain.view(g.vault, &IVault::ownerCall {}).await?,
        OWNER.address
    );
    assert_ne!(OWNER.address, STYLUS_DEPLOYER);
    assert!(
        chain
            .view(
                g.vault,
                &IVault::isGuardianCall {
                    account: GUARDIAN.address
                }
            )
            .await?
    );
    assert!(
        !chain
            .view(
                g.vault,
                &IVault::isGuardianCall {
                    account: STYLUS_DEPLOYER
                }
            )
            .await?
    );
    assert_eq!(
        chain.view(g.adapter, &IAdapter::vaultCall {}).await?,
        g.vault
    );
    assert_eq!(
        chain.view(g.adapter, &IAdapter::factoryCall {}).await?,
        g.factory
    );
    assert_eq!(chain.view(g.engine, &IEngine::vaultCall {}).await?, g.vault);

    let mallory = OUTSIDER.address;
    let vault = (
        mallory,
        mallory,
        g.tokens.clone(),
        B256::repeat_byte(0x41),
        B256::repeat_byte(0x42),
    );
    let mut assets = Vec::new();
    for index in 0..g.len() {
        assets.push(
            chain
                .view(
                    g.engine,
                    &IEngine::assetCall {
                        index: U256::from(index),
                    },
                )
                .await?,
        );
    }
    let limits = g.limits(&chain).await?;
    let engine = (g.vault, g.sequencer, U256::ZERO, assets, limits);
    for (program, arguments) in [
        (g.vault, vault.abi_encode_params()),
        (g.engine, engine.abi_encode_params()),
        (g.adapter, (mallory, mallory).abi_encode_params()),
    ] {
        let data: Bytes = [&stylus_constructorCall::SELECTOR[..], &arguments]
            .concat()
            .into();
        for caller in [mallory, OWNER.address, STYLUS_DEPLOYER] {
            let receipt = chain
                .transact(caller, Some(program), data.clone(), U256::ZERO, GAS)
                .await?;
            assert!(
                !receipt.status(),
                "{program} was constructed again by {caller}"
            );
        }
    }
    assert_eq!(
        chain.view(g.vault, &IVault::ownerCall {}).await?,
        OWNER.address
    );
    assert_eq!(
        chain.view(g.adapter, &IAdapter::vaultCall {}).await?,
        g.vault
    );
    Ok(())
}

/// Bytes of an import's name in a wasm module.
fn imports(wasm: &[u8], name: &str) -> bool {
    wasm.windows(name.len())
        .any(|window| window == name.as_bytes())
}

#[test]
fn vault_and_engine_import_the_reentrancy_flag_and_the_adapter_does_not() -> Result<()> {
    let artifacts = Artifacts::default();
    assert!(imports(&artifacts.wasm("vault")?, "msg_reentrant"));
    assert!(imports(&artifacts.wasm("engine")?, "msg_reentrant"));
    assert!(!imports(&artifacts.wasm("adapter")?, "msg_reentrant"));
    Ok(())
}

/// The code of a program as if it stood at one address: that of a root is its fragments', put together.
async fn code_of(chain: &Chain, program: Address) -> Result<Bytes> {
    let code = chain.provider().get_code_at(program).await?;
    if !code.starts_with(&[0xef, 0xf0, 0x02]) {
        return Ok(code);
    }
    // A root is 4 bytes of prefix, 4 of length, and addresses.
    let mut whole = vec![0xef, 0xf0, 0x00, code[3]];
    for fragment in code[8..].chunks_exact(20) {
        let fragment = chain
            .provider()
            .get_code_at(Address::from_slice(fragment))
            .await?;
        whole.extend_from_slice(&fragment[3..]);
    }
    Ok(whole.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_on_chain_is_the_artifact() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let programs = gimbal_keeper::deploy::Programs::read(Artifacts::default().built())?;
    for (address, program) in [
        (chain.main.vault, &programs.vault),
        (chain.main.engine, &programs.engine),
        (chain.main.adapter, &programs.adapter),
        (chain.lab.gimbal.vault, &programs.vault),
    ] {
        assert_eq!(
            code_of(&chain, address).await?,
            program.code,
            "{}",
            program.name
        );
        assert!(
            chain
                .view(
                    ARB_WASM,
                    &IArbWasm::programTimeLeftCall { program: address }
                )
                .await?
                > 300 * DAY
        );
    }
    Ok(())
}

async fn codehash(chain: &Chain, program: Address) -> Result<B256> {
    Ok(alloy::primitives::keccak256(
        chain.provider().get_code_at(program).await?,
    ))
}

async fn activate(chain: &Chain, program: Address) -> Result<bool> {
    let data: Bytes = IArbWasm::activateProgramCall { program }
        .abi_encode()
        .into();
    let receipt = chain
        .transact(OUTSIDER.address, Some(ARB_WASM), data, FEE, GAS)
        .await?;
    Ok(receipt.status())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_engine_and_adapter_do_not_block_the_way_out() -> Result<()> {
    let chain = Chain::start(Start::Drifted).await?;
    let g = &chain.main;
    chain.warp(200 * DAY).await?;
    let keep = IArbWasm::codehashKeepaliveCall {
        codehash: codehash(&chain, g.vault).await?,
    };
    let kept = chain
        .transact(
            OUTSIDER.address,
            Some(ARB_WASM),
            keep.abi_encode().into(),
            FEE,
            GAS,
        )
        .await?;
    assert!(kept.status(), "anyone may keep a program alive");
    chain.warp(200 * DAY).await?;

    let call = g.rebalance(&chain, vec![g.trade(WBTC, USDC)]).await?;
    for (from, to, data) in [
        (KEEPER.address, g.engine, call.abi_encode()),
        (
            OUTSIDER.address,
            g.engine,
            IEngine::limitsCall {}.abi_encode(),
        ),
        (
            OUTSIDER.address,
            g.adapter,
            IAdapter::vaultCall {}.abi_encode(),
        ),
    ] {
        assert!(
            matches!(
                chain.ask(from, to, data.into(), GAS).await?,
                Outcome::Reverted(_)
            ),
            "{to} is expired"
        );
    }
    chain.send(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;
    g.deposit(&chain, BOB, ONE).await?;
    chain
        .send(OWNER, g.vault, &IVault::haltCall { reason: 1 })
        .await?;
    chain.send(ALICE, g.vault, &g.redeem(ONE, ALICE)).await?;

    assert!(
        activate(&chain, g.engine).await?,
        "anyone may activate an expired program again"
    );
    assert!(activate(&chain, g.adapter).await?);
    chain.view(g.engine, &IEngine::limitsCall {}).await?;
    assert_eq!(
        chain.view(g.adapter, &IAdapter::vaultCall {}).await?,
        g.vault
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_vault_can_be_activated_by_anyone_and_then_pays() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.main;
    chain.warp(400 * DAY).await?;
    let redeem = g.redeem(ONE, ALICE);
    let expired = chain
        .ask(ALICE.address, g.vault, redeem.abi_encode().into(), GAS)
        .await?;
    assert!(matches!(expired, Outcome::Reverted(_)));
    assert!(activate(&chain, g.vault).await?);
    chain.send(ALICE, g.vault, &redeem).await?;
    assert!(
        !activate(&chain, g.vault).await?,
        "an active program is up to date"
    );
    Ok(())
}
