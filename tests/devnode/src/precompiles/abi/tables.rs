//! Short names of addresses, and a table that is no longer kept.

use alloy_sol_types::sol;

sol! {
    interface ArbAddressTable {
        function addressExists(address account) external view returns (bool);
        function compress(address account) external returns (bytes memory);
        function decompress(bytes calldata buffer, uint256 offset) external view returns (address, uint256);
        function lookup(address account) external view returns (uint256);
        function lookupIndex(uint256 index) external view returns (address);
        function register(address account) external returns (uint256);
        function size() external view returns (uint256);
    }

    interface ArbFunctionTable {
        function upload(bytes calldata buffer) external;
        function size(address account) external view returns (uint256);
        function get(address account, uint256 index) external view returns (uint256, bool, uint256);
    }
}
