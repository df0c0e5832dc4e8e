//! One vault with its engine and adapter, and what tests do with it.

use alloy::primitives::{Address, Bytes, U256};
use eyre::{Result, bail};
use gimbal_abi::token::{IERC20, IWETH9};
use gimbal_abi::{IEngine, IVault};
use gimbal_scripts::market::mocks::MockToken;

use crate::actors::OWNER;
use crate::rpc::Rpc;

/// Addresses of one deployed Gimbal and of what it reads. Arrays are in registry order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gimbal {
    /// The vault.
    pub vault: Address,
    /// The engine.
    pub engine: Address,
    /// The adapter, venue 0 of the engine.
    pub adapter: Address,
    /// The assets.
    pub tokens: Vec<Address>,
    /// Their feeds.
    pub feeds: Vec<Address>,
    /// Their pools against the reference; zero for the reference.
    pub pools: Vec<Address>,
    /// Index of the reference asset.
    pub reference: usize,
    /// The sequencer-uptime feed.
    pub sequencer: Address,
    /// The factory that the adapter trusts.
    pub factory: Address,
    /// Wrapped ether, which has to be dealt by wrapping.
    pub weth: Address,
}

/// `IVault.state`, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// 0 ACTIVE, 1 HALTED, 2 KILLED.
    pub mode: u8,
    /// Number of swaps so far.
    pub nonce: u64,
    /// Shares.
    pub supply: U256,
    /// Managed balance of every asset.
    pub managed: Vec<U256>,
}

/// `IEngine.prices`, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prices {
    /// By feeds.
    pub chainlink: Vec<U256>,
    /// By the pools' time-weighted average.
    pub twap: Vec<U256>,
    /// By the pools' price now.
    pub spot: Vec<U256>,
    /// What is wrong.
    pub flags: Vec<U256>,
}

impl Gimbal {
    /// Number of assets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are no assets; never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Indices of all assets but the reference.
    #[must_use]
    pub fn others(&self) -> Vec<usize> {
        (0..self.len()).filter(|i| *i != self.reference).collect()
    }

    /// The vault's state.
    ///
    /// # Errors
    ///
    /// If the vault reverts.
    pub async fn state(&self, rpc: &Rpc) -> Result<State> {
        let s = rpc.view(self.vault, &IVault::stateCall {}).await?;
        Ok(State {
            mode: s.mode,
            nonce: s.nonce,
            supply: s.supply,
            managed: s.managed,
        })
    }

    /// The vault's mode.
    ///
    /// # Errors
    ///
    /// If the vault reverts.
    pub async fn mode(&self, rpc: &Rpc) -> Result<u8> {
        Ok(self.state(rpc).await?.mode)
    }

    /// The engine's prices.
    ///
    /// # Errors
    ///
    /// If the engine reverts.
    pub async fn prices(&self, rpc: &Rpc) -> Result<Prices> {
        let p = rpc.view(self.engine, &IEngine::pricesCall {}).await?;
        Ok(Prices {
            chainlink: p.chainlink,
            twap: p.twap,
            spot: p.spot,
            flags: p.flags,
        })
    }

    /// The engine's nav.
    ///
    /// # Errors
    ///
    /// If the engine reverts.
    pub async fn nav(&self, rpc: &Rpc) -> Result<U256> {
        rpc.view(self.engine, &IEngine::navCall {}).await
    }

    /// `checkRebalance`: status and drift.
    ///
    /// # Errors
    ///
    /// If the engine reverts.
    pub async fn check(&self, rpc: &Rpc) -> Result<(u8, U256)> {
        let c = rpc
            .view(self.engine, &IEngine::checkRebalanceCall {})
            .await?;
        Ok((c.status, c.drift))
    }

    /// Balance of an asset.
    ///
    /// # Errors
    ///
    /// If the token reverts.
    pub async fn balance(&self, rpc: &Rpc, asset: usize, of: impl Into<Address>) -> Result<U256> {
        rpc.view(
            self.tokens[asset],
            &IERC20::balanceOfCall { account: of.into() },
        )
        .await
    }

    /// Balances of all assets.
    ///
    /// # Errors
    ///
    /// If a token reverts.
    pub async fn balances(&self, rpc: &Rpc, of: impl Into<Address>) -> Result<Vec<U256>> {
        let of = of.into();
        let mut balances = Vec::with_capacity(self.len());
        for asset in 0..self.len() {
            balances.push(self.balance(rpc, asset, of).await?);
        }
        Ok(balances)
    }

    /// Shares of an account.
    ///
    /// # Errors
    ///
    /// If the vault reverts.
    pub async fn shares(&self, rpc: &Rpc, of: impl Into<Address>) -> Result<U256> {
        rpc.view(self.vault, &IVault::balanceOfCall { account: of.into() })
            .await
    }

    /// What is owed to an account.
    ///
    /// # Errors
    ///
    /// If the vault reverts.
    pub async fn owed(&self, rpc: &Rpc, asset: usize, to: impl Into<Address>) -> Result<U256> {
        rpc.view(
            self.vault,
            &IVault::owedCall {
                user: to.into(),
                asset: self.tokens[asset],
            },
        )
        .await
    }

    /// Gives tokens to an account out of nothing.
    ///
    /// # Errors
    ///
    /// If the token has neither an open mint nor is wrapped ether.
    pub async fn deal(
        &self,
        rpc: &Rpc,
        asset: usize,
        to: impl Into<Address>,
        amount: U256,
    ) -> Result<()> {
        let (to, token) = (to.into(), self.tokens[asset]);
        if token != self.weth {
            rpc.send(OWNER, token, &MockToken::mintCall { to, value: amount })
                .await?;
            return Ok(());
        }
        let minter = Address::repeat_byte(0xee);
        rpc.request::<_, serde_json::Value>(
            "anvil_setBalance",
            (minter, amount + U256::from(10).pow(U256::from(20))),
        )
        .await?;
        let data: Bytes = alloy::sol_types::SolCall::abi_encode(&IWETH9::depositCall {}).into();
        let wrapped = rpc
            .transact_unfunded(minter, Some(token), data, amount, 1_000_000)
            .await?;
        if !wrapped.status() {
            bail!("wrapping ether failed");
        }
        rpc.send(minter, token, &IERC20::transferCall { to, value: amount })
            .await?;
        Ok(())
    }

    /// Lets the vault take everything of every asset from an account.
    ///
    /// # Errors
    ///
    /// If a token refuses.
    pub async fn approve_all(&self, rpc: &Rpc, from: impl Into<Address>) -> Result<()> {
        let from = from.into();
        for token in &self.tokens {
            rpc.send(
                from,
                *token,
                &IERC20::approveCall {
                    spender: self.vault,
                    value: U256::MAX,
                },
            )
            .await?;
        }
        Ok(())
    }

    /// Gives an account what minting `shares` takes, and its approval.
    ///
    /// # Errors
    ///
    /// If any step fails.
    pub async fn fund(&self, rpc: &Rpc, who: impl Into<Address>, shares: U256) -> Result<()> {
        let who = who.into();
        let preview = rpc
            .view(self.vault, &IVault::previewMintCall { shares })
            .await?;
        for (asset, amount) in preview.amounts.iter().enumerate() {
            self.deal(rpc, asset, who, *amount).await?;
        }
        self.approve_all(rpc, who).await
    }

    /// Funds an account and mints shares to it.
    ///
    /// # Errors
    ///
    /// If any step fails.
    pub async fn deposit(&self, rpc: &Rpc, who: impl Into<Address>, shares: U256) -> Result<()> {
        let who = who.into();
        self.fund(rpc, who, shares).await?;
        rpc.send(who, self.vault, &self.mint(shares, who)).await?;
        Ok(())
    }

    // ------------------------------------------------------------------ calls

    /// `mint` at any price.
    #[must_use]
    pub fn mint(&self, shares: U256, receiver: impl Into<Address>) -> IVault::mintCall {
        IVault::mintCall {
            shares,
            receiver: receiver.into(),
            maxIn: vec![U256::MAX; self.len()],
        }
    }

    /// `redeem` of one's own shares to oneself, for whatever comes.
    #[must_use]
    pub fn redeem(&self, shares: U256, owner: impl Into<Address>) -> IVault::redeemCall {
        let owner = owner.into();
        IVault::redeemCall {
            shares,
            receiver: owner,
            owner,
            minOut: vec![],
            skipMask: U256::ZERO,
        }
    }

    /// The listed pools between two assets, packed.
    #[must_use]
    pub fn route(&self, asset_in: usize, asset_out: usize) -> Bytes {
        let hops = [self.pools[asset_in], self.pools[asset_out]];
        hops.iter()
            .filter(|pool| !pool.is_zero())
            .flat_map(|pool| pool.to_vec())
            .collect::<Vec<u8>>()
            .into()
    }

    /// A trade as large as the engine lets it be, at any price that it accepts.
    #[must_use]
    pub fn trade(&self, asset_in: usize, asset_out: usize) -> IEngine::Trade {
        IEngine::Trade {
            venue: 0,
            assetIn: u8::try_from(asset_in).unwrap_or(u8::MAX),
            assetOut: u8::try_from(asset_out).unwrap_or(u8::MAX),
            maxIn: u128::MAX,
            minOut: 0,
            route: self.route(asset_in, asset_out),
        }
    }

    /// A rebalance with the vault's nonce and an hour to live.
    ///
    /// # Errors
    ///
    /// If the vault reverts.
    pub async fn rebalance(
        &self,
        rpc: &Rpc,
        trades: Vec<IEngine::Trade>,
    ) -> Result<IEngine::rebalanceCall> {
        let nonce = self.state(rpc).await?.nonce;
        Ok(IEngine::rebalanceCall {
            trades,
            nonce,
            deadline: rpc.now().await? + 3_600,
        })
    }

    /// The engine's limits.
    ///
    /// # Errors
    ///
    /// If the engine reverts.
    pub async fn limits(&self, rpc: &Rpc) -> Result<IEngine::Limits> {
        rpc.view(self.engine, &IEngine::limitsCall {}).await
    }

    /// Changes the engine's limits as the owner.
    ///
    /// # Errors
    ///
    /// If the engine refuses.
    pub async fn set_limits(
        &self,
        rpc: &Rpc,
        change: impl FnOnce(&mut IEngine::Limits),
    ) -> Result<()> {
        let mut limits = self.limits(rpc).await?;
        change(&mut limits);
        rpc.send(OWNER, self.engine, &IEngine::setLimitsCall { limits })
            .await?;
        Ok(())
    }
}
