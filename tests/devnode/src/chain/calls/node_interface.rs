//! NodeInterface, `0xc8`, and NodeInterfaceDebug, `0xc9`: contracts that exist only for `eth_call` and
//! `eth_estimateGas`, which the node answers itself.

use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_rpc_types_eth::{TransactionInput, state::AccountOverride};
use alloy_sol_types::{Revert, SolError, SolEvent, SolInterface, SolValue, sol};

use super::call::{Call, CallError};
use crate::{
    arbos::{
        self, sends,
        slots::{ARBOS, ROOT, offset},
    },
    chain::{
        Chain,
        blocks::{block::Block, numbering::Numbering, query::QueryError},
        state::view::View,
    },
    precompiles::{ARB_SYS, L2ToL1Tx, NoTicketWithID, l1_alias},
};

/// Where NodeInterface seems to be.
pub(in crate::chain) const NODE_INTERFACE: Address = Address::with_last_byte(0xc8);

/// Where NodeInterfaceDebug seems to be.
const NODE_INTERFACE_DEBUG: Address = Address::with_last_byte(0xc9);

sol! {
    interface NodeInterface {
        function estimateRetryableTicket(
            address sender, uint256 deposit, address to, uint256 l2CallValue, address excessFeeRefundAddress,
            address callValueRefundAddress, bytes calldata data
        ) external;
        function constructOutboxProof(uint64 size, uint64 leaf) external view returns (bytes32 send, bytes32 root, bytes32[] memory proof);
        function findBatchContainingBlock(uint64 blockNum) external view returns (uint64 batch);
        function getL1Confirmations(bytes32 blockHash) external view returns (uint64 confirmations);
        function gasEstimateComponents(address to, bool contractCreation, bytes calldata data) external payable
            returns (uint64 gasEstimate, uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
        function gasEstimateL1Component(address to, bool contractCreation, bytes calldata data) external payable
            returns (uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
        function legacyLookupMessageBatchProof(uint256 batchNum, uint64 index) external view returns (
            bytes32[] memory proof, uint256 path, address l2Sender, address l1Dest, uint256 l2Block, uint256 l1Block,
            uint256 timestamp, uint256 amount, bytes memory calldataForL1
        );
        function nitroGenesisBlock() external pure returns (uint256 number);
        function blockL1Num(uint64 l2BlockNum) external view returns (uint64 l1BlockNum);
        function l2BlockRangeForL1(uint64 blockNum) external view returns (uint64 firstBlock, uint64 lastBlock);
    }
}

use NodeInterface::{
    NodeInterfaceCalls as Calls, constructOutboxProofReturn, estimateRetryableTicketCall as Ticket,
};

impl Chain {
    /// The answer of a virtual contract; none if the call is to anything else.
    pub(in crate::chain) fn answer(&self, call: &Call) -> Option<Result<Bytes, CallError>> {
        match call.request.to {
            Some(TxKind::Call(NODE_INTERFACE)) => Some(self.node_interface(call)),
            // Its only method looks a ticket up.
            Some(TxKind::Call(NODE_INTERFACE_DEBUG)) => Some(Err(no_ticket())),
            _ => None,
        }
    }

    /// The call whose gas an estimate of a ticket is about; none if the call is no such estimate.
    pub(in crate::chain) fn redemption(&self, call: &Call) -> Option<Result<Call, CallError>> {
        match (call.request.to, decode(call)) {
            (Some(TxKind::Call(NODE_INTERFACE)), Ok(Calls::estimateRetryableTicket(ticket))) => {
                Some(self.redeem(call, ticket))
            }
            _ => None,
        }
    }

    fn node_interface(&self, call: &Call) -> Result<Bytes, CallError> {
        let answer = match decode(call)? {
            Calls::estimateRetryableTicket(ticket) => {
                self.call(self.redeem(call, ticket)?)?;
                Vec::new()
            }
            Calls::gasEstimateComponents(of) => {
                let of = estimated(call, of.to, of.contractCreation, of.data)?;
                let (gas, l1_gas) = (self.estimate(of.clone())?, self.estimate_l1(of)?);
                let (base_fee, l1_price) = self.prices()?;
                (gas, l1_gas, base_fee, l1_price).abi_encode_params()
            }
            Calls::gasEstimateL1Component(of) => {
                let of = estimated(call, of.to, of.contractCreation, of.data)?;
                let l1_gas = self.estimate_l1(of)?;
                let (base_fee, l1_price) = self.prices()?;
                (l1_gas, base_fee, l1_price).abi_encode_params()
            }
            Calls::constructOutboxProof(of) => {
                let proof = self.outbox_proof(of.size, of.leaf)?;
                (proof.send, proof.root, proof.proof).abi_encode_params()
            }
            Calls::nitroGenesisBlock(_) => {
                let slot = ROOT.slot(offset::GENESIS_BLOCK);
                self.latest().slot(&ARBOS, &slot)?.abi_encode()
            }
            Calls::blockL1Num(of) => {
                let number = of.l2BlockNum;
                let seen = self.number_seen(number).map_err(|error| match error {
                    QueryError::NoBlock => unknown_block(number),
                    error => error.into(),
                })?;
                seen.abi_encode()
            }
            Calls::l2BlockRangeForL1(of) => self.range_of(of.blockNum)?.abi_encode_params(),
            Calls::getL1Confirmations(of) => {
                let known = self.history.by_hash(&of.blockHash).is_some();
                let unknown = || failure(format!("unknown block hash {}", of.blockHash));
                known.then(|| 0_u64.abi_encode()).ok_or_else(unknown)?
            }
            Calls::findBatchContainingBlock(of) => {
                let number = of.blockNum;
                self.block_at(number).ok_or_else(|| unknown_block(number))?;
                let none = "is in no batch: without an L1 none is posted";
                return Err(failure(format!("block {number} {none}")));
            }
            Calls::legacyLookupMessageBatchProof(of) => {
                let none = "this chain has none from before Nitro";
                let number = of.batchNum;
                return Err(failure(format!("no outbox batch {number}: {none}")));
            }
        };
        Ok(answer.into())
    }

    /// A ticket's call: from the alias of its L1 sender, who has deposited its value.
    fn redeem(&self, call: &Call, ticket: Ticket) -> Result<Call, CallError> {
        let from = l1_alias(ticket.sender);
        let balance = self.latest().account(&from)?.unwrap_or_default().balance;
        let mut state = call.state.clone().unwrap_or_default();
        let account: &mut AccountOverride = state.entry(from).or_default();
        let had = account.balance.unwrap_or(balance);
        account.balance = Some(had.saturating_add(ticket.deposit));
        let mut redemption = estimated(call, ticket.to, ticket.to.is_zero(), ticket.data)?;
        redemption.request.from = Some(from);
        redemption.request.value = Some(ticket.l2CallValue);
        redemption.request.nonce = None;
        redemption.state = Some(state);
        Ok(redemption)
    }

    /// {wei/gas} The base fee, and the price of L1 data.
    fn prices(&self) -> Result<(U256, U256), CallError> {
        let l1_price = arbos::l1_price(&self.latest())?;
        Ok((U256::from(self.base_fee()?), l1_price))
    }

    /// The blocks that were made at a block number of L1, before a fork too.
    fn range_of(&self, l1_number: u64) -> Result<(u64, u64), CallError> {
        let numbering = self.numbering();
        let seen = |block: &Block| numbering.of(block.header.number, block.header.timestamp);
        let at = self.history.blocks();
        let mut numbers = at
            .filter(|block| seen(block) == l1_number)
            .map(|block| block.header.number);
        let first = numbers.next();
        let own = first.map(|first| (first, numbers.next_back().unwrap_or(first)));
        // Their numbers were the forked block's or lower ones.
        let forked = self.number_seen(self.history.first())?;
        let older = match (self.fork(), numbering) {
            (_, Numbering::Own) | (None, _) => None,
            (Some(fork), _) if l1_number <= forked => fork.range_of(l1_number)?,
            (Some(_), _) => None,
        };
        match (older, own) {
            (Some((first, _)), Some((_, last))) => Ok((first, last)),
            (Some(range), None) | (None, Some(range)) => Ok(range),
            (None, None) => Err(failure(format!(
                "no block of this chain was made at L1 block {l1_number}"
            ))),
        }
    }

    /// The message at a position, and its proof in the tree of a size. On a fork it must have been sent
    /// here: of those before, state holds no more than their proofs take.
    fn outbox_proof(&self, size: u64, leaf: u64) -> Result<constructOutboxProofReturn, CallError> {
        let blocks = self.history.blocks();
        let logs = blocks.flat_map(|block| block.txs.iter().flat_map(|mined| &mined.logs));
        let sent = logs
            .filter(|log| log.address == ARB_SYS)
            .filter_map(|log| L2ToL1Tx::decode_log(log).ok());
        let hashes: Vec<B256> = sent.map(|event| B256::from(event.hash)).collect();
        let (before, partials) = sends::waiting(&self.first_view()?)?;
        let all = before.saturating_add(hashes.len() as u64);
        if size > all {
            return Err(failure(format!(
                "only {all} messages were sent, not {size}"
            )));
        }
        if leaf >= size {
            let outside = format!("message {leaf} is not among the first {size}");
            return Err(failure(outside));
        }
        let known = |number: u64| usize::try_from(number.checked_sub(before)?).ok();
        let old = || {
            let upstream = "its upstream has the proof";
            failure(format!(
                "message {leaf} was sent before the fork: {upstream}"
            ))
        };
        let count = known(size).ok_or_else(old)?;
        let leaves: Vec<B256> = hashes.iter().map(|hash| sends::leaf(*hash)).collect();
        let tree = sends::Tree {
            before,
            partials: &partials,
            leaves: leaves.get(..count).unwrap_or_default(),
        };
        let (root, proof) = tree.proof(leaf).ok_or_else(old)?;
        let send = known(leaf).and_then(|place| hashes.get(place));
        let send = send.copied().ok_or_else(old)?;
        Ok(constructOutboxProofReturn { send, root, proof })
    }

    /// The state after the first block.
    fn first_view(&self) -> Result<View<'_>, QueryError> {
        let first = self.block_at(self.history.first());
        let first = first.ok_or(QueryError::NoBlock)?;
        Ok(View::past(&self.state, &self.history, first.position))
    }
}

fn decode(call: &Call) -> Result<Calls, CallError> {
    let input = call.request.input.input().cloned().unwrap_or_default();
    Calls::abi_decode(&input).map_err(|_| CallError::Revert(Bytes::new()))
}

/// The call that an estimate is about, with everything else as in the call that asks.
///
/// Virtual contracts have no gas of their own, and calls of them must not nest.
fn estimated(call: &Call, to: Address, is_creation: bool, data: Bytes) -> Result<Call, CallError> {
    if [NODE_INTERFACE, NODE_INTERFACE_DEBUG].contains(&to) {
        return Err(failure(format!("{to} is virtual: it cannot be estimated")));
    }
    let mut call = call.clone();
    call.request.to = Some(match is_creation {
        true => TxKind::Create,
        false => TxKind::Call(to),
    });
    call.request.input = TransactionInput::new(data);
    Ok(call)
}

fn unknown_block(number: u64) -> CallError {
    failure(format!("block {number} does not exist"))
}

fn no_ticket() -> CallError {
    CallError::Revert(NoTicketWithID {}.abi_encode().into())
}

/// A revert with a reason.
fn failure(reason: String) -> CallError {
    CallError::Revert(Revert { reason }.abi_encode().into())
}
