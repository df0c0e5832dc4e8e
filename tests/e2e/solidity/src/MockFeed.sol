// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title A Chainlink AggregatorV3 feed, and a sequencer-uptime feed, under full control of the test
contract MockFeed {
    /// Empty: success without data. Short: two words instead of five. Burn: all the gas it gets. Dirty: a round id
    /// wider than 80 bits. Bomb: 100 kB of zeros.
    enum Mode {
        Normal,
        Revert,
        Empty,
        Short,
        Burn,
        Dirty,
        Bomb
    }

    struct Round {
        uint80 roundId;
        int256 answer;
        uint256 startedAt;
        uint256 updatedAt;
        uint80 answeredInRound;
    }

    uint8 public decimals;
    uint256 public constant version = 4;
    Mode public mode;
    Round public round;

    error FeedDown();

    constructor(uint8 decimals_, int256 answer) {
        decimals = decimals_;
        _set(answer, block.timestamp, block.timestamp);
    }

    /// @notice A fresh answer, as of now.
    function set(int256 answer) external {
        _set(answer, block.timestamp, block.timestamp);
    }

    /// @notice The same answer again, as of now.
    function refresh() external {
        _set(round.answer, block.timestamp, block.timestamp);
    }

    /// @notice An answer as of any time, past or future.
    function setAt(int256 answer, uint256 updatedAt) external {
        _set(answer, updatedAt, updatedAt);
    }

    /// @notice All five words as they come.
    function setRound(Round calldata round_) external {
        round = round_;
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function setDecimals(uint8 decimals_) external {
        decimals = decimals_;
    }

    function latestRoundData() external view virtual returns (uint80, int256, uint256, uint256, uint80) {
        Mode m = mode;
        if (m == Mode.Revert) revert FeedDown();
        if (m == Mode.Burn) while (true) {}
        if (m == Mode.Empty) assembly { return(0, 0) }
        if (m == Mode.Bomb) assembly { return(0, 100000) }
        Round memory r = round;
        if (m == Mode.Short) assembly { return(r, 64) }
        if (m == Mode.Dirty) assembly {
            mstore(r, not(0))
            return(r, 160)
        }
        return (r.roundId, r.answer, r.startedAt, r.updatedAt, r.answeredInRound);
    }

    function _set(int256 answer, uint256 startedAt, uint256 updatedAt) internal {
        uint80 id = round.roundId + 1;
        round = Round(id, answer, startedAt, updatedAt, id);
    }
}

/// @notice Sequencer uptime: answer 0 up, 1 down; `startedAt` is when that began.
contract MockSequencerFeed is MockFeed {
    constructor(uint256 upSince) MockFeed(0, 0) {
        _set(0, upSince, upSince);
    }

    function setStatus(int256 down, uint256 since) external {
        _set(down, since, block.timestamp);
    }
}
