//! ArbSys: messages to L1, callers and block hashes.

#![expect(
    clippy::too_many_arguments,
    reason = "the constructor of an event takes all its fields"
)]

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, address, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::{SolCall, SolError, SolEvent},
};
use serde_json::json;

use crate::rig::{DEV, Rig, event, evm_proxy, via_evm};

const ARB_SYS: Address = Address::with_last_byte(0x64);

sol! {
    #[derive(Debug)]
    interface Sys {
        function arbBlockNumber() external view returns (uint256);
        function arbBlockHash(uint256 number) external view returns (bytes32);
        function isTopLevelCall() external view returns (bool);
        function wasMyCallersAddressAliased() external view returns (bool);
        function myCallersAddressWithoutAliasing() external view returns (address);
        function mapL1SenderContractAddressToL2Alias(address sender, address unused) external pure returns (address);
        function withdrawEth(address destination) external payable returns (uint256);
        function sendTxToL1(address destination, bytes calldata data) external payable returns (uint256);
        function sendMerkleTreeState() external view returns (uint256 size, bytes32 root, bytes32[] memory partials);
        event L2ToL1Tx(address caller, address indexed destination, uint256 indexed hash, uint256 indexed position, uint256 arbBlockNum, uint256 ethBlockNum, uint256 timestamp, uint256 callvalue, bytes data);
        event SendMerkleUpdate(uint256 indexed reserved, bytes32 indexed hash, uint256 indexed position);
        error InvalidBlockNumber(uint256 requested, uint256 current);
    }
}

/// The root that the outbox on L1 computes from a message's position and proof.
fn climb(leaf: B256, position: usize, siblings: &[B256]) -> B256 {
    let pair = |left: B256, right: B256| keccak256([left, right].concat());
    siblings
        .iter()
        .enumerate()
        .fold(leaf, |node, (level, sibling)| match position >> level & 1 {
            0 => pair(node, *sibling),
            _ => pair(*sibling, node),
        })
}

#[tokio::test]
async fn messages_to_l1_leave_their_value_and_a_tree() {
    let rig = Rig::new().await;
    let to = Address::repeat_byte(5);
    let mut leaves = Vec::new();
    for position in 0..3_u64 {
        let data = vec![position as u8; position as usize];
        let call = Sys::sendTxToL1Call {
            destination: to,
            data: data.clone().into(),
        };
        let receipt = rig.send(ARB_SYS.into(), call.abi_encode(), 7).await;
        assert!(receipt.status(), "{receipt:?}");
        let sent: Sys::L2ToL1Tx = event(&receipt);
        let block = rig.client.get_block(receipt.block_hash.unwrap().into());
        let block = block.await.unwrap().unwrap();
        let number = receipt.block_number.unwrap();
        assert_eq!((sent.caller, sent.destination), (DEV, to));
        assert_eq!(sent.position, U256::from(position));
        assert_eq!(
            (sent.arbBlockNum, sent.ethBlockNum),
            (U256::from(number), U256::ZERO)
        );
        assert_eq!((sent.callvalue, &sent.data[..]), (U256::from(7), &data[..]));
        // The outbox's packed encoding.
        let word = |number: u64| U256::from(number).to_be_bytes::<32>();
        let packed = [
            DEV.as_slice(),
            to.as_slice(),
            &word(number),
            &word(0),
            &word(block.header.timestamp),
            &word(7),
            &data,
        ]
        .concat();
        assert_eq!(sent.hash, U256::from_be_bytes(keccak256(packed).0));
        leaves.push(keccak256(sent.hash.to_be_bytes::<32>()));

        let updates = receipt.inner.logs().iter();
        let updates: Vec<_> = updates
            .filter_map(|log| Sys::SendMerkleUpdate::decode_log(&log.inner).ok())
            .collect();
        // The second message completes a subtree of two: level 1, last leaf 1.
        let expected = match position {
            1 => vec![(
                climb(leaves[0], 0, &leaves[1..]),
                (U256::ONE << 192) + U256::ONE,
            )],
            _ => vec![],
        };
        let seen: Vec<_> = updates.iter().map(|log| (log.hash, log.position)).collect();
        assert_eq!(seen, expected);
    }
    assert_eq!(rig.client.get_balance(ARB_SYS).await.unwrap(), U256::ZERO);

    // Only nobody may look at the tree.
    let state = Sys::sendMerkleTreeStateCall {};
    assert!(rig.refuses(ARB_SYS, state.clone()).await);
    let call = TransactionRequest::default()
        .with_from(Address::ZERO)
        .with_to(ARB_SYS)
        .with_input(state.abi_encode());
    let output = rig.client.call(call).await.unwrap();
    let tree = Sys::sendMerkleTreeStateCall::abi_decode_returns(&output).unwrap();
    let pair = climb(leaves[0], 0, &leaves[1..2]);
    assert_eq!(
        (tree.size, tree.partials),
        (U256::from(3), vec![leaves[2], pair])
    );
    let root = climb(leaves[2], 2, &[B256::ZERO, pair]);
    assert_eq!(tree.root, root);
    let block = rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(
        (&block["sendCount"], &block["sendRoot"]),
        (&json!("0x3"), &json!(root))
    );
    assert_eq!(block["extraData"], json!(root));

    // Withdrawing is sending nothing but value; a static call cannot.
    let withdraw = Sys::withdrawEthCall { destination: to }.abi_encode();
    let receipt = rig.send(ARB_SYS.into(), withdraw, 9).await;
    let sent: Sys::L2ToL1Tx = event(&receipt);
    assert_eq!((sent.callvalue, sent.data), (U256::from(9), Bytes::new()));
    // Size 3 -> 4: two subtrees are completed by the fourth message.
    let updates = receipt.inner.logs().len() - 1;
    assert_eq!(updates, 2);
}

/// Size read 800 and write 20,000; hashes of 180 bytes (66) and of 32 bytes (36); one empty level
/// written; the event of 4 topics and 7 words: 375 + 4 * 375 + 8 * 224; result of one word.
#[tokio::test]
async fn a_message_costs_what_its_state_costs() {
    let rig = Rig::new().await;
    let call = Sys::withdrawEthCall {
        destination: Address::repeat_byte(5),
    };
    let gas = rig.call(ARB_SYS, call.abi_encode()).await.gas_used;
    // 24 bytes of calldata that are not zero, 12 that are; one word of argument.
    let calldata = 24 * 16 + 12 * 4;
    let message = (30 + 6 * 6) + (30 + 6);
    let tree = 800 + 20_000 + 20_000;
    let event = 375 + 4 * 375 + 8 * 7 * 32;
    assert_eq!(
        gas,
        21_000 + calldata + 3 + 800 + message + tree + event + 3
    );
}

#[tokio::test]
async fn callers_are_known_one_frame_up() {
    let rig = Rig::new().await;
    let proxy = rig.deploy(&evm_proxy(0xF1)).await;
    let is_top = Sys::isTopLevelCallCall {};
    let caller = Sys::myCallersAddressWithoutAliasingCall {};
    assert!(rig.ask(ARB_SYS, is_top.clone()).await);
    assert_eq!(rig.ask(ARB_SYS, caller.clone()).await, Address::ZERO);
    let once = |data: Vec<u8>| via_evm(ARB_SYS, &data);
    let output = rig.view(proxy, once(is_top.abi_encode())).await;
    assert_eq!(U256::from_be_slice(&output), U256::ONE);
    let output = rig.view(proxy, once(caller.abi_encode())).await;
    assert_eq!(Address::from_word(B256::from_slice(&output)), DEV);
    // Through the proxy twice: the caller of the inner one is the proxy itself.
    let twice = |data: Vec<u8>| via_evm(proxy, &via_evm(ARB_SYS, &data));
    let output = rig.view(proxy, twice(is_top.abi_encode())).await;
    assert_eq!(U256::from_be_slice(&output), U256::ZERO);
    let output = rig.view(proxy, twice(caller.abi_encode())).await;
    assert_eq!(Address::from_word(B256::from_slice(&output)), proxy);
    assert!(
        !rig.ask(ARB_SYS, Sys::wasMyCallersAddressAliasedCall {})
            .await
    );
    let alias = Sys::mapL1SenderContractAddressToL2AliasCall {
        sender: Address::repeat_byte(0xff),
        unused: Address::ZERO,
    };
    let expected = address!("0x1111000000000000000000000000000000001110");
    assert_eq!(rig.ask(ARB_SYS, alias).await, expected);
}

#[tokio::test]
async fn block_hashes_are_the_chains() {
    let rig = Rig::new().await;
    rig.rpc("anvil_mine", json!(["0x3"])).await;
    // The client's calls see the block that comes next.
    let hash = |number| Sys::arbBlockHashCall {
        number: U256::from(number),
    };
    let block = rig.client.get_block(2.into()).await.unwrap().unwrap();
    assert_eq!(rig.ask(ARB_SYS, hash(2)).await, block.header.hash);
    let (_, data) = rig
        .try_view(ARB_SYS, hash(4).abi_encode())
        .await
        .unwrap_err();
    let error = Sys::InvalidBlockNumber::abi_decode(&data).unwrap();
    assert_eq!(
        (error.requested, error.current),
        (U256::from(4), U256::from(4))
    );
}
