//! A small world around the engine: a vault, feeds and pools that answer real calldata, decoded with the interfaces
//! themselves. Only the contracts' arithmetic is simpler than on a chain; the ABI is the real one.

mod host;
mod scene;
mod world;

pub(crate) use scene::{
    GUARDIAN, KEEPER, OWNER, Scene, USDC, VENUE, WBTC, WETH, assets, error, limits, trade,
};
pub(crate) use world::{Feed, Pool, World};

#[allow(missing_docs, clippy::pub_underscore_fields, reason = "generated")]
pub(crate) mod interfaces {
    alloy_sol_types::sol!(
        #[sol(all_derives)]
        "../interfaces/IEngine.sol"
    );
    alloy_sol_types::sol!(
        #[sol(all_derives)]
        "../interfaces/IVault.sol"
    );
    alloy_sol_types::sol! {
        interface IFeed {
            function decimals() external view returns (uint8);
            function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
        }
        interface IPool {
            function token0() external view returns (address);
            function token1() external view returns (address);
            function fee() external view returns (uint24);
            function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
            function observe(uint32[] secondsAgos) external view returns (int56[] memory, uint160[] memory);
        }
    }
}
