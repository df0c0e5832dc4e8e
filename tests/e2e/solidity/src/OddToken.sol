// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {MockToken} from "./MockToken.sol";

/// @title A token that moves what it is asked to and answers in an odd shape
/// @notice Adds no storage to MockToken, so that a test can put this code in place of another token's.
contract OddToken is MockToken {
    /// Bytes of the answer.
    uint256 private immutable SIZE;
    /// Its first word.
    uint256 private immutable WORD;

    constructor(uint8 decimals_, uint256 size, uint256 word) MockToken("Odd", "ODD", decimals_) {
        (SIZE, WORD) = (size, word);
    }

    function transfer(address to, uint256 value) external override returns (bool) {
        _move(msg.sender, to, value);
        _answer();
    }

    function transferFrom(address from, address to, uint256 value) external override returns (bool) {
        _spend(from, value);
        _move(from, to, value);
        _answer();
    }

    function _answer() private view {
        (uint256 size, uint256 word) = (SIZE, WORD);
        assembly {
            mstore(0, word)
            return(0, size)
        }
    }
}
