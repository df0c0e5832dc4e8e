//! The list of divergences in the crate's documentation, each with a probe that it is still so.
//!
//! A probe asks for what an entry says is missing, claim by claim, and fails where it is there. Who
//! implements one removes its entry there and its line in [`PROBES`].

mod l1;

use std::{future::Future, pin::Pin};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::Encodable2718,
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::Provider,
    rpc::client::BatchRequest,
    signers::{SignerSync, local::PrivateKeySigner},
    sol,
    sol_types::SolCall,
};
use serde_json::json;
use stylus_devnode::{
    arbos::{
        owners::native_token_owners,
        slots::{ARBOS, ROOT, offset, space},
    },
    stylus::{self, Rules},
};

use crate::{
    fork::rig::fork,
    program::readme::divergences,
    rig::{ARB_DEBUG, ARB_OWNER, ArbWasm, DEV, PROXY, Rig, compress, event},
};

const ARB_SYS: Address = Address::with_last_byte(0x64);
const ARB_BLS: Address = Address::with_last_byte(0x67);
const ARB_OWNER_PUBLIC: Address = Address::with_last_byte(0x6b);
const ARB_GAS_INFO: Address = Address::with_last_byte(0x6c);
const ARB_RETRYABLE_TX: Address = Address::with_last_byte(0x6e);
const ARB_NATIVE_TOKEN_MANAGER: Address = Address::with_last_byte(0x73);
const NODE_INTERFACE: Address = Address::with_last_byte(0xc8);

sol! {
    struct WeightedResource {
        uint8 resource;
        uint64 weight;
    }

    struct ResourceConstraint {
        WeightedResource[] resources;
        uint32 adjustmentWindowSecs;
        uint64 targetPerSec;
        uint64 backlog;
    }

    interface Owner {
        function setL1PricePerUnit(uint256 price) external;
        function setL1PricingInertia(uint64 inertia) external;
        function setL1PricingEquilibrationUnits(uint256 units) external;
        function setL1PricingRewardRecipient(address recipient) external;
        function setL1PricingRewardRate(uint64 rate) external;
        function setParentGasFloorPerToken(uint64 floor) external;
        function setPerBatchGasCharge(int64 cost) external;
        function setAmortizedCostCapBips(uint64 cap) external;
        function setSpeedLimit(uint64 limit) external;
        function setL2GasPricingInertia(uint64 inertia) external;
        function setL2GasBacklogTolerance(uint64 tolerance) external;
        function setGasBacklog(uint64 backlog) external;
        function isChainOwner(address account) external view returns (bool);
        function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
        function setNativeTokenManagementFrom(uint64 timestamp) external;
        function addNativeTokenOwner(address owner) external;
        function removeNativeTokenOwner(address owner) external;
        function setTransactionFilteringFrom(uint64 timestamp) external;
        function addTransactionFilterer(address filterer) external;
        function removeTransactionFilterer(address filterer) external;
        function isTransactionFilterer(address filterer) external view returns (bool);
        function getAllTransactionFilterers() external view returns (address[] memory);
        function setFilteredFundsRecipient(address recipient) external;
        function getFilteredFundsRecipient() external view returns (address);
        function setCollectTips(bool collect) external;
        function setChainConfig(string calldata config) external;
        function setGasPricingConstraints(uint64[3][] calldata constraints) external;
        function setMultiGasPricingConstraints(ResourceConstraint[] calldata constraints) external;
        function getNativeTokenManagementFrom() external view returns (uint64);
        function getTransactionFilteringFrom() external view returns (uint64);
        function getCollectTips() external view returns (bool);
    }

    interface Others {
        function getL1PricingUnitsSinceUpdate() external view returns (uint64);
        function getCurrentTxL1GasFees() external view returns (uint256);
        function getL1BaseFeeEstimate() external view returns (uint256);
        function redeem(bytes32 ticketId) external returns (bytes32);
        function keepalive(bytes32 ticketId) external returns (uint256);
        function cancel(bytes32 ticketId) external;
        function getTimeout(bytes32 ticketId) external view returns (uint256);
        function arbOSVersion() external view returns (uint256);
        function sendTxToL1(address destination, bytes calldata data) external payable returns (uint256);
        function findBatchContainingBlock(uint64 blockNum) external view returns (uint64 batch);
        function getL1Confirmations(bytes32 blockHash) external view returns (uint64 confirmations);
        function constructOutboxProof(uint64 size, uint64 leaf) external view returns (bytes32 send, bytes32 root, bytes32[] memory proof);
        function register(uint256 x0, uint256 x1, uint256 y0, uint256 y1) external;
        function getPublicKey(address account) external view returns (uint256, uint256, uint256, uint256);
        function mintNativeToken(uint256 amount) external;
        function burnNativeToken(uint256 amount) external;
        function getMultiGasBaseFee() external view returns (uint256[] memory);
        function getGasPricingConstraints() external view returns (uint64[3][] memory);
        function panic() external;
    }
}

impl Rig {
    /// Sets a slot of ArbOS.
    async fn keep_in_arbos(&self, slot: U256, value: U256) {
        let edit = json!([ARBOS, slot, B256::from(value)]);
        self.rpc("anvil_setStorageAt", edit).await;
    }
}

type Probe = fn(Rig) -> Pin<Box<dyn Future<Output = ()>>>;

/// How an entry begins, and its probe.
const PROBES: &[(&str, Probe)] = &[
    ("Blocks lack Nitro's start-block transaction", |rig| {
        Box::pin(no_start_block(rig))
    }),
    ("With automatic mining, the default", |rig| {
        Box::pin(one_transaction_a_block(rig))
    }),
    ("On a fork `stateRoot` is zero", |rig| {
        Box::pin(no_state_root_on_a_fork(rig))
    }),
    ("The base fee follows one gas target", |rig| {
        Box::pin(one_gas_target(rig))
    }),
    ("The poster's fee counts the bytes", |rig| {
        Box::pin(l1::units_with_a_price_only(rig))
    }),
    ("There is no L1", |rig| Box::pin(l1::no_l1(rig))),
    ("A program's module hash is another hash", |rig| {
        Box::pin(own_module_hash(rig))
    }),
    ("Programs compressed with Nitro's own dictionary", |rig| {
        Box::pin(no_dictionary(rig))
    }),
    ("Precompiles ArbBLS and ArbNativeTokenManager", |rig| {
        Box::pin(precompiles_without_calls(rig))
    }),
    ("NodeInterface finds no batches", |rig| {
        Box::pin(no_batches_and_no_older_messages(rig))
    }),
    ("ArbOwner and ArbOwnerPublic lack", |rig| {
        Box::pin(owner_methods_that_lack(rig))
    }),
    ("ArbGasInfo lacks `getMultiGasBaseFee`", |rig| {
        Box::pin(no_fee_per_resource(rig))
    }),
    ("`ArbDebug.panic` reverts", |rig| {
        Box::pin(panic_reverts(rig))
    }),
    (
        "An ArbOS upgrade that is scheduled to a version above 61",
        |rig| Box::pin(no_upgrade(rig)),
    ),
];

async fn no_start_block(rig: Rig) {
    let sent = rig.send(DEV.into(), vec![], 1).await;
    let block = rig
        .rpc("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(block["transactions"], json!([sent.transaction_hash]));
}

/// Two transactions of one batch arrive together.
async fn one_transaction_a_block(rig: Rig) {
    let mut batch = BatchRequest::new(rig.client.client());
    let mut send = |value| {
        let tx = json!([{ "from": DEV, "to": DEV, "value": value }]);
        batch.add_call::<_, B256>("eth_sendTransaction", &tx)
    };
    let (first, second) = (send("0x1").unwrap(), send("0x2").unwrap());
    batch.send().await.unwrap();
    first.await.unwrap();
    second.await.unwrap();
    for block in ["0x1", "0x2"] {
        let count = rig.rpc("eth_getBlockTransactionCountByNumber", json!([block]));
        assert_eq!(count.await, json!("0x1"), "{block}");
    }
}

async fn no_state_root_on_a_fork(rig: Rig) {
    let local = fork(&rig).await;
    local.send(DEV.into(), vec![], 1).await;
    let root = async |rig: &Rig, block: &'static str| {
        let block = rig.rpc("eth_getBlockByNumber", json!([block, false])).await;
        block["stateRoot"].clone()
    };
    assert_eq!(root(&local, "latest").await, json!(B256::ZERO));
    assert_eq!(root(&local, "pending").await, json!(B256::ZERO));
    assert_ne!(root(&rig, "latest").await, json!(B256::ZERO));
    let proof = json!([DEV, [], "latest"]);
    let (code, _) = local.rpc_error("eth_getProof", proof).await;
    assert_eq!(code, -32000);
    let proof = json!([ARB_SYS, [], "0x0"]);
    local.rpc("eth_getProof", proof).await;
}

/// Even an owner cannot set several targets, and such that lie in state count for nothing. A backlog of
/// twice the inertia makes the price 1 + 2 + 2 + 4/3 + 2/3 times the minimum, where `e^2` is 7.389.
async fn one_gas_target(rig: Rig) {
    rig.own().await;
    let constraints = vec![[30_000_000, 1, 0], [15_000_000, 600, 0]];
    let set = Owner::setGasPricingConstraintsCall { constraints };
    assert!(rig.refuses(ARB_OWNER, set).await);

    let price = async || rig.client.get_gas_price().await.unwrap();
    let min = price().await;
    // A list of one, in the first sub-space of L2's pricing: 1 gas a second, and far behind.
    let lists = ROOT.child(space::L2_PRICING).child(0);
    rig.keep_in_arbos(lists.slot(0), U256::ONE).await;
    let constraint = lists.child_of(&0_u64.to_be_bytes());
    for (entry, value) in [(0, 1), (1, 1), (2, 1_000_000_000_u64)] {
        let slot = constraint.slot(entry);
        rig.keep_in_arbos(slot, U256::from(value)).await;
    }
    let all = Others::getGasPricingConstraintsCall {};
    assert_eq!(rig.ask(ARB_GAS_INFO, all).await, Vec::<[u64; 3]>::new());
    rig.rpc("anvil_mine", json!([2])).await;
    assert_eq!(price().await, min);

    rig.rpc("anvil_setBlockTimestampInterval", json!([0])).await;
    rig.set(Owner::setSpeedLimitCall { limit: 1_000_000 }).await;
    rig.set(Owner::setL2GasPricingInertiaCall { inertia: 100 })
        .await;
    rig.set(Owner::setL2GasBacklogToleranceCall { tolerance: 0 })
        .await;
    let used = rig.set(Owner::setGasBacklogCall { backlog: 0 }).await;
    let backlog = 200_000_000 - used.gas_used;
    rig.set(Owner::setGasBacklogCall { backlog }).await;
    rig.rpc("anvil_mine", json!([1])).await;
    assert_eq!(price().await, 7 * min);
}

/// The hash of what is run, not the root of the proving machine's module.
async fn own_module_hash(rig: Rig) {
    let program = rig.deploy(&compress(PROXY)).await;
    let activated: ArbWasm::ProgramActivated = event(&rig.activate(program).await);
    let rules = Rules {
        debug: true,
        ..Rules::default()
    };
    let wasm = wat::parse_str(PROXY).unwrap();
    let activation = stylus::activate(&wasm, &rules, rules.page_limit).unwrap();
    assert_eq!(activated.moduleHash, keccak256(activation.instrumented));
}

/// A stream that uses nothing of the dictionary would be readable with it.
async fn no_dictionary(rig: Rig) {
    let mut code = compress(PROXY);
    code[3] = 1;
    let with = rig.deploy(&code).await;
    assert!(!rig.activate(with).await.status());
    code[3] = 0;
    let without = rig.deploy(&code).await;
    assert!(rig.activate(without).await.status());
}

async fn precompiles_without_calls(rig: Rig) {
    let (x0, x1, y0, y1) = Default::default();
    let register = Others::registerCall { x0, x1, y0, y1 };
    assert!(rig.refuses(ARB_BLS, register).await);
    let key = Others::getPublicKeyCall { account: DEV };
    assert!(rig.refuses(ARB_BLS, key).await);

    // As an owner of the native token, which may mint where there is a manager.
    for (slot, value) in native_token_owners().with_member(DEV) {
        rig.keep_in_arbos(slot, value).await;
    }
    let amount = U256::ONE;
    let mint = Others::mintNativeTokenCall { amount };
    assert!(rig.refuses(ARB_NATIVE_TOKEN_MANAGER, mint).await);
    let burn = Others::burnNativeTokenCall { amount };
    assert!(rig.refuses(ARB_NATIVE_TOKEN_MANAGER, burn).await);
}

async fn no_batches_and_no_older_messages(rig: Rig) {
    let batch = Others::findBatchContainingBlockCall { blockNum: 0 };
    assert!(rig.refuses(NODE_INTERFACE, batch).await);
    rig.rpc("anvil_mine", json!([1_000])).await;
    let first = rig.client.get_block(0.into()).await.unwrap().unwrap();
    let confirmed = Others::getL1ConfirmationsCall {
        blockHash: first.header.hash,
    };
    assert_eq!(rig.ask(NODE_INTERFACE, confirmed).await, 0);

    let (destination, data) = (DEV, Bytes::new());
    let send = Others::sendTxToL1Call { destination, data }.abi_encode();
    let proof = |size, leaf| Others::constructOutboxProofCall { size, leaf };
    rig.call(ARB_SYS, send.clone()).await;
    assert!(!rig.refuses(NODE_INTERFACE, proof(1, 0)).await);
    let local = fork(&rig).await;
    local.call(ARB_SYS, send).await;
    for (size, leaf) in [(1, 0), (2, 0)] {
        assert!(local.refuses(NODE_INTERFACE, proof(size, leaf)).await);
    }
    assert!(!local.refuses(NODE_INTERFACE, proof(2, 1)).await);
}

async fn owner_methods_that_lack(rig: Rig) {
    rig.own().await;
    let is_owner = Owner::isChainOwnerCall { account: DEV };
    assert!(rig.ask(ARB_OWNER, is_owner.clone()).await);
    let lacks = async |to, input: Vec<u8>| {
        let selector = Bytes::copy_from_slice(&input[..4]);
        assert!(rig.try_view(to, input).await.is_err(), "{to} {selector}");
    };
    let timestamp = u64::from(u32::MAX);
    let constraints = vec![[7_000_000, 102, 0], [1_000_000, 86_400, 0]];
    let config = format!("{{\"chainId\":{}}}", stylus_devnode::CHAIN_ID);
    for input in [
        Owner::setNativeTokenManagementFromCall { timestamp }.abi_encode(),
        Owner::addNativeTokenOwnerCall { owner: DEV }.abi_encode(),
        Owner::removeNativeTokenOwnerCall { owner: DEV }.abi_encode(),
        Owner::setTransactionFilteringFromCall { timestamp }.abi_encode(),
        Owner::addTransactionFiltererCall { filterer: DEV }.abi_encode(),
        Owner::removeTransactionFiltererCall { filterer: DEV }.abi_encode(),
        Owner::setFilteredFundsRecipientCall { recipient: DEV }.abi_encode(),
        Owner::setCollectTipsCall { collect: true }.abi_encode(),
        Owner::setChainConfigCall { config }.abi_encode(),
        Owner::setGasPricingConstraintsCall { constraints }.abi_encode(),
        Owner::setMultiGasPricingConstraintsCall {
            constraints: vec![],
        }
        .abi_encode(),
    ] {
        lacks(ARB_OWNER, input).await;
    }
    for input in [
        Owner::isTransactionFiltererCall { filterer: DEV }.abi_encode(),
        Owner::getAllTransactionFilterersCall {}.abi_encode(),
        Owner::getFilteredFundsRecipientCall {}.abi_encode(),
    ] {
        lacks(ARB_OWNER, input.clone()).await;
        lacks(ARB_OWNER_PUBLIC, input).await;
    }
    assert!(rig.ask(ARB_OWNER_PUBLIC, is_owner).await);
    for input in [
        Owner::getNativeTokenManagementFromCall {}.abi_encode(),
        Owner::getTransactionFilteringFromCall {}.abi_encode(),
        Owner::getCollectTipsCall {}.abi_encode(),
    ] {
        lacks(ARB_OWNER_PUBLIC, input).await;
    }
}

async fn no_fee_per_resource(rig: Rig) {
    let constraints = Others::getGasPricingConstraintsCall {};
    assert!(!rig.refuses(ARB_GAS_INFO, constraints).await);
    let fees = Others::getMultiGasBaseFeeCall {};
    assert!(rig.refuses(ARB_GAS_INFO, fees).await);
}

/// Nitro's node would not make a block of it.
async fn panic_reverts(rig: Rig) {
    let panic = Others::panicCall {}.abi_encode();
    let receipt = rig.send(ARB_DEBUG.into(), panic, 0).await;
    assert!(!receipt.status());
}

async fn no_upgrade(rig: Rig) {
    let version = async || rig.ask(ARB_SYS, Others::arbOSVersionCall {}).await;
    let before = version().await;
    assert_eq!(before, U256::from(55 + 61));
    rig.own().await;
    let (version_above, timestamp) = (62, 0);
    rig.set(Owner::scheduleArbOSUpgradeCall {
        version: version_above,
        timestamp,
    })
    .await;
    rig.send(DEV.into(), vec![], 0).await;
    assert_eq!(version().await, before);
}

#[tokio::test]
async fn the_list_names_what_still_diverges_and_nothing_else() {
    let list = divergences();
    let entries: Vec<_> = list
        .lines()
        .filter_map(|line| line.strip_prefix("- "))
        .collect();
    for entry in &entries {
        let probes = PROBES.iter().filter(|(key, _)| entry.starts_with(key));
        assert_eq!(probes.count(), 1, "probes of: {entry}");
    }
    assert_eq!(entries.len(), PROBES.len(), "a probe has no entry");
    for (key, probe) in PROBES {
        println!("Is it still so? {key}");
        probe(Rig::new().await).await;
    }
}
