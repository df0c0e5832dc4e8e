// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.23;

interface IERC1363Receiver {
    function onTransferReceived(address operator, address from, uint256 value, bytes calldata data)
        external
        returns (bytes4);
}

/// The twin of `src/lib.rs`: the same ABI, storage slots, events and errors, to compare gas and time with.
contract Token {
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Transfer(address indexed from, address indexed to, uint256 value);

    error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
    error ERC20InvalidReceiver(address receiver);
    error TextTooLong(uint256 length);

    bytes32 private nameWord;
    bytes32 private symbolWord;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    address public issuer;

    constructor(string memory name_, string memory symbol_, uint256 supply_, address issuer_) payable {
        require(issuer_ != address(0), ERC20InvalidReceiver(issuer_));
        nameWord = padded(name_);
        symbolWord = padded(symbol_);
        totalSupply = supply_;
        issuer = issuer_;
        balanceOf[issuer_] = supply_;
        emit Transfer(address(0), issuer_, supply_);
    }

    function name() external view returns (string memory) {
        return text(nameWord);
    }

    function symbol() external view returns (string memory) {
        return text(symbolWord);
    }

    function decimals() external pure returns (uint8) {
        return 18;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        shift(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed != type(uint256).max) {
            require(allowed >= value, ERC20InsufficientAllowance(msg.sender, allowed, value));
            unchecked {
                allowance[from][msg.sender] = allowed - value;
            }
        }
        shift(from, to, value);
        return true;
    }

    function transferAndCall(address to, uint256 value, bytes calldata data) external returns (bool) {
        shift(msg.sender, to, value);
        try IERC1363Receiver(to).onTransferReceived(msg.sender, msg.sender, value, data) returns (bytes4 answer) {
            require(answer == IERC1363Receiver.onTransferReceived.selector, ERC20InvalidReceiver(to));
        } catch {
            revert ERC20InvalidReceiver(to);
        }
        return true;
    }

    function assertHolds(address account, uint256 value) external view {
        assert(balanceOf[account] >= value);
    }

    function shift(address from, address to, uint256 value) private {
        require(to != address(0), ERC20InvalidReceiver(to));
        uint256 balance = balanceOf[from];
        require(balance >= value, ERC20InsufficientBalance(from, balance, value));
        unchecked {
            balanceOf[from] = balance - value;
            balanceOf[to] += value;
        }
        emit Transfer(from, to, value);
    }

    function padded(string memory from) private pure returns (bytes32) {
        require(bytes(from).length <= 32, TextTooLong(bytes(from).length));
        return bytes32(bytes(from));
    }

    function text(bytes32 word) private pure returns (string memory) {
        uint256 length;
        while (length < 32 && word[length] != 0) length++;
        bytes memory out = new bytes(length);
        for (uint256 i; i < length; i++) out[i] = word[i];
        return string(out);
    }
}
