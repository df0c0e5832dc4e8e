//! The virtual contracts that a node answers for.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
    sol_types::SolCall,
};
use serde_json::json;

use crate::rig::{DEV, Rig, init_code};

const NODE: Address = Address::with_last_byte(0xc8);
const ARB_SYS: Address = Address::with_last_byte(0x64);

sol! {
    interface Node {
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
    function withdrawEth(address destination) external payable returns (uint256);
    function sendMerkleTreeState() external view returns (uint256 size, bytes32 root, bytes32[] memory partials);
    function getRetryable(bytes32 ticket) external view;
}

/// Code that returns whether it was called with a value, by whom, and uses some gas.
const PAYEE: &[u8] = &[
    0x34, 0x60, 0x00, 0x55, 0x33, 0x60, 0x01, 0x55, 0x34, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00,
    0xf3,
];

fn request(to: Address, data: Vec<u8>) -> TransactionRequest {
    TransactionRequest::default()
        .with_from(DEV)
        .with_to(to)
        .with_input(data)
}

#[tokio::test]
async fn estimates_come_with_their_parts() {
    let rig = Rig::new().await;
    let payee = rig.deploy(PAYEE).await;
    let direct = request(payee, vec![1]);
    let expected = rig.client.estimate_gas(direct).await.unwrap();
    let ask = Node::gasEstimateComponentsCall {
        to: payee,
        contractCreation: false,
        data: Bytes::from_static(&[1]),
    };
    let parts = rig.ask(NODE, ask).await;
    assert_eq!((parts.gasEstimate, parts.gasEstimateForL1), (expected, 0));
    assert_eq!(
        (parts.baseFee, parts.l1BaseFeeEstimate),
        (U256::from(100_000_000), U256::ZERO)
    );

    let init = init_code(PAYEE);
    let direct = TransactionRequest::default()
        .with_from(DEV)
        .with_deploy_code(init.clone());
    let expected = rig.client.estimate_gas(direct).await.unwrap();
    let ask = Node::gasEstimateComponentsCall {
        to: Address::ZERO,
        contractCreation: true,
        data: init.into(),
    };
    assert_eq!(rig.ask(NODE, ask).await.gasEstimate, expected);
    let ask = Node::gasEstimateL1ComponentCall {
        to: payee,
        contractCreation: false,
        data: Bytes::new(),
    };
    let parts = rig.ask(NODE, ask).await;
    assert_eq!(
        (parts.gasEstimateForL1, parts.baseFee),
        (0, U256::from(100_000_000))
    );
    // A call that reverts has no estimate, and virtual contracts have none.
    let no = rig.deploy(&[0x60, 0x00, 0x60, 0x00, 0xfd]).await;
    for to in [no, NODE] {
        let ask = Node::gasEstimateComponentsCall {
            to,
            contractCreation: false,
            data: Bytes::new(),
        };
        assert!(rig.refuses(NODE, ask).await);
    }
}

/// The ticket's call comes from the alias of its sender, with the value that was deposited.
#[tokio::test]
async fn tickets_are_estimated_as_their_redemption() {
    let rig = Rig::new().await;
    let payee = rig.deploy(PAYEE).await;
    let ticket = Node::estimateRetryableTicketCall {
        sender: Address::repeat_byte(0x22),
        deposit: U256::from(10).pow(U256::from(18)),
        to: payee,
        l2CallValue: U256::from(5),
        excessFeeRefundAddress: DEV,
        callValueRefundAddress: DEV,
        data: Bytes::from_static(&[1]),
    };
    let alias: Address = "0x3333222222222222222222222222222222223333"
        .parse()
        .unwrap();
    let direct = request(payee, vec![1])
        .with_from(alias)
        .with_value(U256::from(5));
    let overrides = json!({ alias.to_string(): { "balance": "0xde0b6b3a7640000" } });
    let expected = rig
        .rpc("eth_estimateGas", json!([direct, "latest", overrides]))
        .await;
    let expected: u64 = serde_json::from_value::<U256>(expected).unwrap().to();
    let estimate = rig
        .client
        .estimate_gas(request(NODE, ticket.abi_encode()))
        .await
        .unwrap();
    assert_eq!(estimate, expected);
    assert!(expected > 21_000 + 2 * 20_000, "{expected}");
    rig.ask(NODE, ticket.clone()).await;
    // Without a deposit there is nothing to call with.
    let poor = Node::estimateRetryableTicketCall {
        deposit: U256::ZERO,
        ..ticket
    };
    assert!(
        rig.client
            .estimate_gas(request(NODE, poor.abi_encode()))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn messages_have_proofs() {
    let rig = Rig::new().await;
    let withdraw = withdrawEthCall { destination: DEV }.abi_encode();
    for _ in 0..5 {
        rig.call(ARB_SYS, withdraw.clone()).await;
    }
    let state = request(ARB_SYS, sendMerkleTreeStateCall {}.abi_encode()).with_from(Address::ZERO);
    let state = rig.client.call(state).await.unwrap();
    let state = sendMerkleTreeStateCall::abi_decode_returns(&state).unwrap();
    for leaf in 0..5_u64 {
        let proof = rig
            .ask(NODE, Node::constructOutboxProofCall { size: 5, leaf })
            .await;
        assert_eq!(proof.root, state.root);
        let climbed =
            proof
                .proof
                .iter()
                .enumerate()
                .fold(keccak256(proof.send), |node, (level, sibling)| {
                    match leaf >> level & 1 {
                        0 => keccak256([node, *sibling].concat()),
                        _ => keccak256([*sibling, node].concat()),
                    }
                });
        assert_eq!(climbed, state.root, "message {leaf}");
    }
    for (size, leaf) in [(6, 0), (5, 5), (u64::MAX, 0)] {
        let proof = Node::constructOutboxProofCall { size, leaf };
        let (message, _) = rig.try_view(NODE, proof.abi_encode()).await.unwrap_err();
        assert!(message.contains("message"), "{message}");
    }
}

#[tokio::test]
async fn there_is_no_l1_and_no_past_before_nitro() {
    let rig = Rig::new().await;
    rig.rpc("anvil_mine", json!(["0x3"])).await;
    assert_eq!(
        rig.ask(NODE, Node::nitroGenesisBlockCall {}).await,
        U256::ZERO
    );
    assert_eq!(
        rig.ask(NODE, Node::blockL1NumCall { l2BlockNum: 2 }).await,
        0
    );
    let range = rig
        .ask(NODE, Node::l2BlockRangeForL1Call { blockNum: 0 })
        .await;
    assert_eq!((range.firstBlock, range.lastBlock), (0, 3));
    let hash = rig
        .client
        .get_block(1.into())
        .await
        .unwrap()
        .unwrap()
        .header
        .hash;
    let confirmations = Node::getL1ConfirmationsCall { blockHash: hash };
    assert_eq!(rig.ask(NODE, confirmations).await, 0);
    for (call, expected) in [
        (
            Node::getL1ConfirmationsCall {
                blockHash: B256::ZERO,
            }
            .abi_encode(),
            "unknown block hash",
        ),
        (
            Node::blockL1NumCall { l2BlockNum: 9 }.abi_encode(),
            "block 9 does not exist",
        ),
        (
            Node::l2BlockRangeForL1Call { blockNum: 7 }.abi_encode(),
            "no block of this chain",
        ),
        (
            Node::findBatchContainingBlockCall { blockNum: 2 }.abi_encode(),
            "block 2 is in no batch",
        ),
        (
            Node::legacyLookupMessageBatchProofCall {
                batchNum: U256::ZERO,
                index: 0,
            }
            .abi_encode(),
            "no outbox batch 0",
        ),
    ] {
        let (message, _) = rig.try_view(NODE, call).await.unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
    assert!(rig.try_view(NODE, vec![1, 2, 3, 4]).await.is_err());
    let ticket = getRetryableCall { ticket: B256::ZERO };
    assert!(rig.refuses(Address::with_last_byte(0xc9), ticket).await);
    // On chain there is nothing at the address: a contract that calls it gets no data.
    let receipt = rig
        .send(NODE.into(), Node::nitroGenesisBlockCall {}.abi_encode(), 0)
        .await;
    assert!(receipt.status());
    assert!(rig.client.get_code_at(NODE).await.unwrap().is_empty());
}
