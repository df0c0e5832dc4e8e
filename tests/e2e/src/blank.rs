//! A chain with nothing on it, as a Stylus author starts one, and the devnode's example contract for it.

use std::path::{Path, PathBuf};

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol;
use alloy::sol_types::{SolCall, SolEvent, SolValue};
use eyre::{Context, OptionExt, Result, ensure};
use gimbal_abi::arbitrum::{IStylusDeployer, STYLUS_DEPLOYER, stylus_constructorCall};
use gimbal_keeper::deploy::{Program, init_code};
use gimbal_scripts::artifact::{Artifacts, workspace_root};
use stylus_devnode::{Config, Node};
use tempfile::TempDir;

pub use gimbal_scripts::chain::DEV_KEY;
pub use stylus_devnode::DEV_ACCOUNT;

sol! {
    /// The example, `tests/devnode/example`.
    #[derive(Debug)]
    #[sol(rpc)]
    interface Token {
        event Approval(address indexed owner, address indexed spender, uint256 value);
        event Transfer(address indexed from, address indexed to, uint256 value);
        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
        error ERC20InvalidReceiver(address receiver);
        function name() external view returns (string);
        function issuer() external view returns (address);
        function totalSupply() external view returns (uint256);
        function balanceOf(address account) external view returns (uint256);
        function transfer(address to, uint256 value) external returns (bool);
        function transferAndCall(address to, uint256 value, bytes data) external returns (bool);
        function assertHolds(address account, uint256 value) external view;
    }
}

/// {unit} Supply of the example where [`Blank::token`] creates it, all of it the dev account's.
pub const SUPPLY: u64 = 1_000_000;

/// {wei} More than any activation costs here.
const FEE: u64 = 1_000_000_000_000_000_000;

/// A node at its genesis, a directory, and a client that signs as Nitro's development account.
#[derive(Debug)]
pub struct Blank {
    node: Node,
    directory: TempDir,
    /// Signs as [`DEV_ACCOUNT`] and fills in nonces.
    pub client: DynProvider,
}

impl Blank {
    /// Starts a node.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub async fn start() -> Result<Self> {
        let node = stylus_devnode::spawn(Config::default())
            .await
            .wrap_err("starting the devnode")?;
        let signer: PrivateKeySigner = DEV_KEY.parse()?;
        let client = ProviderBuilder::new()
            .wallet(EthereumWallet::new(signer))
            .connect_http(node.url().parse()?)
            .erased();
        Ok(Self {
            node,
            directory: tempfile::tempdir()?,
            client,
        })
    }

    /// The node's HTTP address.
    #[must_use]
    pub fn url(&self) -> String {
        self.node.url()
    }

    /// The node's WebSocket address.
    #[must_use]
    pub fn ws_url(&self) -> String {
        self.node.url().replacen("http", "ws", 1)
    }

    /// A directory that lives as long as the chain.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a file into [`Blank::directory`] and returns its path.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.directory().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// Sends as the dev account and insists on success.
    ///
    /// # Errors
    ///
    /// If the transaction is refused or fails.
    pub async fn send(&self, to: Address, data: Bytes, value: u64) -> Result<TransactionReceipt> {
        let request = TransactionRequest::default()
            .with_to(to)
            .with_input(data)
            .with_value(U256::from(value));
        let receipt = self
            .client
            .send_transaction(request)
            .await?
            .get_receipt()
            .await?;
        ensure!(
            receipt.status(),
            "transaction {} failed",
            receipt.transaction_hash
        );
        Ok(receipt)
    }

    /// Creates `CONTRACT.sol` of the example's Solidity side with encoded constructor arguments.
    ///
    /// # Errors
    ///
    /// If `./scripts/setup` has not compiled it, or the chain refuses it.
    pub async fn create(&self, contract: &str, arguments: &[u8]) -> Result<Address> {
        let code = Artifacts::default().example(contract)?;
        let init = [&code[..], arguments].concat();
        let request = TransactionRequest::default().with_deploy_code(init);
        let receipt = self
            .client
            .send_transaction(request)
            .await?
            .get_receipt()
            .await?;
        ensure!(receipt.status(), "{contract} was not created");
        receipt.contract_address.ok_or_eyre("no contract address")
    }

    /// Creates, activates and constructs the example through StylusDeployer, and returns a client of it.
    ///
    /// # Errors
    ///
    /// If `./scripts/setup` has not built it, or the chain refuses it.
    pub async fn token(&self) -> Result<Token::TokenInstance<DynProvider>> {
        let program = Program::from_wasm("example", &Artifacts::default().wasm("example")?)?;
        let arguments = ("Token", "TKN", U256::from(SUPPLY), DEV_ACCOUNT).abi_encode_params();
        let deploy = IStylusDeployer::deployCall {
            bytecode: init_code(&program.code),
            initData: [&stylus_constructorCall::SELECTOR[..], &arguments]
                .concat()
                .into(),
            initValue: U256::ZERO,
            salt: B256::ZERO,
        };
        let receipt = self
            .send(STYLUS_DEPLOYER, deploy.abi_encode().into(), FEE)
            .await?;
        let created = receipt
            .logs()
            .iter()
            .find_map(|log| IStylusDeployer::ContractDeployed::decode_log_data(log.data()).ok())
            .ok_or_eyre("no ContractDeployed")?;
        Ok(Token::new(created.deployedContract, self.client.clone()))
    }
}

/// The example's project folder.
#[must_use]
pub fn example() -> PathBuf {
    workspace_root().join("tests/devnode/example")
}

/// Path of `NAME.wasm` as set-up built it.
#[must_use]
pub fn wasm_file(name: &str) -> PathBuf {
    Artifacts::default().built().join(format!("{name}.wasm"))
}
