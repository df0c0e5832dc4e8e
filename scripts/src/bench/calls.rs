//! A warm Stylus call beside the same call of a Solidity contract: the example program and its twin.

use std::time::Instant;

use alloy::primitives::{Address, U256};
use alloy::sol_types::{SolCall, SolValue};
use eyre::{Result, WrapErr, ensure};
use gimbal_abi::token::IERC20;
use gimbal_keeper::deploy::{Program, create};
use gimbal_keeper::rpc::Chain as KeeperChain;
use gimbal_keeper::send::{SendPolicy, Sender};
use serde_json::{Value, json};

use super::line::{Line, request};
use crate::artifact::Artifacts;
use crate::chain::{Chain, dev_account};

/// Calls in one request, so that client and transport hardly count.
const BATCH: usize = 200;
/// Requests of each before anything is measured.
const WARM_UP: usize = 3;

/// The example token, as wasm and as EVM code.
#[derive(Debug, Clone, Copy)]
pub struct Twins {
    /// The Stylus program.
    pub stylus: Address,
    /// The Solidity contract.
    pub solidity: Address,
}

impl Twins {
    /// Deploys both with the same arguments.
    ///
    /// - Errors: missing artifacts, a node that refuses.
    pub async fn deploy(url: &str, artifacts: &Artifacts) -> Result<Self> {
        let chain = Chain::connect(url).await?;
        let issuer = dev_account()?;
        let supply = U256::from(10).pow(U256::from(24));
        let args = ("Token", "TKN", supply, issuer.address()).abi_encode_params();
        let solidity = chain.deploy(&issuer, artifacts.twin()?, &args).await?;
        let program = Program::from_wasm("example", &artifacts.wasm("example")?)?;
        let sender = Sender::new(KeeperChain::connect(url)?, issuer, SendPolicy::default());
        let (stylus, _) = create(&sender, &program, &args).await?;
        Ok(Self { stylus, solidity })
    }

    /// Wall time of a warm `transfer` as `eth_call`, rounds in turn, {us} of each: Stylus, Solidity.
    ///
    /// - Errors: a call that fails.
    pub async fn transfer_us(self, url: &str, rounds: usize) -> Result<(Vec<f64>, Vec<f64>)> {
        let url = url.to_owned();
        let holder = dev_account()?.address();
        let measured = tokio::task::spawn_blocking(move || {
            let mut line = Line::open(&url)?;
            let [stylus, solidity] = [self.stylus, self.solidity].map(|to| batch(holder, to));
            for request in [&stylus, &solidity].repeat(WARM_UP) {
                checked(&line.exchange(request)?)?;
            }
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                for (request, taken) in [(&stylus, &mut ours), (&solidity, &mut theirs)] {
                    let started = Instant::now();
                    let answer = line.exchange(request)?;
                    taken.push(started.elapsed().as_secs_f64() * 1e6 / BATCH as f64);
                    checked(&answer)?;
                }
            }
            Ok((ours, theirs))
        });
        measured.await?
    }
}

/// Transfers of the holder, as one JSON-RPC batch.
fn batch(holder: Address, token: Address) -> Vec<u8> {
    let calls: Vec<Value> = (0..BATCH)
        .map(|id| {
            json!({"jsonrpc": "2.0", "id": id, "method": "eth_call", "params": [
                {"from": holder, "to": token, "input": transfer()}, "latest"
            ]})
        })
        .collect();
    request(&Value::from(calls).to_string())
}

fn transfer() -> alloy::primitives::Bytes {
    let call = IERC20::transferCall {
        to: Address::repeat_byte(0x42),
        value: U256::from(1_000),
    };
    call.abi_encode().into()
}

/// Every call answered `true`.
fn checked(answer: &[u8]) -> Result<()> {
    let answers: Vec<Value> = serde_json::from_slice(answer).wrap_err("a batch's answer")?;
    let right = |answer: &Value| {
        let word = answer["result"].as_str();
        word.is_some_and(|word| word.len() == 66 && word.ends_with('1'))
    };
    ensure!(
        answers.len() == BATCH && answers.iter().all(right),
        "a call failed: {:?}",
        answers.iter().find(|answer| !right(answer))
    );
    Ok(())
}
