//! What Stylus programs need of the chain: the ArbWasm precompile and the deployer.

use alloy::primitives::{Address, address};

/// Address of the [`IArbWasm`] precompile.
pub const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// Address of the [`IStylusDeployer`], the same on every Arbitrum chain.
pub const STYLUS_DEPLOYER: Address = address!("cEcba2F1DC234f70Dd89F2041029807F8D03A990");

alloy::sol! {
    /// Activation of Stylus programs and its figures.
    #[sol(rpc, abi, all_derives)]
    interface IArbWasm {
        event ProgramActivated(
            bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version
        );

        error ProgramExpired(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
        error ProgramNotActivated();
        error ProgramNotWasm();
        error ProgramUpToDate();

        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function codehashKeepalive(bytes32 codehash) external payable;
        function codehashVersion(bytes32 codehash) external view returns (uint16 version);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16 footprint);
        function programTimeLeft(address program) external view returns (uint64 timeLeft);
        function programVersion(address program) external view returns (uint16 version);
        function stylusVersion() external view returns (uint16 version);
    }

    /// Creates a program, activates it if its code is new, and calls its constructor, all in one transaction.
    #[sol(rpc, abi, all_derives)]
    interface IStylusDeployer {
        event ContractDeployed(address deployedContract);

        error ContractDeploymentError(bytes bytecode);
        error ContractInitializationError(address newContract, bytes data);
        error EmptyBytecode();
        error InitValueButNotInitData();
        error RefundExcessValueError(uint256 excessValue);

        function deploy(bytes calldata bytecode, bytes calldata initData, uint256 initValue, bytes32 salt)
            external
            payable
            returns (address);
    }

    /// What a Stylus program runs as its constructor; the arguments follow the selector.
    #[derive(Debug)]
    function stylus_constructor();
}

#[cfg(test)]
mod tests {
    use super::{IStylusDeployer, stylus_constructorCall};
    use alloy::sol_types::{SolCall, SolError};

    /// The SDK's router and the deployer are not ours: their selectors are facts.
    #[test]
    fn selectors_are_those_of_the_chain() {
        assert_eq!(stylus_constructorCall::SELECTOR, [0x55, 0x85, 0x25, 0x8d]);
        assert_eq!(
            IStylusDeployer::ContractInitializationError::SELECTOR,
            [0x88, 0xd8, 0xf5, 0x7d]
        );
    }
}
