//! Transactions per second: ERC-20 transfers and Uniswap V3 swaps of many senders, on either node.

use std::time::Instant;

use alloy::primitives::aliases::{U24, U160};
use alloy::primitives::{Address, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::{SolCall, SolValue};
use eyre::Result;
use gimbal_abi::token::IERC20;
use serde_json::json;

use super::line::{Line, request};
use super::load::{Queue, Step, drive};
use crate::artifact::Artifacts;
use crate::chain::{Chain, account, dev_account};
use crate::market::{self, Market, MarketConfig};

/// Accounts that send at the same time, each over its own connection and in nonce order.
pub const SENDERS: usize = 8;
/// Requests behind [`requests_per_second`].
const REQUESTS: usize = 2_000;
/// Gas limits.
const TRANSFER_GAS: u64 = 100_000;
const SWAP_GAS: u64 = 300_000;

alloy::sol! {
    /// Uniswap's SwapRouter.
    struct ExactInputSingle {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
    }

    function exactInputSingle(ExactInputSingle params) external payable returns (uint256 amountOut);
}

/// A pool and senders with money and allowances, on a fresh node.
#[derive(Debug)]
pub struct Ground {
    market: Market,
    router: Address,
    senders: Vec<PrivateKeySigner>,
}

impl Ground {
    /// Deploys two tokens, Uniswap V3 with a pool of them, and its SwapRouter.
    ///
    /// - Errors: missing artifacts, a node that refuses.
    pub async fn prepare(url: &str, artifacts: &Artifacts) -> Result<Self> {
        let chain = Chain::connect(url).await?;
        let deployer = dev_account()?;
        let mut config = MarketConfig::default();
        config.assets.remove(MarketConfig::WETH);
        config.assets.remove(MarketConfig::WBTC);
        let market = Market::deploy(&chain, artifacts, &deployer, &config).await?;
        let path = "@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json";
        let args = (market.factory, market.weth).abi_encode_params();
        let router = chain
            .deploy(&deployer, artifacts.published(path)?, &args)
            .await?;
        let mut senders = Vec::with_capacity(SENDERS);
        for index in 0..SENDERS {
            let sender = account(&format!("bench sender {index}"))?;
            let ether = U256::from(10).pow(U256::from(21));
            chain.set_ether(sender.address(), ether).await?;
            for asset in 0..market.assets.len() {
                market
                    .give_worth(asset, sender.address(), 1_000_000)
                    .await?;
                let approve = IERC20::approveCall {
                    spender: router,
                    value: U256::MAX,
                };
                chain
                    .send(&sender, market.assets[asset].token, &approve)
                    .await?;
            }
            senders.push(sender);
        }
        Ok(Self {
            market,
            router,
            senders,
        })
    }

    /// ERC-20 transfers, {1/s}.
    ///
    /// - Errors: as [`drive`].
    pub async fn transfers(&self, count: usize) -> Result<f64> {
        let token = self.market.assets[1].token;
        let step = |sender: &PrivateKeySigner, _| Step {
            to: token,
            input: IERC20::transferCall {
                to: account_beside(sender.address()),
                value: U256::ONE,
            }
            .abi_encode()
            .into(),
            gas: TRANSFER_GAS,
        };
        self.rate(count, step).await
    }

    /// Swaps of one pool, there and back, {1/s}.
    ///
    /// - Errors: as [`drive`].
    pub async fn swaps(&self, count: usize) -> Result<f64> {
        let assets = &self.market.assets;
        let step = |sender: &PrivateKeySigner, index: usize| {
            let (sold, bought) = (index % 2, (index + 1) % 2);
            let params = ExactInputSingle {
                tokenIn: assets[sold].token,
                tokenOut: assets[bought].token,
                fee: U24::from(market::FEE),
                recipient: sender.address(),
                deadline: U256::MAX,
                amountIn: self.market.worth(sold, 10),
                amountOutMinimum: U256::ZERO,
                sqrtPriceLimitX96: U160::ZERO,
            };
            Step {
                to: self.router,
                input: exactInputSingleCall { params }.abi_encode().into(),
                gas: SWAP_GAS,
            }
        };
        self.rate(count, step).await
    }

    async fn rate(
        &self,
        count: usize,
        step: impl Fn(&PrivateKeySigner, usize) -> Step,
    ) -> Result<f64> {
        let chain = &self.market.chain;
        let each = count.div_ceil(SENDERS);
        let mut queues = Vec::with_capacity(SENDERS);
        for sender in &self.senders {
            let steps = (0..each).map(|index| step(sender, index));
            queues.push(Queue::sign(chain, sender, steps).await?);
        }
        drive(chain.url(), queues).await
    }
}

/// A holder of its own for every sender's tokens.
fn account_beside(sender: Address) -> Address {
    let mut bytes = sender.into_array();
    bytes[0] ^= 0xFF;
    bytes.into()
}

/// `eth_chainId` over one connection, {1/s}: what client, transport and parser allow at most.
///
/// - Errors: a node that does not answer.
pub async fn requests_per_second(url: &str) -> Result<f64> {
    let url = url.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let mut line = Line::open(&url)?;
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []});
        let request = request(&body.to_string());
        let started = Instant::now();
        for _ in 0..REQUESTS {
            line.exchange(&request)?;
        }
        Ok(REQUESTS as f64 / started.elapsed().as_secs_f64())
    });
    asked.await?
}
