//! What calls, events and errors mean.

use std::{collections::HashMap, fs, path::Path};

use alloy::{
    dyn_abi::{DynSolValue, EventExt, FunctionExt, JsonAbiExt},
    json_abi::{Error, Event, Function, JsonAbi},
};
use alloy_primitives::{Address, B256, Selector};
use eyre::{WrapErr, eyre};
use serde_json::Value;
use stylus_devnode::{
    arbos::genesis::CACHE_MANAGER,
    chain::genesis::{CREATE2_FACTORY, STYLUS_DEPLOYER},
};

/// What every tree can read: errors of Solidity, ERC-20, and Arbitrum's precompiles.
const BUILT_IN: [(&str, &[&str]); 10] = [
    (
        "",
        &["error Error(string reason)", "error Panic(uint256 code)"],
    ),
    (
        "ERC20",
        &[
            "function transfer(address to, uint256 value) returns (bool)",
            "function approve(address spender, uint256 value) returns (bool)",
            "function transferFrom(address from, address to, uint256 value) returns (bool)",
            "function balanceOf(address account) view returns (uint256)",
            "function allowance(address owner, address spender) view returns (uint256)",
            "function totalSupply() view returns (uint256)",
            "function decimals() view returns (uint8)",
            "function symbol() view returns (string)",
            "function name() view returns (string)",
            "event Transfer(address indexed from, address indexed to, uint256 value)",
            "event Approval(address indexed owner, address indexed spender, uint256 value)",
            "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
            "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
        ],
    ),
    (
        "ArbSys",
        &[
            "function arbBlockNumber() view returns (uint256)",
            "function arbBlockHash(uint256 number) view returns (bytes32)",
            "function arbChainID() view returns (uint256)",
            "function arbOSVersion() view returns (uint256)",
            "function withdrawEth(address destination) payable returns (uint256)",
            "function sendTxToL1(address destination, bytes data) payable returns (uint256)",
        ],
    ),
    (
        "ArbWasm",
        &[
            "function activateProgram(address program) payable returns (uint16 version, uint256 dataFee)",
            "function codehashKeepalive(bytes32 codehash) payable",
            "function programVersion(address program) view returns (uint16)",
            "function programInitGas(address program) view returns (uint64 gas, uint64 gasWhenCached)",
            "function programMemoryFootprint(address program) view returns (uint16)",
            "function programTimeLeft(address program) view returns (uint64)",
            "function codehashVersion(bytes32 codehash) view returns (uint16)",
            "function codehashAsmSize(bytes32 codehash) view returns (uint32)",
            "function stylusVersion() view returns (uint16)",
            "event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee)",
            "event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version)",
            "error ProgramNotWasm()",
            "error ProgramNotActivated()",
            "error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion)",
            "error ProgramExpired(uint64 ageInSeconds)",
            "error ProgramUpToDate()",
            "error ProgramKeepaliveTooSoon(uint64 ageInSeconds)",
            "error ProgramInsufficientValue(uint256 have, uint256 want)",
        ],
    ),
    (
        "ArbWasmCache",
        &[
            "function cacheProgram(address program)",
            "function cacheCodehash(bytes32 codehash)",
            "function isCacheManager(address manager) view returns (bool)",
            "function allCacheManagers() view returns (address[] managers)",
            "function evictCodehash(bytes32 codehash)",
            "function codehashIsCached(bytes32 codehash) view returns (bool)",
            "event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached)",
        ],
    ),
    (
        "ArbGasInfo",
        &[
            "function getMinimumGasPrice() view returns (uint256)",
            "function getL1BaseFeeEstimate() view returns (uint256)",
        ],
    ),
    ("ArbDebug", &["function becomeChainOwner()"]),
    (
        "ArbOwner",
        &[
            "function addChainOwner(address account)",
            "function removeChainOwner(address account)",
            "function isChainOwner(address account) view returns (bool)",
            "function addWasmCacheManager(address manager)",
            "function setL1PricePerUnit(uint256 price)",
            "function setL2BaseFee(uint256 price)",
            "event OwnerActs(bytes4 indexed method, address indexed owner, bytes data)",
        ],
    ),
    (
        "StylusDeployer",
        &[
            "function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) payable returns (address)",
            "event ContractDeployed(address deployedContract)",
        ],
    ),
    (
        "CacheManager",
        &[
            "function placeBid(address program) payable",
            "event InsertBid(bytes32 indexed codehash, address program, uint192 bid, uint64 size)",
        ],
    ),
];

/// What else stands at one address on every chain.
const USUAL: [(Address, &str); 3] = [
    (STYLUS_DEPLOYER, "StylusDeployer"),
    (CREATE2_FACTORY, "Create2Factory"),
    (CACHE_MANAGER, "CacheManager"),
];

/// Last bytes of the precompiles' addresses.
const PRECOMPILES: [(u8, &str); 10] = [
    (0x64, "ArbSys"),
    (0x65, "ArbInfo"),
    (0x66, "ArbAddressTable"),
    (0x6b, "ArbOwnerPublic"),
    (0x6c, "ArbGasInfo"),
    (0x6e, "ArbRetryableTx"),
    (0x70, "ArbOwner"),
    (0x71, "ArbWasm"),
    (0x72, "ArbWasmCache"),
    (0xff, "ArbDebug"),
];

/// Functions, events and errors by selector, and names of addresses.
#[derive(Debug, Default)]
pub(super) struct Abis {
    functions: HashMap<Selector, (String, Function)>,
    events: HashMap<B256, Event>,
    errors: HashMap<Selector, Error>,
    labels: HashMap<Address, String>,
}

/// A name and named values.
pub(super) type Decoded = (String, Vec<(String, DynSolValue)>);

impl Abis {
    pub(super) fn built_in() -> eyre::Result<Self> {
        let mut abis = Self::default();
        for (name, items) in BUILT_IN {
            abis.add(name, JsonAbi::parse(items.iter().copied())?);
        }
        let precompiles = PRECOMPILES.map(|(byte, name)| (Address::with_last_byte(byte), name));
        let named = precompiles.into_iter().chain(USUAL);
        abis.labels
            .extend(named.map(|(address, name)| (address, name.to_owned())));
        Ok(abis)
    }

    /// Reads a file, or all `.json` and `.abi` files of a folder.
    pub(super) fn read(&mut self, path: &Path) -> eyre::Result<()> {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                let file = entry?.path();
                let extension = file.extension().and_then(|extension| extension.to_str());
                if matches!(extension, Some("json" | "abi")) {
                    self.read(&file)
                        .wrap_err_with(|| file.display().to_string())?;
                }
            }
            return Ok(());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.split('.').next().unwrap_or_default();
        for abi in parse(&fs::read_to_string(path)?)? {
            self.add(name, abi);
        }
        Ok(())
    }

    /// What is added last wins.
    fn add(&mut self, name: &str, abi: JsonAbi) {
        for function in abi.functions.into_values().flatten() {
            self.functions
                .insert(function.selector(), (name.to_owned(), function));
        }
        let events = abi.events.into_values().flatten();
        self.events
            .extend(events.map(|event| (event.selector(), event)));
        let errors = abi.errors.into_values().flatten();
        self.errors
            .extend(errors.map(|error| (error.selector(), error)));
    }

    pub(super) fn label(&mut self, labels: &[(String, Address)]) {
        let labels = labels
            .iter()
            .map(|(name, address)| (*address, name.clone()));
        self.labels.extend(labels);
    }

    /// The address's own name.
    pub(super) fn name(&self, address: &Address) -> Option<&str> {
        self.labels.get(address).map(String::as_str)
    }

    /// The function that calldata selects, and the name of its ABI.
    pub(super) fn function(&self, input: &[u8]) -> Option<&(String, Function)> {
        self.functions.get(&selector(input)?)
    }

    pub(super) fn input(&self, input: &[u8]) -> Option<Decoded> {
        let (_, function) = self.function(input)?;
        let values = function.abi_decode_input(input.get(4..)?).ok()?;
        let names = function.inputs.iter().map(|input| input.name.clone());
        Some((function.name.clone(), names.zip(values).collect()))
    }

    pub(super) fn output(&self, input: &[u8], output: &[u8]) -> Option<Vec<DynSolValue>> {
        let (_, function) = self.function(input)?;
        function.abi_decode_output(output).ok()
    }

    pub(super) fn error(&self, output: &[u8]) -> Option<Decoded> {
        let error = self.errors.get(&selector(output)?)?;
        let values = error.abi_decode_input(output.get(4..)?).ok()?;
        let names = error.inputs.iter().map(|input| input.name.clone());
        Some((error.name.clone(), names.zip(values).collect()))
    }

    pub(super) fn event(&self, topics: &[B256], data: &[u8]) -> Option<Decoded> {
        let event = self.events.get(topics.first()?)?;
        let decoded = event.decode_log_parts(topics.iter().copied(), data).ok()?;
        let (mut indexed, mut body) = (decoded.indexed.into_iter(), decoded.body.into_iter());
        let values = event.inputs.iter().filter_map(|input| {
            let value = match input.indexed {
                true => indexed.next(),
                false => body.next(),
            };
            Some((input.name.clone(), value?))
        });
        Some((event.name.clone(), values.collect()))
    }
}

fn selector(data: &[u8]) -> Option<Selector> {
    data.get(..4).map(Selector::from_slice)
}

/// A plain ABI, an artifact with an `abi`, or text with ABIs on lines of their own.
fn parse(text: &str) -> eyre::Result<Vec<JsonAbi>> {
    let abi = |value: Value| match value {
        Value::Object(mut artifact) => artifact.remove("abi"),
        array @ Value::Array(_) => Some(array),
        _ => None,
    };
    let found: Vec<Value> = match serde_json::from_str(text) {
        Ok(value) => abi(value).into_iter().collect(),
        Err(_) => text
            .lines()
            .filter(|line| line.starts_with('['))
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
    };
    if found.is_empty() {
        return Err(eyre!("no ABI in it"));
    }
    let abis = found.into_iter().map(serde_json::from_value);
    Ok(abis.collect::<Result<_, _>>()?)
}
