//! A node, a client, and ways to put code on its chain.

pub(crate) mod anvil;
pub(crate) mod process;
pub(crate) mod proofs;
pub(crate) mod socket;

use alloy::{
    network::{EthereumWallet, TransactionBuilder},
    primitives::{Address, B256, Bytes, TxKind, U256, address},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    sol,
    sol_types::{SolCall, SolEvent},
};
use serde_json::Value;
use stylus_devnode::{Config, Node, spawn};

pub(crate) const KEY: &str = "0xb6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";
pub(crate) const DEV: Address = stylus_devnode::DEV_ACCOUNT;
pub(crate) const ARB_WASM: Address = address!("0x0000000000000000000000000000000000000071");

/// {wei} More than any data fee in these tests.
pub(crate) const FEE: u64 = 1_000_000_000_000_000;

/// {gas} Limit of transactions that are not estimated.
pub(crate) const GAS: u64 = 20_000_000;

pub(crate) const ARB_OWNER: Address = address!("0x0000000000000000000000000000000000000070");
pub(crate) const CACHE_MANAGER: Address = address!("0x2F8Bd4EaB69764c105aDd7dE7CB0402557a44E6f");
pub(crate) const ARB_DEBUG: Address = address!("0x00000000000000000000000000000000000000ff");

sol! {
    function becomeChainOwner() external;

    #[derive(Debug)]
    interface ArbWasm {
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function programVersion(address program) external view returns (uint16);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16);
        function programTimeLeft(address program) external view returns (uint64);
        function codehashKeepalive(bytes32 codehash) external payable;
        function codehashAsmSize(bytes32 codehash) external view returns (uint32);
        function stylusVersion() external view returns (uint16);
        function minInitGas() external view returns (uint64 gas, uint64 cached);
        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
        error ProgramNotWasm();
        error ProgramNotActivated();
        error ProgramUpToDate();
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);
        error ProgramExpired(uint64 ageInSeconds);
    }
}

pub(crate) struct Rig {
    pub(crate) node: Node,
    pub(crate) client: DynProvider,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let node = spawn(config).await.unwrap();
        let signer: PrivateKeySigner = KEY.parse().unwrap();
        let client = ProviderBuilder::new()
            .wallet(EthereumWallet::from(signer))
            .connect_http(node.url().parse().unwrap())
            .erased();
        Self { node, client }
    }

    /// Sends a transaction from the dev account, whether or not it will succeed.
    pub(crate) async fn send(
        &self,
        to: TxKind,
        data: impl Into<Bytes>,
        value: u64,
    ) -> TransactionReceipt {
        let mut tx = TransactionRequest::default()
            .with_from(DEV)
            .with_input(data.into())
            .with_value(U256::from(value))
            .with_gas_limit(GAS);
        tx.to = Some(to);
        self.client
            .send_transaction(tx)
            .await
            .unwrap()
            .get_receipt()
            .await
            .unwrap()
    }

    /// Calls a contract in a transaction, which must succeed.
    pub(crate) async fn call(&self, to: Address, data: impl Into<Bytes>) -> TransactionReceipt {
        let receipt = self.send(to.into(), data, 0).await;
        assert!(receipt.status(), "{receipt:?}");
        receipt
    }

    /// As [`Self::call`], for after a revert: the node picks the nonce, which the client does not
    /// know to have gone back.
    pub(crate) async fn call_anew(&self, to: Address, data: impl Into<Bytes>) {
        let tx = serde_json::json!([{ "from": DEV, "to": to, "input": data.into() }]);
        self.rpc("eth_sendTransaction", tx).await;
    }

    /// The output of an `eth_call` from the dev account.
    pub(crate) async fn view(&self, to: Address, data: impl Into<Bytes>) -> Bytes {
        self.try_view(to, data).await.unwrap()
    }

    /// As [`Self::view`], or the error's message and data.
    pub(crate) async fn try_view(
        &self,
        to: Address,
        data: impl Into<Bytes>,
    ) -> Result<Bytes, (String, Bytes)> {
        let tx = TransactionRequest::default()
            .with_from(DEV)
            .with_to(to)
            .with_input(data.into());
        self.client.call(tx).await.map_err(|error| {
            let error = error.as_error_resp().expect("an answer").clone();
            let data = error.as_revert_data().unwrap_or_default();
            (error.message.into_owned(), data)
        })
    }

    pub(crate) async fn arb_wasm<C: SolCall>(&self, call: C) -> Result<C::Return, (String, Bytes)> {
        let output = self.try_view(ARB_WASM, call.abi_encode()).await?;
        Ok(C::abi_decode_returns(&output).unwrap())
    }

    pub(crate) async fn rpc(&self, method: &'static str, params: Value) -> Value {
        self.client
            .raw_request(method.into(), params)
            .await
            .unwrap()
    }

    /// The code and message of a failing request.
    pub(crate) async fn rpc_error(&self, method: &'static str, params: Value) -> (i64, String) {
        let result: Result<Value, _> = self.client.raw_request(method.into(), params).await;
        let error = result.unwrap_err();
        let error = error.as_error_resp().expect("an answer").clone();
        (error.code, error.message.into_owned())
    }

    /// The decoded result of a call from the dev account.
    pub(crate) async fn ask<C: SolCall>(&self, to: Address, call: C) -> C::Return {
        let output = self.view(to, call.abi_encode()).await;
        C::abi_decode_returns(&output).unwrap()
    }

    /// Whether a call from the dev account fails.
    pub(crate) async fn refuses<C: SolCall>(&self, to: Address, call: C) -> bool {
        self.try_view(to, call.abi_encode()).await.is_err()
    }

    /// A node whose dev account is a chain owner.
    pub(crate) async fn owner() -> Self {
        let rig = Self::new().await;
        rig.own().await;
        rig
    }

    /// Makes the dev account a chain owner.
    pub(crate) async fn own(&self) {
        self.call(ARB_DEBUG, becomeChainOwnerCall {}.abi_encode())
            .await;
    }

    /// Sends a call to ArbOwner, whose owner the dev account is.
    pub(crate) async fn set<C: SolCall>(&self, call: C) -> TransactionReceipt {
        self.call(ARB_OWNER, call.abi_encode()).await
    }

    /// Puts code on the chain with init code that returns it.
    pub(crate) async fn deploy(&self, code: &[u8]) -> Address {
        let receipt = self.send(TxKind::Create, init_code(code), 0).await;
        assert!(receipt.status(), "{receipt:?}");
        receipt.contract_address.unwrap()
    }

    /// Deploys a program and activates it, unless equal code is active.
    pub(crate) async fn program(&self, wat: &str) -> Address {
        let address = self.deploy(&compress(wat)).await;
        let version = ArbWasm::programVersionCall { program: address };
        if self.arb_wasm(version).await.is_ok() {
            return address;
        }
        let receipt = self.activate(address).await;
        assert!(receipt.status(), "activation failed: {receipt:?}");
        address
    }

    pub(crate) async fn activate(&self, address: Address) -> TransactionReceipt {
        let call = ArbWasm::activateProgramCall { program: address };
        self.send(ARB_WASM.into(), call.abi_encode(), FEE).await
    }

    pub(crate) async fn code_hash(&self, address: Address) -> B256 {
        alloy::primitives::keccak256(self.client.get_code_at(address).await.unwrap())
    }
}

/// The only event of a kind in a receipt.
pub(crate) fn event<E: SolEvent>(receipt: &TransactionReceipt) -> E {
    let mut events = receipt
        .inner
        .logs()
        .iter()
        .filter_map(|log| E::decode_log(&log.inner).ok());
    let event = events.next().expect("an event").data;
    assert!(events.next().is_none());
    event
}

/// A program as it lies on chain: prefix, dictionary byte, brotli stream.
pub(crate) fn compress(wat: &str) -> Vec<u8> {
    compress_wasm(&wat::parse_str(wat).unwrap())
}

/// As [`compress`], of a module.
pub(crate) fn compress_wasm(mut wasm: &[u8]) -> Vec<u8> {
    let mut code = vec![0xEF, 0xF0, 0x00, 0x00];
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut wasm, &mut code, &params).unwrap();
    code
}

/// cargo-stylus's init code: copies what follows its 43 bytes and returns it.
pub(crate) fn init_code(code: &[u8]) -> Vec<u8> {
    let mut init = vec![0x7f];
    init.extend(U256::from(code.len()).to_be_bytes::<32>());
    init.extend([0x80, 0x60, 0x2b, 0x60, 0x00, 0x39, 0x60, 0x00, 0xf3, 0x00]);
    init.extend(code);
    init
}

/// EVM code that calls the address in the first word of its input with the rest of it and with its
/// value, and passes on the result. `opcode` is the call's: `F1` or, for a delegate call, `F4`.
pub(crate) fn evm_proxy(opcode: u8) -> Vec<u8> {
    let mut code = vec![
        0x60, 0x20, 0x36, 0x03, // size = calldatasize - 32
        0x80, 0x60, 0x20, 0x60, 0x00, 0x37, // calldatacopy(0, 32, size)
        0x60, 0x00, 0x60, 0x00, 0x82, 0x60, 0x00, // no return area, size bytes from 0
    ];
    if opcode == 0xF1 {
        code.push(0x34);
    }
    code.extend([0x60, 0x00, 0x35, 0x5a, opcode]); // address, gas, call
    code.extend([0x3d, 0x60, 0x00, 0x60, 0x00, 0x3e]); // returndatacopy
    let end = code.len() as u8 + 3 + 4;
    code.extend([0x60, end, 0x57, 0x3d, 0x60, 0x00, 0xfd]); // revert unless success
    code.extend([0x5b, 0x3d, 0x60, 0x00, 0xf3]);
    code
}

/// Input of [`evm_proxy`].
pub(crate) fn via_evm(to: Address, data: &[u8]) -> Vec<u8> {
    [to.into_word().as_slice(), data].concat()
}

/// The program that calls what its input says; see `wat/proxy.wat`.
pub(crate) const PROXY: &str = include_str!("../wat/proxy.wat");

/// How [`PROXY`] calls.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Call = 0,
    Delegate = 1,
    Static = 2,
}

/// Input of [`PROXY`].
pub(crate) fn via_program(kind: Kind, to: Address, value: u64, data: &[u8]) -> Vec<u8> {
    [
        &[kind as u8],
        to.as_slice(),
        &U256::from(value).to_be_bytes::<32>(),
        data,
    ]
    .concat()
}
