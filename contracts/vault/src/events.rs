//! What the vault tells the world, in the past tense and in measured amounts.

use alloc::vec::Vec;

use alloy_sol_types::{SolEvent, SolType, TopicList, abi::encode_sequence, sol};
use stylus_sdk::{host::VM, prelude::*};

use crate::words::{Words, encode};

sol! {
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Claimed(address indexed user, address indexed asset, address to, uint256 amount);
    event EngineSet(address indexed caller, address engine);
    event GuardianSet(address indexed caller, address indexed guardian, bool allowed);
    event Halted(address indexed caller, uint8 reason);
    event Killed(address indexed caller, uint8 reason);
    event Minted(address indexed caller, address indexed receiver, uint256 shares, uint256[] amountsIn);
    event Owed(address indexed user, address indexed asset, uint256 amount);
    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event QuotaSet(address indexed caller, address indexed asset, uint16 outBps);
    event Redeemed(
        address indexed caller,
        address indexed receiver,
        address indexed owner,
        uint256 shares,
        uint256[] amountsOut,
        uint256 owedMask
    );
    event Resumed(address indexed caller);
    event Seeded(address indexed caller, uint256 shares, uint256[] amounts);
    event Swapped(
        uint64 indexed nonce,
        address indexed venue,
        address tokenIn,
        address tokenOut,
        uint256 spent,
        uint256 got
    );
    event Transfer(address indexed from, address indexed to, uint256 value);
    event VenueSet(address indexed caller, address indexed venue, bool allowed);
}

/// Writes an event to the log.
pub(crate) fn emit<E>(vm: &VM, event: E)
where
    E: SolEvent,
    <E::TopicList as SolType>::RustType: Words,
{
    let topics = encode(&[], &event.topics());
    let data = encode_sequence(&event.tokenize_body());
    write(vm, E::TopicList::COUNT, topics, &data);
}

#[inline(never)]
fn write(vm: &VM, count: usize, mut log: Vec<u8>, data: &[u8]) {
    log.extend_from_slice(data);
    vm.emit_log(&log, count);
}
