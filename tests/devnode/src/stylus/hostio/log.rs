//! Logs.

use alloy_primitives::{B256, Bytes};

use super::Host;
use crate::stylus::{
    Request,
    host::HostError,
    pricing::{self, EVM_API, HOSTIO},
};

const TOPICS_MAX: u32 = 4;
/// {byte}
const TOPIC_LEN: u32 = 32;
/// {gas} The log itself, and each of its topics.
const LOG_GAS: u64 = 375;
/// {gas/byte}
const LOG_BYTE_GAS: u64 = 8;

/// Emits the `len` bytes at `ptr`: first the topics, then the data.
pub(super) async fn emit_log(
    host: &mut Host<'_>,
    ptr: u32,
    len: u32,
    topics: u32,
) -> Result<(), HostError> {
    host.buy_ink(HOSTIO + EVM_API)?;
    if topics > TOPICS_MAX || len < topics * TOPIC_LEN {
        return Err(HostError::Topics { topics, len });
    }
    host.buy_ink(pricing::read(len))?;
    let data_len = len - topics * TOPIC_LEN;
    host.buy_gas(LOG_GAS * (1 + u64::from(topics)) + LOG_BYTE_GAS * u64::from(data_len))?;
    let bytes = Bytes::copy_from_slice(host.read(ptr, len)?);
    let split = (topics * TOPIC_LEN) as usize;
    let request = Request::Log {
        topics: bytes[..split]
            .chunks_exact(TOPIC_LEN as usize)
            .map(B256::from_slice)
            .collect(),
        data: bytes.slice(split..),
    };
    host.ask_done(request).await?;
    host.record("emit_log", &[&topics.to_be_bytes(), &bytes], &[]);
    Ok(())
}
