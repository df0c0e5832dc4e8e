//! Positional arguments of a method.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::U256;
use jsonrpsee::types::{ErrorObjectOwned, Params, params::ParamsSequence};
use serde::{Deserialize, de::DeserializeOwned};

use super::error::RpcError;

/// Takes arguments one by one.
#[derive(Debug)]
pub struct Args<'a> {
    sequence: ParamsSequence<'a>,
}

impl<'a> Args<'a> {
    /// The arguments of a request.
    pub fn new(params: &'a Params<'a>) -> Self {
        Self {
            sequence: params.sequence(),
        }
    }

    /// The next argument, which must be there.
    pub fn required<T: DeserializeOwned>(&mut self) -> Result<T, RpcError> {
        self.sequence.next().map_err(arguments)
    }

    /// The next argument, which may be missing or null.
    pub fn optional<T: DeserializeOwned>(&mut self) -> Result<Option<T>, RpcError> {
        self.sequence.optional_next().map_err(arguments)
    }

    /// An optional block id that defaults to the last block.
    pub fn block(&mut self) -> Result<BlockId, RpcError> {
        Ok(self
            .optional()?
            .unwrap_or(BlockId::Number(BlockNumberOrTag::Latest)))
    }

    /// A number written as hex, as decimal text or as a JSON number.
    pub fn number(&mut self) -> Result<u64, RpcError> {
        self.required::<Number>()?.into_u64()
    }

    /// As [`Self::number`], or a default.
    pub fn number_or(&mut self, default: u64) -> Result<u64, RpcError> {
        match self.optional::<Number>()? {
            Some(number) => number.into_u64(),
            None => Ok(default),
        }
    }
}

impl Args<'_> {
    /// As [`Self::number`], if it is there.
    pub fn optional_number(&mut self) -> Result<Option<u64>, RpcError> {
        self.optional::<Number>()?.map(Number::into_u64).transpose()
    }
}

/// Arguments of another form. jsonrpsee has the reason as data, which many clients do not show.
pub(super) fn arguments(error: ErrorObjectOwned) -> RpcError {
    let reason = error
        .data()
        .and_then(|data| serde_json::from_str::<String>(data.get()).ok());
    RpcError::Arguments(match reason.as_deref() {
        None => error.message().to_owned(),
        Some("No more params") => "too few of them".into(),
        Some(reason) => reason.to_owned(),
    })
}

/// A number in any of the forms that clients write.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Json(u64),
    Text(U256),
}

impl Number {
    pub(super) fn into_u64(self) -> Result<u64, RpcError> {
        match self {
            Self::Json(number) => Ok(number),
            Self::Text(number) => u64::try_from(number)
                .map_err(|_| RpcError::BadArguments(format!("{number} is too large"))),
        }
    }
}
