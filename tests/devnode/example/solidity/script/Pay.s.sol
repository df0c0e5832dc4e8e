// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.23;

import {Till} from "../src/Till.sol";
import {Token} from "../src/Token.sol";

interface Vm {
    function envAddress(string calldata name) external view returns (address);
    function etch(address target, bytes calldata code) external;
    function startBroadcast() external;
}

/// A till, a payment to it by the token, half of it back: `forge script --broadcast --skip-simulation`.
///
/// forge runs a script in an EVM of its own, which cannot run Stylus programs. There the Solidity twin stands in for the
/// token, on the token's own storage; what is broadcast runs on the program.
contract Pay {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function run() external {
        Token token = Token(vm.envAddress("TOKEN"));
        vm.etch(address(token), type(Token).runtimeCode);
        vm.startBroadcast();
        Till till = new Till(token);
        token.transferAndCall(address(till), 70, "");
        till.refund(token.issuer(), 35);
    }
}
