//! Malformed and random calldata to every function of every contract, from somebody without a role.

use alloy::json_abi::JsonAbi;
use alloy::primitives::{Address, Bytes, U256, keccak256};
use eyre::Result;
use gimbal_abi::{IAdapter, IEngine, IVault};
use gimbal_e2e::actors::OUTSIDER;
use gimbal_e2e::chain::{Chain, Start};

use crate::attack::look;

/// Enough for whatever an outsider may do, too little to make refusals slow.
const GAS: u64 = 3_000_000;

/// A seeded stream of words, the same in every run.
fn words(seed: &[u8], count: usize) -> Vec<u8> {
    let mut word = keccak256(seed);
    let mut out = Vec::new();
    for _ in 0..count {
        out.extend_from_slice(word.as_slice());
        word = keccak256(word);
    }
    out
}

/// What follows a selector: nothing, too little, noise, noise that passes for small numbers and for addresses, ones.
fn tails(seed: &[u8]) -> Vec<Vec<u8>> {
    let mut small = words(seed, 8);
    for (i, word) in small.chunks_exact_mut(32).enumerate() {
        let keep = if i % 2 == 0 { 31 } else { 12 };
        word[..keep].fill(0);
    }
    vec![
        vec![],
        words(seed, 1)[..31].to_vec(),
        words(seed, 12),
        small,
        vec![0; 32 * 8],
        vec![0xff; 32 * 8],
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_calldata_of_an_outsider_changes_anything_of_others() -> Result<()> {
    let chain = Chain::start(Start::Calm).await?;
    let g = &chain.lab.gimbal;
    let before = look(&chain, g, OUTSIDER.address).await?;
    let contracts: [(Address, JsonAbi); 3] = [
        (g.vault, IVault::abi::contract()),
        (g.engine, IEngine::abi::contract()),
        (g.adapter, IAdapter::abi::contract()),
    ];
    let mut sent = 0;
    for (contract, abi) in contracts {
        for function in abi.functions() {
            let selector = function.selector();
            for tail in tails(selector.as_slice()) {
                let data: Bytes = [selector.to_vec(), tail].concat().into();
                chain
                    .transact(OUTSIDER.address, Some(contract), data, U256::ZERO, GAS)
                    .await?;
                sent += 1;
            }
        }
    }
    assert!(sent > 300, "only {sent} calls");
    assert_eq!(look(&chain, g, OUTSIDER.address).await?, before);
    Ok(())
}
