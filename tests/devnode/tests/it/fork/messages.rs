//! Messages to L1 that were sent on both sides of a fork are in one tree.

use alloy::{
    primitives::{Address, B256, keccak256},
    sol,
    sol_types::SolCall,
};
use serde_json::json;

use super::rig::fork;
use crate::rig::{DEV, Rig};

const ARB_SYS: Address = Address::with_last_byte(0x64);
const NODE_INTERFACE: Address = Address::with_last_byte(0xc8);

sol! {
    function withdrawEth(address destination) external payable returns (uint256);
    function constructOutboxProof(uint64 size, uint64 leaf) external view returns (bytes32 send, bytes32 root, bytes32[] memory proof);
}

/// Sends messages, and returns the root after each.
async fn send(rig: &Rig, count: u8) -> Vec<B256> {
    let mut roots = Vec::new();
    for number in 0..count {
        let call = withdrawEthCall {
            destination: Address::repeat_byte(number),
        };
        rig.call(ARB_SYS, call.abi_encode()).await;
        let params = json!(["latest", false]);
        let block = rig.rpc("eth_getBlockByNumber", params).await;
        roots.push(serde_json::from_value(block["sendRoot"].clone()).unwrap());
    }
    roots
}

/// Sealing reads the upstream's tree of messages, before anything is taken from the pool.
#[tokio::test]
async fn the_first_block_after_messages_of_the_upstream_has_its_transactions() {
    let upstream = Rig::new().await;
    send(&upstream, 7).await;
    let local = fork(&upstream).await;
    local.rpc("evm_setAutomine", json!([false])).await;
    let tx = json!([{ "from": DEV, "to": DEV, "gas": "0x5208", "nonce": "0x7" }]);
    let hash = local.rpc("eth_sendTransaction", tx).await;
    local.rpc("evm_mine", json!([])).await;
    let receipt = local.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let block = local
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(block["transactions"], json!([hash]));
}

#[tokio::test]
async fn messages_of_a_fork_are_proved_beside_those_of_its_upstream() {
    for before in [0_u8, 1, 3, 6] {
        let upstream = Rig::new().await;
        send(&upstream, before).await;
        let local = fork(&upstream).await;
        let roots = send(&local, 3).await;
        let before = u64::from(before);
        let ask = async |size: u64, leaf: u64| {
            let call = constructOutboxProofCall { size, leaf };
            local.try_view(NODE_INTERFACE, call.abi_encode()).await
        };
        for (root, size) in roots.into_iter().zip(before + 1..) {
            for leaf in before..size {
                let proof = ask(size, leaf).await.unwrap();
                let proof = constructOutboxProofCall::abi_decode_returns(&proof).unwrap();
                assert_eq!(proof.root, root, "{leaf} of {size}, {before} before");
                let mut node = keccak256(proof.send);
                for (level, sibling) in proof.proof.into_iter().enumerate() {
                    node = match leaf >> level & 1 {
                        0 => keccak256([node, sibling].concat()),
                        _ => keccak256([sibling, node].concat()),
                    };
                }
                assert_eq!(node, root, "{leaf} of {size}, {before} before");
            }
        }
        let says = async |size: u64, leaf: u64| ask(size, leaf).await.unwrap_err().0;
        let message = says(before + 4, before).await;
        let all = format!("only {} messages were sent, not {}", before + 3, before + 4);
        assert!(message.ends_with(&all), "{message}");
        if let Some(old) = before.checked_sub(1) {
            for size in [before, before + 3] {
                let message = says(size, old).await;
                let old = format!("message {old} was sent before the fork");
                assert!(message.contains(&old), "{message}");
            }
        }
    }
}
