//! Generated from `contracts/interfaces/IAdapter.sol`.

alloy::sol!(
    #[sol(rpc, abi, all_derives)]
    "../interfaces/IAdapter.sol"
);
