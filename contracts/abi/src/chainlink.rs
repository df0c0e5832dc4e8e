//! Chainlink-style feeds: prices and the sequencer's uptime.

alloy::sol! {
    /// A price feed, or the sequencer-uptime feed: there `answer` 0 is up, 1 is down, since `startedAt`.
    #[sol(rpc, abi, all_derives)]
    interface IAggregatorV3 {
        function decimals() external view returns (uint8);
        function description() external view returns (string memory);
        function version() external view returns (uint256);
        function latestRoundData()
            external
            view
            returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
    }
}
