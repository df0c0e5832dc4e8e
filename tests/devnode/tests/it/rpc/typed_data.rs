//! EIP-712 signatures of accounts whose keys the node has, beside alloy's.

use alloy::{
    primitives::{Address, B256, Bytes, I256, Signature, U256, address, b256},
    providers::Provider,
    sol,
    sol_types::{SolStruct, eip712_domain},
};
use serde_json::{Value, json};

use crate::rig::{DEV, Rig};

sol! {
    struct Asset {
        address token;
        uint256[] amounts;
    }

    struct Order {
        Asset[2] assets;
        Asset paid;
        int64 change;
        bytes4 selector;
        bytes data;
        bool[][] flags;
        string note;
    }
}

const TOKEN: Address = address!("cccccccccccccccccccccccccccccccccccccccc");

fn asset(amounts: &[u64]) -> Asset {
    Asset {
        token: TOKEN,
        amounts: amounts.iter().copied().map(U256::from).collect(),
    }
}

fn order() -> Order {
    Order {
        assets: [asset(&[]), asset(&[7, u64::MAX])],
        paid: asset(&[1]),
        change: -5,
        selector: [1, 2, 3, 4].into(),
        data: Bytes::from(vec![9; 70]),
        flags: vec![vec![true, false], vec![]],
        note: "naïve".into(),
    }
}

fn data() -> Value {
    let asset = |amounts: Value| json!({ "token": TOKEN, "amounts": amounts });
    json!({
        "types": {
            "EIP712Domain": [
                { "name": "name", "type": "string" },
                { "name": "chainId", "type": "uint256" },
                { "name": "salt", "type": "bytes32" },
            ],
            "Asset": [
                { "name": "token", "type": "address" },
                { "name": "amounts", "type": "uint256[]" },
            ],
            "Order": [
                { "name": "assets", "type": "Asset[2]" },
                { "name": "paid", "type": "Asset" },
                { "name": "change", "type": "int64" },
                { "name": "selector", "type": "bytes4" },
                { "name": "data", "type": "bytes" },
                { "name": "flags", "type": "bool[][]" },
                { "name": "note", "type": "string" },
            ],
        },
        "primaryType": "Order",
        "domain": { "name": "Shop", "chainId": "0x64aba", "salt": B256::repeat_byte(3) },
        "message": {
            "assets": [asset(json!([])), asset(json!([7, u64::MAX.to_string()]))],
            "paid": asset(json!(["0x1"])),
            "change": I256::unchecked_from(-5).to_string(),
            "selector": "0x01020304",
            "data": Bytes::from(vec![9; 70]),
            "flags": [[true, false], []],
            "note": "naïve",
        },
    })
}

#[tokio::test]
async fn typed_data_is_signed_as_wallets_do() {
    let rig = Rig::new().await;
    let domain = eip712_domain! {
        name: "Shop",
        chain_id: 412_346,
        salt: B256::repeat_byte(3),
    };
    let hash = order().eip712_signing_hash(&domain);
    let text = json!(data().to_string());
    for (method, data) in [
        ("eth_signTypedData_v4", data()),
        ("eth_signTypedData_v4", text),
        ("eth_signTypedData_v3", data()),
        ("eth_signTypedData", data()),
    ] {
        let signature = rig.rpc(method, json!([DEV, data])).await;
        let signature: Signature = signature.as_str().unwrap().parse().unwrap();
        let signer = signature.recover_address_from_prehash(&hash).unwrap();
        assert_eq!(signer, DEV, "{method}");
    }
    let params = json!([TOKEN, data()]);
    let (code, message) = rig.rpc_error("eth_signTypedData_v4", params).await;
    assert_eq!((code, message.as_str()), (-32000, "unknown account"));
    let mut wrong = data();
    wrong["message"]["change"] = json!("9223372036854775808");
    let params = json!([DEV, wrong]);
    let (code, message) = rig.rpc_error("eth_signTypedData_v4", params).await;
    assert_eq!(code, -32602);
    assert!(message.contains("expected type \"int64\""), "{message}");
}

/// EIP-712's own example, as `signing_hash` says it there.
const MAIL: B256 = b256!("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");

fn mail() -> Value {
    json!({
        "types": {
            "EIP712Domain": [
                { "name": "name", "type": "string" },
                { "name": "version", "type": "string" },
                { "name": "chainId", "type": "uint256" },
                { "name": "verifyingContract", "type": "address" },
            ],
            "Person": [
                { "name": "name", "type": "string" },
                { "name": "wallet", "type": "address" },
            ],
            "Mail": [
                { "name": "from", "type": "Person" },
                { "name": "to", "type": "Person" },
                { "name": "contents", "type": "string" },
            ],
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail",
            "version": "1",
            "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": { "name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826" },
            "to": { "name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB" },
            "contents": "Hello, Bob!",
        },
    })
}

#[tokio::test]
async fn the_example_of_the_standard_has_its_hash() {
    let rig = Rig::new().await;
    let signature = rig.rpc("eth_signTypedData_v4", json!([DEV, mail()])).await;
    let signature: Signature = signature.as_str().unwrap().parse().unwrap();
    assert_eq!(signature.recover_address_from_prehash(&MAIL).unwrap(), DEV);
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let rig = Rig::new().await;
    let many: serde_json::Map<_, _> = (0..257).map(|i| (format!("T{i}"), json!([]))).collect();
    for (path, value, reason) in [
        ("/primaryType", json!("Male"), "Male"),
        ("/message/to/wallet", json!("0x12"), "0x12"),
        ("/message/to", json!({ "name": "Bob" }), "(string,address)"),
        ("/message/contents", json!([1]), "[1]"),
        ("/types/Mail/2/type", json!("text"), "text"),
        ("/types", Value::Object(many), "more than 256 types"),
    ] {
        let mut data = mail();
        *data.pointer_mut(path).unwrap() = value;
        let (code, message) = rig
            .rpc_error("eth_signTypedData_v4", json!([DEV, data]))
            .await;
        assert_eq!(code, -32602, "{path}: {message}");
        assert!(message.contains(reason), "{path}: {message}");
    }
}

/// Whatever a number was read as, no other one is signed.
#[tokio::test]
async fn numbers_are_exact_or_refused() {
    let rig = Rig::new().await;
    let sign = async |value: &str, ty: &str| {
        // As text, or the client would round the number.
        let text = format!(
            r#"{{ "types": {{ "Sum": [{{ "name": "of", "type": "{ty}" }}] }}, "primaryType": "Sum",
                "domain": {{}}, "message": {{ "of": {value} }} }}"#
        );
        let params = json!([DEV, text]);
        let signed: Result<Value, _> = rig
            .client
            .raw_request("eth_signTypedData_v4".into(), params)
            .await;
        signed.map_err(|error| error.as_error_resp().unwrap().message.to_string())
    };
    for (number, text) in [
        ("18446744073709551615", "\"0xffffffffffffffff\""),
        ("-7", "\"-7\""),
    ] {
        let signed = sign(number, "int256").await.unwrap();
        assert_eq!(signed, sign(text, "int256").await.unwrap());
    }
    let max = U256::MAX.to_string();
    assert!(sign(&format!("\"{max}\""), "uint256").await.is_ok());
    for number in [&max, "18446744073709551616", "1.5", "1e18"] {
        let message = sign(number, "uint256").await.unwrap_err();
        assert!(message.contains("expected type \"uint256\""), "{message}");
    }
    for text in ["\"1 ether\"", "\"1e18\"", "\"1.0\""] {
        let message = sign(text, "uint256").await.unwrap_err();
        assert!(message.contains("expected type \"uint256\""), "{message}");
    }
}
