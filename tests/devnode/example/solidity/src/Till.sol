// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.23;

import {IERC1363Receiver, Token} from "./Token.sol";

/// An EVM contract beside the Stylus program: it asks the token when it is created, is told of what comes in while the
/// program is still running, and pays out.
contract Till is IERC1363Receiver {
    event Paid(address indexed from, uint256 value);

    error Unknown(address token);

    Token public immutable token;
    uint256 public immutable supplyAtStart;
    mapping(address => uint256) public paid;

    constructor(Token token_) {
        token = token_;
        supplyAtStart = token_.totalSupply();
    }

    function onTransferReceived(address, address from, uint256 value, bytes calldata) external returns (bytes4) {
        require(msg.sender == address(token), Unknown(msg.sender));
        paid[from] += value;
        emit Paid(from, value);
        return IERC1363Receiver.onTransferReceived.selector;
    }

    function refund(address to, uint256 value) external {
        paid[to] -= value;
        token.transfer(to, value);
    }
}
