//! A scripted Gimbal of two assets: USDC, the reference, and WETH. Views answer from its fields; a rebalance that is
//! sent puts the basket back on target.

use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256, Bytes, U256, address};
use alloy::sol_types::{SolCall, SolEvent};
use gimbal_abi::token::IERC20;
use gimbal_abi::uniswap::IUniswapV3Pool;
use gimbal_abi::{IEngine, IVault};
use gimbal_keeper::config::Addresses;
use serde_json::{Value, json};

use crate::node::{Node, Reply};

pub(crate) const VAULT: Address = address!("00000000000000000000000000000000000000aa");
pub(crate) const ENGINE: Address = address!("00000000000000000000000000000000000000bb");
pub(crate) const ADAPTER: Address = address!("00000000000000000000000000000000000000cc");
pub(crate) const USDC: Address = address!("0000000000000000000000000000000000000001");
pub(crate) const WETH: Address = address!("0000000000000000000000000000000000000002");
pub(crate) const POOL: Address = address!("0000000000000000000000000000000000000003");
/// The development key of every Nitro node; its account is the keeper.
pub(crate) const KEY: &str = "b6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";
pub(crate) const KEEPER: Address = address!("3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");
pub(crate) const CHAIN: u64 = 412_346;
const E18: u128 = 1_000_000_000_000_000_000;

/// What the next call to `rebalance` returns.
#[derive(Clone)]
pub(crate) enum Rebalance {
    Works,
    Trips,
    Reverts(Bytes),
    /// Reverts while more than this is sold: a pool without depth.
    RevertsAbove(u128, Bytes),
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) mode: u8,
    pub(crate) nonce: u64,
    /// {tok} of USDC and WETH; WETH is worth 2,500 USDC.
    pub(crate) managed: [u128; 2],
    pub(crate) twap_weth: u128,
    pub(crate) keeper: bool,
    pub(crate) rebalance: Rebalance,
    /// Requests that fail before the node is up.
    pub(crate) failures: usize,
    /// Looks for a receipt that find none.
    pub(crate) receipt_delay: usize,
    pub(crate) tx_count: u64,
    pub(crate) sent: Vec<Bytes>,
    pub(crate) sent_hash: Option<B256>,
}

impl World {
    /// Half a million USD, WETH 54 %: 4 % out of a band of 200 bps.
    pub(crate) fn out_of_band() -> Self {
        Self {
            mode: 0,
            nonce: 0,
            managed: [230_000_000_000, 108 * E18],
            twap_weth: 2_500 * E18,
            keeper: true,
            rebalance: Rebalance::Works,
            failures: 0,
            receipt_delay: 0,
            tx_count: 0,
            sent: Vec::new(),
            sent_hash: None,
        }
    }

    pub(crate) fn in_band() -> Self {
        Self {
            managed: [250_000_000_000, 100 * E18],
            ..Self::out_of_band()
        }
    }

    pub(crate) fn addresses() -> Addresses {
        Addresses {
            vault: VAULT,
            engine: ENGINE,
        }
    }

    /// Serves the world; both sides may change it.
    pub(crate) fn serve(self) -> (Node, Arc<Mutex<Self>>) {
        let world = Arc::new(Mutex::new(self));
        let served = Arc::clone(&world);
        let node = Node::spawn(move |method, params| served.lock().unwrap().answer(method, params));
        (node, world)
    }

    fn answer(&mut self, method: &str, params: &Value) -> Reply {
        if self.failures > 0 {
            self.failures -= 1;
            return Reply::Close;
        }
        match method {
            "eth_chainId" => Reply::Ok(json!(format!("{CHAIN:#x}"))),
            "eth_getCode" => Reply::Ok(json!("0xef")),
            "eth_getBalance" => Reply::Ok(json!("0xde0b6b3a7640000")),
            "eth_getTransactionCount" => Reply::Ok(json!(format!("{:#x}", self.tx_count))),
            "eth_estimateGas" => Reply::Ok(json!("0x7a120")),
            "eth_getBlockByNumber" => Reply::Ok(json!({
                "number": "0x10", "hash": B256::repeat_byte(7), "timestamp": "0x6b49d200", "baseFeePerGas": "0x5f5e100",
            })),
            "eth_call" => self.call(&params[0]),
            "eth_sendRawTransaction" => self.accept(&params[0]),
            "eth_getTransactionReceipt" => self.receipt(&params[0]),
            other => Reply::error(-32601, &format!("the method {other} does not exist")),
        }
    }

    fn accept(&mut self, raw: &Value) -> Reply {
        let bytes: Bytes = raw.as_str().unwrap().parse().unwrap();
        let hash = alloy::primitives::keccak256(&bytes);
        self.sent.push(bytes);
        self.sent_hash = Some(hash);
        self.tx_count += 1;
        self.managed = Self::in_band().managed;
        Reply::Ok(json!(hash))
    }

    fn receipt(&mut self, hash: &Value) -> Reply {
        let known = self.sent_hash.map(|sent| json!(sent)) == Some(hash.clone());
        if !known || self.receipt_delay > 0 {
            self.receipt_delay = self.receipt_delay.saturating_sub(1);
            return Reply::Ok(Value::Null);
        }
        let event = IEngine::Rebalanced {
            keeper: KEEPER,
            nonce: 0,
            navBefore: U256::from(500_000 * E18),
            navAfter: U256::from(499_990 * E18),
            driftBefore: U256::from(E18 / 25),
            driftAfter: U256::from(E18 / 10_000),
            prices: vec![],
        };
        let data = event.encode_log_data();
        Reply::Ok(json!({
            "status": "0x1", "blockNumber": "0x11", "gasUsed": "0x493e0", "transactionHash": hash,
            "logs": [{
                "address": ENGINE, "topics": data.topics(), "data": data.data, "blockNumber": "0x11",
                "transactionHash": hash, "transactionIndex": "0x0", "blockHash": B256::repeat_byte(8),
                "logIndex": "0x0", "removed": false,
            }],
        }))
    }

    fn call(&self, request: &Value) -> Reply {
        let Some(to) = request["to"].as_str() else {
            return Reply::Ok(json!(B256::from(U256::from(0x6b49_d200))));
        };
        let to: Address = to.parse().unwrap();
        let input: Bytes = request["input"].as_str().unwrap().parse().unwrap();
        let selector: [u8; 4] = input[..4].try_into().unwrap();
        if selector == IEngine::rebalanceCall::SELECTOR {
            return self.rebalance(&input);
        }
        match self.view(to, selector, &input) {
            Some(output) => Reply::Ok(json!(alloy::hex::encode_prefixed(output))),
            None => Reply::revert(&[]),
        }
    }

    fn rebalance(&self, input: &[u8]) -> Reply {
        let sold = IEngine::rebalanceCall::abi_decode(input).unwrap().trades[0].maxIn;
        let outcome = match &self.rebalance {
            Rebalance::Reverts(data) => return Reply::revert(data),
            Rebalance::RevertsAbove(most, data) if sold > *most => return Reply::revert(data),
            Rebalance::Works | Rebalance::RevertsAbove(..) => 0,
            Rebalance::Trips => 1,
        };
        let nav = U256::from(500_000 * E18);
        let output = IEngine::rebalanceCall::abi_encode_returns(&(outcome, nav, nav).into());
        Reply::Ok(json!(alloy::hex::encode_prefixed(output)))
    }

    fn view(&self, to: Address, selector: [u8; 4], input: &[u8]) -> Option<Vec<u8>> {
        let price = [U256::from(E18), U256::from(2_500 * E18)];
        let values = [self.managed[0] * 1_000_000_000_000, self.managed[1] * 2_500];
        let nav = values[0] + values[1];
        let weights = values.map(|value| U256::from(value) * U256::from(E18) / U256::from(nav));
        let half = U256::from(E18 / 2);
        let managed = self.managed.map(U256::from).to_vec();
        Some(match selector {
            IVault::stateCall::SELECTOR => IVault::stateCall::abi_encode_returns(
                &(
                    self.mode,
                    self.nonce,
                    U256::from(1_000 * E18),
                    vec![USDC, WETH],
                    managed,
                )
                    .into(),
            ),
            IVault::modeSinceCall::SELECTOR => {
                IVault::modeSinceCall::abi_encode_returns(&(self.mode, 1_700_000_000).into())
            }
            IVault::engineCall::SELECTOR => IVault::engineCall::abi_encode_returns(&ENGINE),
            IVault::quotaCall::SELECTOR => {
                IVault::quotaCall::abi_encode_returns(&(U256::ZERO, U256::from(E18 / 4)).into())
            }
            IVault::previewMintCall::SELECTOR => IVault::previewMintCall::abi_encode_returns(
                &(vec![USDC, WETH], vec![U256::ONE; 2]).into(),
            ),
            IEngine::vaultCall::SELECTOR => IEngine::vaultCall::abi_encode_returns(&VAULT),
            IEngine::referenceCall::SELECTOR => {
                IEngine::referenceCall::abi_encode_returns(&U256::ZERO)
            }
            IEngine::checkRebalanceCall::SELECTOR => {
                let status = if weights[1].abs_diff(half) >= U256::from(E18 / 50) {
                    0
                } else {
                    1
                };
                let none = U256::ZERO;
                IEngine::checkRebalanceCall::abi_encode_returns(
                    &(status, 0, weights[1].abs_diff(half), none, none).into(),
                )
            }
            IEngine::pricesCall::SELECTOR => {
                let twap = vec![price[0], U256::from(self.twap_weth)];
                let spot = vec![U256::ZERO, U256::from(self.twap_weth)];
                let flags = vec![U256::ZERO; 2];
                IEngine::pricesCall::abi_encode_returns(&(price.to_vec(), twap, spot, flags).into())
            }
            IEngine::weightsCall::SELECTOR => IEngine::weightsCall::abi_encode_returns(
                &(weights.to_vec(), vec![half; 2], vec![U256::from(200); 2]).into(),
            ),
            IEngine::navCall::SELECTOR => IEngine::navCall::abi_encode_returns(&U256::from(nav)),
            IEngine::limitsCall::SELECTOR => IEngine::limitsCall::abi_encode_returns(&limits()),
            IEngine::lastRebalanceCall::SELECTOR => {
                IEngine::lastRebalanceCall::abi_encode_returns(&1_600_000_000)
            }
            IEngine::venuesCall::SELECTOR => {
                IEngine::venuesCall::abi_encode_returns(&vec![ADAPTER])
            }
            IEngine::isKeeperCall::SELECTOR => {
                IEngine::isKeeperCall::abi_encode_returns(&self.keeper)
            }
            IEngine::assetCall::SELECTOR => {
                let index: usize = IEngine::assetCall::abi_decode(input)
                    .ok()?
                    .index
                    .saturating_to();
                IEngine::assetCall::abi_encode_returns(&asset(index))
            }
            IERC20::symbolCall::SELECTOR => {
                let symbol = if to == USDC { "USDC" } else { "WETH" };
                IERC20::symbolCall::abi_encode_returns(&symbol.into())
            }
            IERC20::balanceOfCall::SELECTOR => {
                IERC20::balanceOfCall::abi_encode_returns(&U256::ZERO)
            }
            IERC20::decimalsCall::SELECTOR => {
                IERC20::decimalsCall::abi_encode_returns(&if to == USDC { 6 } else { 18 })
            }
            IUniswapV3Pool::feeCall::SELECTOR => IUniswapV3Pool::feeCall::abi_encode_returns(
                &alloy::primitives::aliases::U24::from(500),
            ),
            _ => return None,
        })
    }
}

fn asset(index: usize) -> IEngine::Asset {
    IEngine::Asset {
        token: [USDC, WETH][index],
        feed: Address::repeat_byte(9),
        pool: [Address::ZERO, POOL][index],
        heartbeat: 3_600,
        priceMin: 1,
        priceMax: u128::MAX,
        liquidityMin: 0,
        target: (E18 / 2) as u64,
        band: 200,
    }
}

fn limits() -> IEngine::Limits {
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
        tradeUsdMin: 50 * E18,
    }
}
