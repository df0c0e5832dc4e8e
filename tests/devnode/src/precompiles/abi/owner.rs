//! Settings: for owners, and for everyone to look at.

use alloy_sol_types::sol;

sol! {
    interface ArbOwnerPublic {
        function isChainOwner(address account) external view returns (bool);
        function rectifyChainOwner(address account) external;
        function getAllChainOwners() external view returns (address[] memory);
        function isNativeTokenOwner(address account) external view returns (bool);
        function getAllNativeTokenOwners() external view returns (address[] memory);
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function getBrotliCompressionLevel() external view returns (uint64);
        function getParentGasFloorPerToken() external view returns (uint64);
        function getScheduledUpgrade() external view returns (uint64 arbosVersion, uint64 scheduledForTimestamp);
        function isCalldataPriceIncreaseEnabled() external view returns (bool);
        function getMaxStylusContractFragments() external view returns (uint8);

        event ChainOwnerRectified(address rectifiedOwner);
    }

    interface ArbOwner {
        function addChainOwner(address account) external;
        function removeChainOwner(address account) external;
        function isChainOwner(address account) external view returns (bool);
        function getAllChainOwners() external view returns (address[] memory);
        function isNativeTokenOwner(address account) external view returns (bool);
        function getAllNativeTokenOwners() external view returns (address[] memory);
        function setL1BaseFeeEstimateInertia(uint64 inertia) external;
        function setL2BaseFee(uint256 price) external;
        function setMinimumL2BaseFee(uint256 price) external;
        function setSpeedLimit(uint64 limit) external;
        function setMaxTxGasLimit(uint64 limit) external;
        function setMaxBlockGasLimit(uint64 limit) external;
        function setL2GasPricingInertia(uint64 inertia) external;
        function setL2GasBacklogTolerance(uint64 tolerance) external;
        function setGasBacklog(uint64 backlog) external;
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function setNetworkFeeAccount(address account) external;
        function setInfraFeeAccount(address account) external;
        function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
        function setL1PricingEquilibrationUnits(uint256 units) external;
        function setL1PricingInertia(uint64 inertia) external;
        function setL1PricingRewardRecipient(address recipient) external;
        function setL1PricingRewardRate(uint64 rate) external;
        function setL1PricePerUnit(uint256 price) external;
        function setParentGasFloorPerToken(uint64 floor) external;
        function setPerBatchGasCharge(int64 cost) external;
        function setBrotliCompressionLevel(uint64 level) external;
        function setAmortizedCostCapBips(uint64 cap) external;
        function releaseL1PricerSurplusFunds(uint256 most) external returns (uint256);
        function setCalldataPriceIncrease(bool enable) external;
        function setInkPrice(uint32 price) external;
        function setWasmMaxStackDepth(uint32 depth) external;
        function setWasmFreePages(uint16 pages) external;
        function setWasmPageGas(uint16 gas) external;
        function setWasmPageLimit(uint16 limit) external;
        function setWasmMaxSize(uint32 size) external;
        function setWasmMinInitGas(uint8 gas, uint16 cached) external;
        function setWasmInitCostScalar(uint64 percent) external;
        function setWasmExpiryDays(uint16 count) external;
        function setWasmKeepaliveDays(uint16 count) external;
        function setWasmBlockCacheSize(uint16 count) external;
        function setWasmActivationGas(uint64 gas) external;
        function addWasmCacheManager(address manager) external;
        function removeWasmCacheManager(address manager) external;
        function setMaxStylusContractFragments(uint8 count) external;

        event OwnerActs(bytes4 indexed method, address indexed owner, bytes data);
    }
}
