//! Solidity interfaces of Arbitrum's precompiles, as far as they are implemented.

use alloy_sol_types::sol;

sol! {
    interface ArbSys {
        function arbBlockNumber() external view returns (uint256);
        function arbBlockHash(uint256 number) external view returns (bytes32);
        function arbChainID() external view returns (uint256);
        function arbOSVersion() external view returns (uint256);
        function getStorageGasAvailable() external view returns (uint256);
        function isTopLevelCall() external view returns (bool);
        function mapL1SenderContractAddressToL2Alias(address sender, address unused) external pure returns (address);
        function wasMyCallersAddressAliased() external view returns (bool);

        error InvalidBlockNumber(uint256 requested, uint256 current);
    }

    interface ArbOwnerPublic {
        function isChainOwner(address account) external view returns (bool);
        function getAllChainOwners() external view returns (address[] memory);
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function getScheduledUpgrade() external view returns (uint64 arbosVersion, uint64 scheduledForTimestamp);
        function getMaxStylusContractFragments() external view returns (uint8);
    }

    interface ArbGasInfo {
        function getPricesInWei() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInWeiWithAggregator(address aggregator) external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInArbGas() external view returns (uint256, uint256, uint256);
        function getPricesInArbGasWithAggregator(address aggregator) external view returns (uint256, uint256, uint256);
        function getGasAccountingParams() external view returns (uint256, uint256, uint256);
        function getMinimumGasPrice() external view returns (uint256);
        function getL1BaseFeeEstimate() external view returns (uint256);
        function getL1GasPriceEstimate() external view returns (uint256);
        function getCurrentTxL1GasFees() external view returns (uint256);
        function getGasBacklog() external view returns (uint64);
        function getPricingInertia() external view returns (uint64);
        function getGasBacklogTolerance() external view returns (uint64);
    }

    interface ArbOwner {
        function addChainOwner(address account) external;
        function removeChainOwner(address account) external;
        function isChainOwner(address account) external view returns (bool);
        function getAllChainOwners() external view returns (address[] memory);
        function setL2BaseFee(uint256 price) external;
        function setMinimumL2BaseFee(uint256 price) external;
        function setSpeedLimit(uint64 limit) external;
        function getNetworkFeeAccount() external view returns (address);
        function setNetworkFeeAccount(address account) external;
        function getInfraFeeAccount() external view returns (address);
        function setInfraFeeAccount(address account) external;
        function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
        function setL1PricePerUnit(uint256 price) external;
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
        function addWasmCacheManager(address manager) external;
        function removeWasmCacheManager(address manager) external;
        function setMaxStylusContractFragments(uint8 count) external;

        event OwnerActs(bytes4 indexed method, address indexed owner, bytes data);
    }

    interface ArbWasm {
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function codehashKeepalive(bytes32 codehash) external payable;
        function stylusVersion() external view returns (uint16);
        function codehashVersion(bytes32 codehash) external view returns (uint16);
        function codehashAsmSize(bytes32 codehash) external view returns (uint32);
        function programVersion(address program) external view returns (uint16);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16);
        function programTimeLeft(address program) external view returns (uint64);
        function inkPrice() external view returns (uint32);
        function maxStackDepth() external view returns (uint32);
        function freePages() external view returns (uint16);
        function pageGas() external view returns (uint16);
        function pageRamp() external view returns (uint64);
        function pageLimit() external view returns (uint16);
        function minInitGas() external view returns (uint64 gas, uint64 cached);
        function initCostScalar() external view returns (uint64);
        function expiryDays() external view returns (uint16);
        function keepaliveDays() external view returns (uint16);
        function blockCacheSize() external view returns (uint16);
        function activationGas() external view returns (uint64);

        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
        event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);

        error ProgramNotWasm();
        error ProgramNotActivated();
        error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
        error ProgramExpired(uint64 ageInSeconds);
        error ProgramUpToDate();
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);
    }

    interface ArbWasmCache {
        function isCacheManager(address manager) external view returns (bool);
        function allCacheManagers() external view returns (address[] memory managers);
        function cacheCodehash(bytes32 codehash) external;
        function cacheProgram(address program) external;
        function evictCodehash(bytes32 codehash) external;
        function codehashIsCached(bytes32 codehash) external view returns (bool);

        event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);
    }

    interface ArbDebug {
        function becomeChainOwner() external;
        function customRevert(uint64 number) external pure;
        function legacyError() external pure;

        error Custom(uint64 number, string message, bool flag);
    }

    interface ArbosTest {
        function burnArbGas(uint256 amount) external pure;
    }
}
