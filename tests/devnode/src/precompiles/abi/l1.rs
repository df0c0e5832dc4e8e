//! What concerns the parent chain.

use alloy_sol_types::sol;

sol! {
    interface ArbAggregator {
        function getPreferredAggregator(address account) external view returns (address, bool);
        function getDefaultAggregator() external view returns (address);
        function getBatchPosters() external view returns (address[] memory);
        function addBatchPoster(address poster) external;
        function getFeeCollector(address poster) external view returns (address);
        function setFeeCollector(address poster, address collector) external;
        function getTxBaseFee(address aggregator) external view returns (uint256);
        function setTxBaseFee(address aggregator, uint256 fee) external;
    }

    interface ArbRetryableTx {
        function redeem(bytes32 ticket) external returns (bytes32);
        function getLifetime() external view returns (uint256);
        function getTimeout(bytes32 ticket) external view returns (uint256);
        function keepalive(bytes32 ticket) external returns (uint256);
        function getBeneficiary(bytes32 ticket) external view returns (address);
        function cancel(bytes32 ticket) external;
        function getCurrentRedeemer() external view returns (address);
        function submitRetryable(
            bytes32 requestId, uint256 l1BaseFee, uint256 deposit, uint256 callvalue, uint256 gasFeeCap, uint64 gasLimit,
            uint256 maxSubmissionFee, address feeRefundAddress, address beneficiary, address retryTo, bytes calldata retryData
        ) external;

        error NoTicketWithID();
        error NotCallable();
    }
}
