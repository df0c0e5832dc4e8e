//! Bindings of the contracts in `tests/e2e/solidity`.

// The macro's items carry the Solidity documentation, where there is any.
#![allow(missing_docs)]

alloy::sol! {
    #[derive(Debug)]
    interface MockToken {
        function mint(address to, uint256 value) external;
    }

    #[derive(Debug)]
    interface MockFeed {
        struct Round {
            uint80 roundId;
            int256 answer;
            uint256 startedAt;
            uint256 updatedAt;
            uint80 answeredInRound;
        }

        /// Modes: 0 normal, 1 revert, 2 empty answer, 3 short answer, 4 burn gas, 5 dirty words, 6 bomb.
        function setMode(uint8 mode) external;
        function set(int256 answer) external;
        function refresh() external;
        function setAt(int256 answer, uint256 updatedAt) external;
        function setRound(Round calldata round) external;
        function setDecimals(uint8 decimals) external;
    }

    #[derive(Debug)]
    interface MockSequencerFeed {
        function setStatus(int256 down, uint256 since) external;
    }

    /// Armed calls fire from inside the contract's own functions and record their outcome.
    #[derive(Debug)]
    interface Reentrant {
        function arm(address target, bytes calldata data) external;
        function disarm() external;
        function outcomeCount() external view returns (uint256);
        function outcome(uint256 i) external view returns (bool ok, bytes memory data);
    }

    #[derive(Debug)]
    interface HostileToken {
        error Blocked(address account);
        error Refused();

        /// Behaviours: 0 normal, 1 returns false, 2 returns true and moves nothing, 3 no return data, 4 reverts,
        /// 5 reverts without data, 6 burns gas, 7 return bomb, 8 revert bomb.
        function setBehaviour(uint8 behaviour) external;
        function setFee(uint256 bps) external;
        function setBombBytes(uint256 size) external;
        function setBlocked(address account, bool blocked) external;
        function seize(address from, uint256 value) external;
    }

    #[derive(Debug)]
    interface MockFactory {
        function setPool(address tokenA, address tokenB, uint24 fee, address pool) external;
    }

    #[derive(Debug)]
    interface HostilePool {
        /// Traps: 0 none, 1 fire before the callback, 2 fire after it, 3 observe reverts, 4 callback twice, 5 no
        /// callback, 6 overcharge, 7 underpay, 8 no pay.
        function setTrap(uint8 trap) external;
        function setPrice(uint160 sqrtPriceX96, int24 tick) external;
        function setLiquidity(uint128 liquidity) external;
    }

    #[derive(Debug)]
    interface PoolTrader {
        function moveTo(address pool, uint160 target) external returns (int256 amount0, int256 amount1);
        function sell(address pool, bool zeroForOne, uint256 amountIn)
            external
            returns (int256 amount0, int256 amount1);
    }
}
