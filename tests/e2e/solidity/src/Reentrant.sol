// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Armed with calls that it fires from inside somebody else's call, recording how each one ended
abstract contract Reentrant {
    struct Call {
        address target;
        bytes data;
    }

    struct Outcome {
        bool ok;
        bytes data;
    }

    Call[] private _calls;
    Outcome[] private _outcomes;
    bool private _firing;

    /// @notice Adds a call to make at the next opportunity, and at every one after it until `disarm`.
    function arm(address target, bytes calldata data) external {
        _calls.push(Call(target, data));
    }

    /// @notice Forgets calls and outcomes.
    function disarm() external {
        delete _calls;
        delete _outcomes;
    }

    function outcomeCount() external view returns (uint256) {
        return _outcomes.length;
    }

    function outcome(uint256 i) external view returns (bool ok, bytes memory data) {
        return (_outcomes[i].ok, _outcomes[i].data);
    }

    /// @dev Calls made by the armed calls do not fire again.
    function _fire() internal {
        if (_firing || _calls.length == 0) return;
        _firing = true;
        for (uint256 i; i < _calls.length; ++i) {
            (bool ok, bytes memory data) = _calls[i].target.call(_calls[i].data);
            _outcomes.push(Outcome(ok, data));
        }
        _firing = false;
    }
}
