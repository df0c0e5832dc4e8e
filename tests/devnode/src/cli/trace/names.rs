//! Names of functions from a local build of a program that was deployed without them.

use std::{fs, path::PathBuf};

use alloy::providers::Provider;
use alloy_primitives::{Address, Bytes};
use eyre::{WrapErr, eyre};
use serde_json::{Map, Value, json};
use stylus_devnode::stylus::{
    ArbosVersion,
    code::{self, Code},
    names::Names,
};

/// A program and its build.
pub(super) type Build = (Address, PathBuf);

/// Reads `ADDRESS=FILE`.
pub(super) fn build(text: &str) -> Result<Build, String> {
    let (address, file) = text.split_once('=').ok_or("not ADDRESS=FILE")?;
    let address = address
        .parse()
        .map_err(|error| format!("'{address}': {error}"))?;
    Ok((address, file.into()))
}

/// The names as `tracerConfig` takes them. Each build is compared with the code that lies on the chain.
///
/// # Errors
/// A file that is no build of the program, or names nothing; a node that cannot be asked.
pub(super) async fn names(client: &impl Provider, builds: &[Build]) -> eyre::Result<Value> {
    let mut names = Map::new();
    for (address, file) in builds {
        let name = file.display();
        let bytes = fs::read(file).wrap_err_with(|| name.to_string())?;
        let wasm = wat::parse_bytes(&bytes).wrap_err_with(|| name.to_string())?;
        let deployed = deployed(client, *address)
            .await
            .wrap_err_with(|| address.to_string())?;
        let of_build = Names::of(&wasm, &deployed)
            .wrap_err_with(|| format!("{name} names no functions of {address}"))?;
        names.insert(address.to_string(), json!(of_build.section()));
    }
    Ok(Value::Object(names))
}

/// The program at an address, decompressed.
async fn deployed(client: &impl Provider, address: Address) -> eyre::Result<Vec<u8>> {
    let code = client.get_code_at(address).await?;
    if code.is_empty() {
        return Err(eyre!("no code"));
    }
    let arbos = ArbosVersion::LATEST;
    Ok(match code::parse(&code, arbos)? {
        Code::Classic {
            dictionary,
            compressed,
        } => code::decompress(compressed, dictionary, code::WASM_LEN_MAX)?,
        Code::Root {
            dictionary,
            wasm_len,
            fragments,
        } => {
            let mut codes: Vec<Bytes> = Vec::with_capacity(fragments.len());
            for fragment in &fragments {
                codes.push(client.get_code_at(*fragment).await?);
            }
            let compressed = code::join(&fragments, &codes, arbos)?;
            code::decompress_root(&compressed, dictionary, wasm_len)?
        }
        Code::Fragment { .. } => return Err(eyre!("a fragment of a program")),
    })
}
