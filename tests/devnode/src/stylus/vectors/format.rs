//! The JSON form of vectors.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes, U256, hex};
use serde::{Deserialize, Deserializer, de::Error};

/// Words by slot.
pub(super) type Words = BTreeMap<B256, B256>;

/// A program and what shall come of it.
#[derive(Debug, Deserialize)]
pub(super) struct Vector {
    #[serde(default, deserialize_with = "optional_bytes")]
    wasm_hex: Option<Bytes>,
    wasm_file: Option<String>,
    #[serde(deserialize_with = "bytes")]
    pub(super) calldata: Bytes,
    #[serde(default)]
    pub(super) mock: Settings,
    /// Which rule of Stylus version 3 the program meets.
    pub(super) v3_differs: Option<String>,
    pub(super) expected: Expected,
    /// Fields beyond these and those that inform the reader.
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// Where a vector's program is.
pub(super) enum Wasm<'a> {
    Bytes(&'a [u8]),
    /// A path relative to the vector's file.
    File(&'a str),
}

/// Settings of the mock that differ from its defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) msg_value: Option<U256>,
    #[serde(default)]
    pub(super) reentrant: u32,
    #[serde(default, rename = "static")]
    pub(super) is_static: bool,
    #[serde(default, deserialize_with = "words")]
    pub(super) storage: Words,
    #[serde(default, deserialize_with = "words")]
    pub(super) transient: Words,
    pub(super) page_limit: Option<u16>,
    #[serde(default)]
    pub(super) pages_open_before: u16,
    pub(super) pages_ever_before: Option<u16>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Expected {
    pub(super) activation: ExpectedActivation,
    run: Option<ExpectedRun>,
    #[serde(default)]
    more_runs: Vec<ExpectedRun>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ExpectedActivation {
    pub(super) ok: bool,
    pub(super) error_class: Option<String>,
    pub(super) init_cost: Option<u16>,
    pub(super) cached_cost: Option<u16>,
    pub(super) asm_estimate: Option<u32>,
    pub(super) footprint: Option<u16>,
    pub(super) activation_gas: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedRun {
    pub(super) kind: String,
    pub(super) ink_in: u64,
    pub(super) ink_used: u64,
    pub(super) gas_left: u64,
    #[serde(default, deserialize_with = "optional_bytes")]
    pub(super) output: Option<Bytes>,
    pub(super) output_len: Option<usize>,
    #[serde(default, deserialize_with = "optional_word")]
    pub(super) output_keccak256: Option<B256>,
    #[serde(default, deserialize_with = "optional_words")]
    pub(super) storage: Option<Words>,
    #[serde(default, deserialize_with = "optional_words")]
    pub(super) transient: Option<Words>,
    #[serde(default)]
    pub(super) logs: Vec<ExpectedLog>,
    #[serde(default)]
    pub(super) creates: usize,
    pub(super) pages_open: Option<u16>,
    pub(super) pages_ever: Option<u16>,
    pub(super) footprint_gas: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedLog {
    #[serde(deserialize_with = "word_list")]
    pub(super) topics: Vec<B256>,
    #[serde(default, deserialize_with = "optional_bytes")]
    pub(super) data: Option<Bytes>,
    pub(super) data_len: Option<usize>,
    #[serde(default, deserialize_with = "optional_word")]
    pub(super) data_keccak256: Option<B256>,
}

/// Fields that only inform the reader.
const INFORMATIVE: [&str; 4] = ["group", "name", "note", "wat"];

impl Vector {
    /// Names of fields that mean nothing here.
    pub(super) fn unknown_fields(&self) -> impl Iterator<Item = &str> {
        let names = self.rest.keys().map(String::as_str);
        names.filter(|name| !INFORMATIVE.contains(name))
    }

    pub(super) fn wasm(&self) -> Option<Wasm<'_>> {
        match (&self.wasm_hex, &self.wasm_file) {
            (Some(bytes), _) => Some(Wasm::Bytes(bytes)),
            (None, Some(file)) => Some(Wasm::File(file)),
            (None, None) => None,
        }
    }
}

impl Expected {
    /// The main run and the further ones.
    pub(super) fn runs(&self) -> impl Iterator<Item = &ExpectedRun> {
        self.run.iter().chain(&self.more_runs)
    }
}

fn parse_bytes<E: Error>(text: &str) -> Result<Bytes, E> {
    hex::decode(text).map(Bytes::from).map_err(E::custom)
}

/// Short hex is padded on the left.
fn parse_word<E: Error>(text: &str) -> Result<B256, E> {
    let bytes = hex::decode(text).map_err(E::custom)?;
    match bytes.len() > 32 {
        true => Err(E::custom("more than 32 bytes")),
        false => Ok(B256::left_padding_from(&bytes)),
    }
}

fn parse_words<E: Error>(map: &BTreeMap<String, String>) -> Result<Words, E> {
    map.iter()
        .map(|(key, value)| Ok((parse_word(key)?, parse_word(value)?)))
        .collect()
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
    parse_bytes(&String::deserialize(from)?)
}

fn optional_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Bytes>, D::Error> {
    Option::<String>::deserialize(from)?
        .as_deref()
        .map(parse_bytes)
        .transpose()
}

fn optional_word<'de, D: Deserializer<'de>>(from: D) -> Result<Option<B256>, D::Error> {
    Option::<String>::deserialize(from)?
        .as_deref()
        .map(parse_word)
        .transpose()
}

fn word_list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<B256>, D::Error> {
    Vec::<String>::deserialize(from)?
        .iter()
        .map(|text| parse_word(text))
        .collect()
}

fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Words, D::Error> {
    parse_words(&BTreeMap::deserialize(from)?)
}

fn optional_words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Words>, D::Error> {
    Option::<BTreeMap<_, _>>::deserialize(from)?
        .as_ref()
        .map(parse_words)
        .transpose()
}
