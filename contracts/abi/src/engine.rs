//! Generated from `contracts/interfaces/IEngine.sol`.

alloy::sol!(
    #[sol(rpc, abi, all_derives)]
    "../interfaces/IEngine.sol"
);
