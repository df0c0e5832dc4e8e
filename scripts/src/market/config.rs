//! What a market consists of.

use super::price::Usd;

/// How a token behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Wrapped ether, the published WETH9.
    Weth,
    /// A plain ERC-20 with an open mint.
    Mock,
    /// `HostileToken`: plain until a test turns it.
    Hostile,
}

/// One asset of the market.
#[derive(Debug, Clone)]
pub struct AssetConfig {
    /// Name and symbol of the token.
    pub symbol: String,
    /// Decimals of the token.
    pub decimals: u8,
    /// How the token behaves.
    pub kind: TokenKind,
    /// Opening price of feed and pool.
    pub price: Usd,
    /// Liquidity of the pool, {usd} on each side at the opening price, over the full range.
    pub depth: u64,
    /// Observation slots of the pool.
    pub cardinality: u16,
}

/// Assets in the order in which the vault will register them.
#[derive(Debug, Clone)]
pub struct MarketConfig {
    /// The assets.
    pub assets: Vec<AssetConfig>,
    /// Index of the asset that every pool is against.
    pub reference: usize,
    /// s between the opening of the pools and their first trade.
    pub warm_up_s: u64,
}

impl MarketConfig {
    /// Index of each asset in [`MarketConfig::default`].
    pub const USDC: usize = 0;
    /// See [`MarketConfig::USDC`].
    pub const WBTC: usize = 1;
    /// See [`MarketConfig::USDC`].
    pub const WETH: usize = 2;
    /// See [`MarketConfig::USDC`].
    pub const LINK: usize = 3;

    /// The same market where ether cannot be made at will: wrapped ether is a mock too, and nobody waits for long.
    pub fn lean() -> Self {
        let mut market = Self {
            warm_up_s: 2,
            ..Self::default()
        };
        for asset in &mut market.assets {
            asset.kind = TokenKind::Mock;
        }
        market
    }
}

impl Default for MarketConfig {
    /// USDC (the reference), WBTC at 60,000, WETH at 3,000 and LINK at 15 dollars; 40 million dollars on each side of
    /// every pool.
    fn default() -> Self {
        let asset = |symbol: &str, decimals, kind, dollars| AssetConfig {
            symbol: symbol.into(),
            decimals,
            kind,
            price: Usd::whole(dollars),
            depth: 40_000_000,
            cardinality: 64,
        };
        Self {
            assets: vec![
                asset("USDC", 6, TokenKind::Mock, 1),
                asset("WBTC", 8, TokenKind::Mock, 60_000),
                asset("WETH", 18, TokenKind::Weth, 3_000),
                asset("LINK", 18, TokenKind::Mock, 15),
            ],
            reference: Self::USDC,
            warm_up_s: 60,
        }
    }
}
