//! Generated from `contracts/interfaces/IVault.sol`.

alloy::sol!(
    #[sol(rpc, abi, all_derives)]
    "../interfaces/IVault.sol"
);
