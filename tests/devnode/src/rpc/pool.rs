//! The pool: `txpool_*`, and taking transactions out of it.

use std::collections::BTreeMap;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, U64};
use alloy_rpc_types_eth::Transaction;
use jsonrpsee::server::RegisterMethodError;
use serde::Serialize;

use super::{args::Args, error::RpcError, format, methods::Methods};
use crate::chain::{Chain, pool::Pooled};

/// {byte} Most that the transactions in an answer take.
const CONTENT_MAX: usize = 64 << 20;

/// What could be mined now, and what waits for an earlier nonce.
#[derive(Debug, Serialize)]
struct Parts<T> {
    pending: T,
    queued: T,
}

/// By sender, then by nonce in decimal digits.
type Listing<T> = Parts<BTreeMap<Address, BTreeMap<String, T>>>;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.read(&["txpool_status"], status)?;
    methods.read(&["txpool_content"], |chain, _| {
        content(chain, chain.pool.senders())
    })?;
    methods.read(&["txpool_inspect"], |chain, _| {
        list(chain, chain.pool.senders(), summary)
    })?;
    methods.read(&["txpool_contentFrom"], content_from)?;
    methods.write(&["anvil_dropTransaction"], |chain, args| {
        let hash: B256 = args.required()?;
        Ok(chain.drop_transaction(&hash).then_some(hash))
    })?;
    methods.write(&["hardhat_dropTransaction"], |chain, args| {
        Ok(chain.drop_transaction(&args.required()?))
    })?;
    methods.write(
        &["anvil_dropAllTransactions", "hardhat_dropAllTransactions"],
        |chain, _| {
            chain.pool.drop_all();
            Ok(())
        },
    )?;
    methods.write(&["anvil_removePoolTransactions"], |chain, args| {
        chain.pool.drop_sender(&args.required()?);
        Ok(())
    })
}

fn status(chain: &Chain, _: &mut Args<'_>) -> Result<Parts<U64>, RpcError> {
    let parts = list(chain, chain.pool.senders(), |_| ())?;
    let count = |part: BTreeMap<_, BTreeMap<_, ()>>| part.values().map(BTreeMap::len).sum();
    let (pending, queued): (usize, usize) = (count(parts.pending), count(parts.queued));
    Ok(Parts {
        pending: U64::from(pending),
        queued: U64::from(queued),
    })
}

fn content_from(
    chain: &Chain,
    args: &mut Args<'_>,
) -> Result<Parts<BTreeMap<String, Transaction>>, RpcError> {
    let address: Address = args.required()?;
    let mut parts = content(chain, vec![address])?;
    Ok(Parts {
        pending: parts.pending.remove(&address).unwrap_or_default(),
        queued: parts.queued.remove(&address).unwrap_or_default(),
    })
}

/// Whole transactions.
fn content(chain: &Chain, senders: Vec<Address>) -> Result<Listing<Transaction>, RpcError> {
    check_size(
        chain,
        &senders,
        "ask for one sender's, or with txpool_inspect",
    )?;
    list(chain, senders, format::waiting)
}

/// Whether an answer holds all that waits.
///
/// # Errors
/// [`RpcError::TooLarge`], with what to do `instead`.
pub(super) fn check_content(chain: &Chain, instead: &'static str) -> Result<(), RpcError> {
    check_size(chain, &chain.pool.senders(), instead)
}

fn check_size(chain: &Chain, senders: &[Address], instead: &'static str) -> Result<(), RpcError> {
    let pooled = senders.iter().flat_map(|sender| chain.pool.of(sender));
    let have: usize = pooled.map(Pooled::bytes).sum();
    match have > CONTENT_MAX {
        true => Err(RpcError::TooLarge {
            what: "transactions of the pool",
            have,
            want: CONTENT_MAX,
            instead,
        }),
        false => Ok(()),
    }
}

fn list<T>(
    chain: &Chain,
    senders: Vec<Address>,
    show: impl Fn(&Pooled) -> T,
) -> Result<Listing<T>, RpcError> {
    let mut parts = Parts {
        pending: BTreeMap::new(),
        queued: BTreeMap::new(),
    };
    for sender in senders {
        let next = chain.pending_nonce(&sender)?;
        for pooled in chain.pool.of(&sender) {
            let nonce = pooled.tx.nonce();
            let part: &mut BTreeMap<_, BTreeMap<_, _>> = match nonce < next {
                true => &mut parts.pending,
                false => &mut parts.queued,
            };
            part.entry(sender)
                .or_default()
                .insert(nonce.to_string(), show(pooled));
        }
    }
    Ok(parts)
}

/// geth's one line for a transaction.
fn summary(pooled: &Pooled) -> String {
    let tx = &pooled.tx;
    let to = match tx.to() {
        Some(to) => to.to_string(),
        None => "contract creation".into(),
    };
    let (value, gas, price) = (tx.value(), tx.gas_limit(), tx.max_fee_per_gas());
    format!("{to}: {value} wei + {gas} gas × {price} wei")
}
