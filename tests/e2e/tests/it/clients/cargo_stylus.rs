//! `cargo stylus` 0.10.10: what a Stylus author does from the first check to a cached program.

use std::path::PathBuf;

use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, B256, Bytes, U256, hex};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use eyre::{OptionExt, Result, ensure};
use gimbal_abi::arbitrum::{ARB_WASM, IArbWasm};
use gimbal_e2e::blank::{Blank, DEV_ACCOUNT, DEV_KEY, SUPPLY, Token, example, wasm_file};
use gimbal_e2e::tool::{Printed, Tool};

/// Arguments of the example's constructor, as an author types them.
const ARGUMENTS: [&str; 5] = [
    "--constructor-args",
    "Token",
    "TKN",
    "1000000",
    "0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E",
];

/// `cargo stylus` in the example's folder, or in one without a contract, where `--wasm-file` alone is looked at.
struct Author {
    chain: Blank,
    tool: Tool,
    key: PathBuf,
}

impl Author {
    async fn new() -> Result<Self> {
        let chain = Blank::start().await?;
        chain.file("Stylus.toml", "[workspace]\n[workspace.networks]\n")?;
        chain.file(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"empty\"]\n",
        )?;
        chain.file(
            "empty/Cargo.toml",
            "[package]\nname = \"empty\"\nedition = \"2024\"\n",
        )?;
        chain.file("empty/src/lib.rs", "")?;
        let key = chain.file("key.txt", DEV_KEY)?;
        let tool = Tool::cargo_stylus(chain.directory())?;
        Ok(Self { chain, tool, key })
    }

    fn in_project(&self) -> Tool {
        self.tool.clone().at(example())
    }

    /// The arguments, with the node's address.
    fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        all.extend(["--endpoint".into(), self.chain.url()]);
        all
    }

    /// The arguments, with the node's address and the dev account's key.
    fn signed(&self, arguments: &[&str]) -> Vec<String> {
        let mut all = self.arguments(arguments);
        all.extend(["--private-key-path".into(), self.key.display().to_string()]);
        all
    }

    async fn done(&self, tool: &Tool, arguments: &[String]) -> Result<String> {
        let Printed { out, err, success } = tool.run(arguments).await?;
        ensure!(success, "cargo stylus {arguments:?}: {out}\n{err}");
        Ok(format!("{out}\n{err}"))
    }

    async fn deploy_file(&self, more: &[&str]) -> Result<Address> {
        let file = wasm_file("example").display().to_string();
        let mut arguments = vec!["deploy", "--no-verify", "--wasm-file", file.as_str()];
        arguments.extend(more);
        address(&self.done(&self.tool, &self.signed(&arguments)).await?)
    }

    async fn deploy_project(&self, more: &[&str]) -> Result<Address> {
        let mut arguments = self.signed(&[&["deploy", "--no-verify"], more].concat());
        arguments.extend(ARGUMENTS.map(Into::into));
        address(&self.done(&self.in_project(), &arguments).await?)
    }

    async fn version(&self, program: Address) -> Result<u16> {
        let call = IArbWasm::programVersionCall { program };
        let request = TransactionRequest::default()
            .with_to(ARB_WASM)
            .with_input(call.abi_encode());
        Ok(IArbWasm::programVersionCall::abi_decode_returns(
            &self.chain.client.call(request).await?,
        )?)
    }
}

/// The word after `label` in what was printed.
fn after<'a>(printed: &'a str, label: &str) -> Result<&'a str> {
    printed
        .split_once(label)
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .ok_or_eyre(format!("no \"{label}\" in: {printed}"))
}

fn address(printed: &str) -> Result<Address> {
    Ok(after(printed, "deployed code at address: ")?.parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn check_accepts_a_program_and_quotes_its_size_and_data_fee() -> Result<()> {
    let author = Author::new().await?;
    let file = wasm_file("example").display().to_string();
    let check = author.arguments(&["check", "--wasm-file", &file]);
    let printed = author.done(&author.tool, &check).await?;
    let size: f64 = after(&printed, "contract size: ")?.parse()?;
    assert!(size > 10.0 && size < 24.0, "{printed}");
    let fee: f64 = after(&printed, "wasm data fee: ")?.parse()?;
    assert!(fee > 0.0 && fee < 0.01, "{printed}");

    let printed = author
        .done(&author.in_project(), &author.arguments(&["check"]))
        .await?;
    assert!(printed.contains("project metadata hash"), "{printed}");
    assert!(printed.contains("wasm data fee: "), "{printed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn check_rejects_a_program_and_says_why() -> Result<()> {
    let author = Author::new().await?;
    let memory = r#"(memory (export "memory") 1)"#;
    let grow = r#"(import "vm_hooks" "pay_for_memory_grow" (func (param i32)))"#;
    let entry = |body: &str| {
        format!(
            r#"(func (export "user_entrypoint") (param i32) (result i32) {body} (i32.const 0))"#
        )
    };
    let float = entry("(drop (f32.add (f32.const 1) (f32.const 2)))");
    let rejected = [
        (
            "float",
            format!("(module {grow} {memory} {float})"),
            "F32Add",
        ),
        (
            "import",
            format!(
                r#"(module (import "vm_hooks" "teleport" (func)) {grow} {memory} {})"#,
                entry("")
            ),
            "teleport",
        ),
        (
            "entry",
            format!("(module {grow} {memory})"),
            "user_entrypoint",
        ),
        ("memory", format!("(module {grow} {})", entry("")), "memory"),
    ];
    for (name, text, reason) in rejected {
        let file = author
            .chain
            .file(&format!("{name}.wasm"), wat::parse_str(text)?)?;
        let file = file.display().to_string();
        let check = author.arguments(&["check", "--wasm-file", &file]);
        let complaint = author.tool.refused(&check).await?;
        assert!(complaint.contains(reason), "{name}: {complaint}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_creates_and_activates_a_file() -> Result<()> {
    let author = Author::new().await?;
    let estimate = author.signed(&[
        "deploy",
        "--no-verify",
        "--estimate-gas",
        "--wasm-file",
        &wasm_file("example").display().to_string(),
    ]);
    author.done(&author.tool, &estimate).await?;
    assert_eq!(
        author.chain.client.get_block_number().await?,
        0,
        "an estimate sends nothing"
    );

    let program = author.deploy_file(&[]).await?;
    assert!(author.version(program).await? > 0);
    let token = Token::new(program, author.chain.client.clone());
    assert_eq!(
        token.totalSupply().call().await?,
        U256::ZERO,
        "no constructor ran"
    );

    // The same code is active already: the second deployment pays no data fee and sends one transaction.
    let before = author.chain.client.get_block_number().await?;
    let second = author.deploy_file(&[]).await?;
    assert_ne!(second, program);
    assert_eq!(author.chain.client.get_block_number().await?, before + 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_activated_and_cached_in_steps_of_their_own() -> Result<()> {
    let author = Author::new().await?;
    let program = author.deploy_file(&["--no-activate"]).await?;
    assert!(author.version(program).await.is_err(), "not active yet");
    let at = program.to_string();
    let activate = author.signed(&["activate", "--address", &at]);
    let printed = author.done(&author.tool, &activate).await?;
    assert!(
        printed.contains("successfully activated contract"),
        "{printed}"
    );
    assert!(author.version(program).await? > 0);

    let bid = author
        .done(
            &author.tool,
            &author.arguments(&["cache", "suggest-bid", &at]),
        )
        .await?;
    assert!(bid.contains("Minimum bid for contract"), "{bid}");
    let status = author.arguments(&["cache", "status", "--address", &at]);
    let printed = author.done(&author.tool, &status).await?;
    assert!(printed.contains("is not yet cached"), "{printed}");
    author
        .done(&author.tool, &author.signed(&["cache", "bid", &at, "0"]))
        .await?;
    let printed = author.done(&author.tool, &status).await?;
    assert!(printed.contains("is cached"), "{printed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_runs_a_payable_constructor_through_the_deployer() -> Result<()> {
    let author = Author::new().await?;
    let program = author
        .deploy_project(&["--constructor-value", "0.5"])
        .await?;
    let client = &author.chain.client;
    let token = Token::new(program, client.clone());
    assert_eq!(token.name().call().await?, "Token");
    assert_eq!(token.issuer().call().await?, DEV_ACCOUNT);
    assert_eq!(
        token.balanceOf(DEV_ACCOUNT).call().await?,
        U256::from(SUPPLY)
    );
    assert_eq!(
        client.get_balance(program).await?,
        U256::from(500_000_000_000_000_000u64)
    );

    let salt = B256::with_last_byte(1).to_string();
    let second = author.deploy_project(&["--deployer-salt", &salt]).await?;
    assert_ne!(second, program);
    assert_eq!(
        Token::new(second, client.clone())
            .totalSupply()
            .call()
            .await?,
        U256::from(SUPPLY)
    );

    // The constructor's own refusal: nobody as the issuer.
    let salt = B256::with_last_byte(2).to_string();
    let mut nobody = author.signed(&["deploy", "--no-verify", "--deployer-salt", &salt]);
    nobody.extend(ARGUMENTS[..4].iter().map(ToString::to_string));
    nobody.push(Address::ZERO.to_string());
    let complaint = author.in_project().refused(&nobody).await?;
    let error = hex::encode(<Token::ERC20InvalidReceiver as alloy::sol_types::SolError>::SELECTOR);
    assert!(complaint.contains(&error), "{complaint}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_signs_with_a_keystore() -> Result<()> {
    let author = Author::new().await?;
    let cast = Tool::foundry("cast", author.chain.directory())?;
    let import = "wallet import dev --keystore-dir . --unsafe-password password --private-key";
    let mut import: Vec<&str> = import.split(' ').collect();
    import.push(DEV_KEY);
    cast.done(&import).await?;
    author.chain.file("password.txt", "password")?;
    let file = wasm_file("example").display().to_string();
    let deploy = author.arguments(&[
        "deploy",
        "--no-verify",
        "--wasm-file",
        &file,
        "--keystore-path",
        "dev",
        "--keystore-password-path",
        "password.txt",
    ]);
    let program = address(&author.done(&author.tool, &deploy).await?)?;
    assert!(author.version(program).await? > 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn init_code_and_interface_of_the_project_are_those_of_the_deployed_program() -> Result<()> {
    let author = Author::new().await?;
    author
        .done(
            &author.in_project(),
            &[
                "get-initcode".into(),
                "--output".into(),
                author
                    .chain
                    .directory()
                    .join("init.hex")
                    .display()
                    .to_string(),
            ],
        )
        .await?;
    let init = std::fs::read_to_string(author.chain.directory().join("init.hex"))?;
    let init: Bytes = hex::decode(init.trim())?.into();
    let request = TransactionRequest::default().with_deploy_code(init);
    let receipt = author
        .chain
        .client
        .send_transaction(request)
        .await?
        .get_receipt()
        .await?;
    let created = receipt.contract_address.ok_or_eyre("no contract")?;
    let deployed = author.deploy_project(&[]).await?;
    let client = &author.chain.client;
    assert_eq!(
        client.get_code_at(created).await?,
        client.get_code_at(deployed).await?
    );

    let interface = author.in_project().done(&["export-abi"]).await?;
    for function in [
        "function transferAndCall(",
        "function assertHolds(",
        "error TextTooLong(",
    ] {
        assert!(interface.contains(function), "{interface}");
    }
    let constructor = author.in_project().done(&["constructor"]).await?;
    assert!(
        constructor.contains(
            "constructor(string calldata name, string calldata symbol, uint256 supply, address issuer) payable"
        ),
        "{constructor}"
    );
    Ok(())
}
