//! `cargo stylus` 0.10.10: what a Stylus author does from the first check to a cached program and its trace.

mod check;
mod deploy;
mod trace;

use std::path::PathBuf;

use alloy::network::TransactionBuilder;
use alloy::primitives::Address;
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use eyre::{OptionExt, Result, ensure};
use gimbal_abi::arbitrum::{ARB_WASM, IArbWasm};
use gimbal_e2e::blank::{Blank, DEV_KEY, example, wasm_file};
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
