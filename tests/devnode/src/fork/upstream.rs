//! The upstream as a chain: its id, its blocks, and whatever else it is asked word for word.

use alloy_primitives::{B256, U64};
use serde_json::{Value, json};

use super::{
    client::{Call, Client, Failure, Stop},
    head::Head,
    settings::Settings,
};
use crate::errands::error::{Reason, StateError};

/// The chain that is forked.
#[derive(Debug)]
pub struct Upstream {
    client: Client,
    settings: Settings,
    chain_id: u64,
}

impl Upstream {
    /// Connects to the upstream, whose chain id must be the expected one.
    pub(super) fn connect(settings: Settings, stop: Stop) -> Result<Self, StateError> {
        let mut upstream = Self::offline(settings, stop, 0)?;
        let have = upstream.ask_chain_id()?;
        match upstream.settings.upstream_chain_id {
            Some(want) if want != have => {
                let reason = Reason::ChainId { have, want };
                Err(upstream.client.error("the chain id", reason))
            }
            _ => {
                upstream.chain_id = have;
                Ok(upstream)
            }
        }
    }

    /// An upstream that has not been asked anything.
    pub(super) fn offline(
        settings: Settings,
        stop: Stop,
        chain_id: u64,
    ) -> Result<Self, StateError> {
        Ok(Self {
            client: Client::new(&settings, stop)?,
            settings,
            chain_id,
        })
    }

    /// How it is asked.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    fn ask_chain_id(&self) -> Result<u64, StateError> {
        let what = "the chain id";
        let id = self.client.read_one(("eth_chainId", json!([])));
        let id = id.map_err(|failure| self.plain(what, failure))?;
        let id: U64 = self.parse(what, id)?;
        Ok(id.to())
    }

    /// The block that a fork begins with.
    pub(super) fn first(&self) -> Result<Head, StateError> {
        let tag = match self.settings.block_number {
            Some(number) => json!(U64::from(number)),
            None => json!("latest"),
        };
        let what = match self.settings.block_number {
            Some(number) => format!("block {number} to fork"),
            None => "the last block".into(),
        };
        let block = self
            .client
            .read_one(("eth_getBlockByNumber", json!([tag, false])));
        match block {
            Ok(Value::Null) | Err(Failure::NoBlock | Failure::Pruned) => {
                Err(self.client.error(what, Reason::NoBlock))
            }
            Ok(block) => {
                let head = self.head(&what, &block)?;
                let number = self.settings.block_number;
                self.check_number(&what, number.unwrap_or(head.header.number), &head)?;
                Ok(head)
            }
            Err(failure) => Err(self.plain(&what, failure)),
        }
    }

    pub(super) fn head(&self, what: &str, block: &Value) -> Result<Head, StateError> {
        Head::parse(block).map_err(|error| self.client.error(what, Reason::Answer(error)))
    }

    /// Refuses a block that has another number than the one asked for.
    pub(super) fn check_number(
        &self,
        what: &str,
        want: u64,
        head: &Head,
    ) -> Result<(), StateError> {
        let have = head.header.number;
        if have == want {
            return Ok(());
        }
        let have = format!("block {have}");
        Err(self.client.error(what, Reason::Mistaken { have }))
    }

    /// The result of a call, if the upstream still has the forked block: what it says of another
    /// chain's blocks is not of interest.
    pub(super) fn ask(&self, fork: &Head, what: &str, call: Call) -> Result<Value, StateError> {
        let anchor = ("eth_getBlockTransactionCountByHash", json!([fork.hash]));
        let results = self.client.read(vec![anchor, call]);
        let mut results = results
            .map_err(|failure| self.failed(fork, what, failure))?
            .into_iter();
        match (results.next(), results.next()) {
            (Some(anchor), Some(result)) if !anchor.is_null() => Ok(result),
            _ => Err(self.failed(fork, what, Failure::NoBlock)),
        }
    }

    /// The error of a failed read at a block.
    pub(super) fn failed(&self, head: &Head, what: &str, failure: Failure) -> StateError {
        let (block, hash) = (head.header.number, head.hash);
        let mut gone = Reason::Reorganised { block, hash };
        if matches!(failure, Failure::NoBlock)
            && let Ok(have) = self.ask_chain_id()
            && have != self.chain_id
        {
            let want = self.chain_id;
            gone = Reason::ChainId { have, want };
        }
        self.client.error(what, failure.reason(block, gone))
    }

    fn plain(&self, what: &str, failure: Failure) -> StateError {
        let block = self.settings.block_number.unwrap_or_default();
        let gone = Reason::Reorganised {
            block,
            hash: B256::ZERO,
        };
        self.client.error(what, failure.reason(block, gone))
    }

    pub(super) fn parse<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        value: Value,
    ) -> Result<T, StateError> {
        serde_json::from_value(value)
            .map_err(|error| self.client.error(what, Reason::Answer(error.to_string())))
    }
}
