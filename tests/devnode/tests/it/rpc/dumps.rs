//! Dumps that others wrote: packed ones, and anvil's.

use std::{fs, io::Write, time::Duration};

use alloy::{
    hex,
    primitives::{Address, B256, Bytes, U256},
    providers::{Provider, ProviderBuilder},
};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use stylus_devnode::{Config, spawn};

use crate::rig::{Rig, anvil::Anvil};

const ALICE: Address = Address::repeat_byte(0xa1);
const STORE: Address = Address::repeat_byte(0xc0);
const SENDER: Address = stylus_devnode::TEST_ACCOUNTS[0];

/// Keeps the first word of its input in slot 5.
const STORE_CODE: &str = "0x5f3560055500";

/// {s} A time that no clock has reached.
const LATER: u64 = 4_000_000_000;

/// What anvil answers to `anvil_dumpState` once it has kept a word, paid Alice and gone on in time.
async fn anvils_dump() -> String {
    let anvil = Anvil::start(&[]);
    let client = ProviderBuilder::new().connect_http(anvil.url.parse().unwrap());
    let ask = async |method: &'static str, params: Value| -> Value {
        client.raw_request(method.into(), params).await.unwrap()
    };
    ask("anvil_setCode", json!([STORE, STORE_CODE])).await;
    ask("evm_setNextBlockTimestamp", json!([LATER])).await;
    let input = Bytes::from(U256::from(99).to_be_bytes_vec());
    for tx in [
        json!([{ "from": SENDER, "to": STORE, "input": input, "gas": "0xfffff" }]),
        json!([{ "from": SENDER, "to": ALICE, "value": "0x7" }]),
    ] {
        let hash = ask("eth_sendTransaction", tx).await;
        while ask("eth_getTransactionReceipt", json!([hash]))
            .await
            .is_null()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    ask("anvil_dumpState", json!([]))
        .await
        .as_str()
        .unwrap()
        .into()
}

#[tokio::test]
async fn accounts_of_anvil_move_over() {
    let dump = anvils_dump().await;
    assert!(dump.starts_with("0x1f8b"), "it is packed");
    let rig = Rig::new().await;
    // What is there under the same address goes, what the dump lacks stays.
    let stale = json!([STORE, "0x8", B256::with_last_byte(1)]);
    rig.rpc("anvil_setStorageAt", stale).await;
    let deployed = rig.deploy(&[0x60, 0x01]).await;
    let number = rig.client.get_block_number().await.unwrap();
    let arb_sys = Address::with_last_byte(0x64);
    let own = rig.client.get_code_at(arb_sys).await.unwrap();

    assert_eq!(rig.rpc("anvil_loadState", json!([dump])).await, json!(true));
    let slot = async |slot: u64| {
        rig.client
            .get_storage_at(STORE, U256::from(slot))
            .await
            .unwrap()
    };
    assert_eq!([slot(5).await, slot(8).await], [U256::from(99), U256::ZERO]);
    let code = rig.client.get_code_at(STORE).await.unwrap();
    assert_eq!(code.to_string(), STORE_CODE);
    assert_eq!(rig.client.get_balance(ALICE).await.unwrap(), U256::from(7));
    assert_eq!(rig.client.get_transaction_count(SENDER).await.unwrap(), 2);
    assert_eq!(rig.client.get_code_at(deployed).await.unwrap().len(), 2);
    assert_eq!(rig.client.get_block_number().await.unwrap(), number);
    assert_eq!(rig.client.get_code_at(arb_sys).await.unwrap(), own);

    // It goes on from there, in this chain's blocks and with its programs.
    let input = Bytes::from(U256::from(100).to_be_bytes_vec());
    let tx = json!([{ "from": SENDER, "to": STORE, "input": input }]);
    let receipt = rig.rpc("eth_sendTransactionSync", tx).await;
    assert_eq!(receipt["status"], json!("0x1"));
    assert_eq!(receipt["blockNumber"], json!(U256::from(number + 1)));
    assert_eq!(slot(5).await, U256::from(100));
    let head = rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let time = head["timestamp"].as_str().unwrap().parse::<U256>().unwrap();
    assert!(time >= U256::from(LATER), "{time}");
    rig.program(crate::rig::PROXY).await;

    // Blocks before it keep their state.
    let before = rig.client.get_balance(ALICE).number(number - 1);
    assert_eq!(before.await.unwrap(), U256::ZERO);
}

/// A dump that this node wrote is taken packed too.
#[tokio::test]
async fn what_is_packed_is_unpacked() {
    let (from, to) = (Rig::new().await, Rig::new().await);
    from.send(ALICE.into(), vec![], 17).await;
    let dump = from.rpc("anvil_dumpState", json!([])).await;
    let dump = hex::decode(dump.as_str().unwrap()).unwrap();
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&dump).unwrap();
    let packed = Bytes::from(packer.finish().unwrap());
    assert_eq!(
        to.rpc("anvil_loadState", json!([packed])).await,
        json!(true)
    );
    assert_eq!(to.client.get_balance(ALICE).await.unwrap(), U256::from(17));
    assert_eq!(to.client.get_block_number().await.unwrap(), 1);

    // Damage changes nothing.
    let mut damaged = packed.to_vec();
    damaged[1_000] ^= 1;
    let params = json!([Bytes::from(damaged)]);
    let (_, message) = to.rpc_error("anvil_loadState", params).await;
    assert!(
        message.starts_with("state dump: gzip is damaged: "),
        "{message}"
    );
    assert_eq!(to.client.get_block_number().await.unwrap(), 1);
}

/// Little that unpacks to much ends where a dump does.
#[tokio::test]
async fn a_bomb_does_not_go_off() {
    let rig = Rig::new().await;
    let mut packed = hex!("1f8b0800000000000003").to_vec();
    // One block of well-known words: a zero, then 258 more of it, again and again.
    let (mut bits, mut held) = (0_u64, 0_u32);
    let mut write = |word: &str| {
        for bit in word.bytes() {
            bits |= u64::from(bit == b'1') << held;
            held += 1;
            if held == 8 {
                packed.push(bits as u8);
                (bits, held) = (0, 0);
            }
        }
    };
    write("110");
    write("00110000");
    for _ in 0..(257 << 20) / 258 {
        write("1100010100000");
    }
    write("00000000000000000");
    assert!(packed.len() < 2 << 20);
    let params = json!([Bytes::from(packed)]);
    let (_, message) = rig.rpc_error("anvil_loadState", params).await;
    assert_eq!(message, "state dump: gzip holds more than 256 MiB");
}

/// At shutdown a state file is written over: one of anvil's would be lost to anvil.
#[tokio::test]
async fn anvils_file_is_no_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("anvil.json");
    let dump = json!({ "block": null, "accounts": { ALICE.to_string(): {
        "nonce": 1, "balance": "0x5", "code": "0x", "storage": {} } } });
    fs::write(&path, dump.to_string()).unwrap();
    let config = Config {
        state: Some(path.clone()),
        ..Config::default()
    };
    let error = spawn(config).await.unwrap_err().to_string();
    assert!(error.contains("load it with anvil_loadState"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), dump.to_string());
    // As it is, unpacked, it is taken there.
    let rig = Rig::new().await;
    let params = json!([Bytes::from(dump.to_string().into_bytes())]);
    assert_eq!(rig.rpc("anvil_loadState", params).await, json!(true));
    assert_eq!(rig.client.get_balance(ALICE).await.unwrap(), U256::from(5));
}
