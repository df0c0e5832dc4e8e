// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {MockToken} from "./MockToken.sol";
import {Reentrant} from "./Reentrant.sol";

/// @title A token that behaves until told otherwise
/// @notice One contract for all misbehaviour, so that a test can list it, seed a vault with it and only then turn it.
contract HostileToken is MockToken, Reentrant {
    /// ReturnFalse, ReturnTrueOnly: says so and moves nothing. NoReturn: moves, returns no data (as USDT). Reverts:
    /// with `Refused`. RevertsEmpty: without data. BurnGas: all it gets. Bomb: moves, returns `bombBytes` of data.
    /// RevertBomb: reverts with as much.
    enum Behaviour {
        Normal,
        ReturnFalse,
        ReturnTrueOnly,
        NoReturn,
        Reverts,
        RevertsEmpty,
        BurnGas,
        Bomb,
        RevertBomb
    }

    Behaviour public behaviour;
    uint256 public feeBps;
    uint256 public bombBytes = 100_000;
    mapping(address => bool) public blocked;

    error Blocked(address account);
    error Refused();

    constructor(string memory name_, string memory symbol_, uint8 decimals_) MockToken(name_, symbol_, decimals_) {}

    function setBehaviour(Behaviour behaviour_) external {
        behaviour = behaviour_;
    }

    /// @notice Part of every transfer that disappears on the way.
    function setFee(uint256 bps) external {
        feeBps = bps;
    }

    function setBombBytes(uint256 size) external {
        bombBytes = size;
    }

    /// @notice A blocked account can neither send nor receive.
    function setBlocked(address account, bool blocked_) external {
        blocked[account] = blocked_;
    }

    /// @notice Takes tokens out of an account, as an issuer with a back door can.
    function seize(address from, uint256 value) external {
        balanceOf[from] -= value;
        totalSupply -= value;
    }

    function transfer(address to, uint256 value) external override returns (bool) {
        return _behave(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external override returns (bool) {
        _spend(from, value);
        return _behave(from, to, value);
    }

    function _behave(address from, address to, uint256 value) private returns (bool) {
        if (blocked[from]) revert Blocked(from);
        if (blocked[to]) revert Blocked(to);
        _fire();
        Behaviour b = behaviour;
        if (b == Behaviour.ReturnFalse) return false;
        if (b == Behaviour.ReturnTrueOnly) return true;
        if (b == Behaviour.Reverts) revert Refused();
        if (b == Behaviour.RevertsEmpty) assembly { revert(0, 0) }
        if (b == Behaviour.BurnGas) while (true) {}
        uint256 size = bombBytes;
        if (b == Behaviour.RevertBomb) assembly { revert(0, size) }
        _moveLessFee(from, to, value);
        if (b == Behaviour.NoReturn) assembly { return(0, 0) }
        if (b == Behaviour.Bomb) assembly {
            mstore(0, 1)
            return(0, size)
        }
        return true;
    }

    function _moveLessFee(address from, address to, uint256 value) private {
        uint256 fee = value * feeBps / 10_000;
        _move(from, to, value - fee);
        if (fee != 0) _move(from, address(0xfee), fee);
    }
}
