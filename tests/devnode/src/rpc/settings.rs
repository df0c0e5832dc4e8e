//! Methods of test nodes that concern the chain as a whole, and tokens.

use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use alloy_rpc_types_eth::TransactionRequest;
use jsonrpsee::server::RegisterMethodError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Api,
    args::{Args, Number},
    error::RpcError,
    fill::{complete, signed},
    methods::{Methods, json as to_json},
    network::client_version,
    transact::decode,
};
use crate::{
    chain::{Chain, blocks::query::Moment, calls::call::CallError, control::deal::Viewed},
    evm::env::{TX_GAS_LIMIT, hardfork},
};

/// Most blocks that one request may replace.
const REORG_MAX: u64 = 1_000;

/// {gas} Most that the transactions of one request's new blocks may use: nobody else gets at the chain
/// meanwhile.
const REORG_GAS_MAX: u64 = 1_000_000_000;

/// Registers the methods.
pub fn register(methods: &mut Methods) -> Result<(), RegisterMethodError> {
    methods.blocking(&["anvil_reset", "hardhat_reset"], |api, params| {
        to_json(reset(api, &mut Args::new(&params))?)
    })?;
    methods.write(&["anvil_rollback"], |chain, args| {
        Ok(chain.rollback(args.number_or(1)?)?)
    })?;
    methods.write(&["anvil_reorg"], reorganise)?;
    methods.write(&["anvil_setChainId"], |chain, args| {
        Ok(chain.set_chain_id(args.number()?)?)
    })?;
    methods.write(
        &["anvil_setCoinbase", "hardhat_setCoinbase"],
        |chain, args| {
            chain.coinbase = args.required()?;
            Ok(())
        },
    )?;
    methods.write(
        &[
            "anvil_setNextBlockBaseFeePerGas",
            "hardhat_setNextBlockBaseFeePerGas",
        ],
        |chain, args| Ok(chain.set_base_fee(args.number()?)?),
    )?;
    methods.write(
        &["anvil_setMinGasPrice", "hardhat_setMinGasPrice"],
        |chain, args| Ok(chain.set_base_fee_min(args.number()?)?),
    )?;
    methods.blocking(&["anvil_dealERC20", "anvil_dealErc20"], |api, params| {
        let mut args = Args::new(&params);
        let (owner, token): (Address, Address) = (args.required()?, args.required()?);
        let view = Viewed::balance(token, owner);
        to_json(deal(api, &view, args.required()?)?)
    })?;
    methods.blocking(
        &["anvil_setERC20Allowance", "anvil_setErc20Allowance"],
        |api, params| {
            let mut args = Args::new(&params);
            let (owner, spender): (Address, Address) = (args.required()?, args.required()?);
            let view = Viewed::allowance(args.required()?, owner, spender);
            to_json(deal(api, &view, args.required()?)?)
        },
    )?;
    methods.blocking(
        &["anvil_setLoggingEnabled", "hardhat_setLoggingEnabled"],
        |api, params| {
            api.set_logged(Args::new(&params).required()?);
            to_json(true)
        },
    )?;
    methods.read(&["anvil_getGenesisTime"], genesis_time)?;
    methods.read(&["anvil_nodeInfo"], node_info)?;
    methods.read(&["anvil_metadata", "hardhat_metadata"], metadata)
}

/// The executions that find the slot keep nobody from the chain but those who change it.
fn deal(api: &Api, view: &Viewed, value: U256) -> Result<(), RpcError> {
    let (address, slot) = api.look(|chain| Ok(chain.slot_behind(view, value)?))?;
    api.change(|chain| Ok(chain.state.set_slot(address, slot, value)?))
}

/// To the first block, or with `forking` onto a block of an upstream. viem names neither URL nor block
/// when it means the first.
fn reset(api: &Api, args: &mut Args<'_>) -> Result<bool, RpcError> {
    #[derive(Deserialize)]
    struct Options {
        forking: Option<Forking>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Forking {
        json_rpc_url: Option<String>,
        block_number: Option<Number>,
    }
    let options: Option<Options> = args.optional()?;
    let forking = options.and_then(|options| options.forking);
    let (url, block) = forking.map_or((None, None), |forking| {
        (forking.json_rpc_url, forking.block_number)
    });
    if url.is_none() && block.is_none() {
        api.change(|chain| {
            chain.reset();
            Ok(true)
        })
    } else {
        refork(
            api,
            url.as_deref(),
            block.map(Number::into_u64).transpose()?,
        )
    }
}

/// The chain is free while the upstream is read.
fn refork(api: &Api, url: Option<&str>, block: Option<u64>) -> Result<bool, RpcError> {
    let reforking = api.look(|chain| Ok(chain.reforking(url, block)?))?;
    let mut reforked = Some(reforking.read()?);
    let before = api.change(|chain| Ok(reforked.take().and_then(|forked| chain.refork(forked))))?;
    if let Some(before) = before {
        before.save();
    }
    Ok(true)
}

/// A transaction as `anvil_reorg` takes it: signed bytes, or a request.
#[derive(Deserialize)]
#[serde(untagged)]
enum Replacement {
    Raw(Bytes),
    Request(Box<TransactionRequest>),
}

impl Replacement {
    /// As a transaction after others, the first of which comes after block `parent`.
    fn into_tx(
        self,
        chain: &Chain,
        parent: u64,
        others: &[(Recovered<TxEnvelope>, u64)],
    ) -> Result<Recovered<TxEnvelope>, RpcError> {
        let mut request = match self {
            Self::Raw(bytes) => return decode(&bytes),
            Self::Request(request) => *request,
        };
        let from = request.from.unwrap_or_default();
        if !chain.is_unlocked(&from) {
            return Err(RpcError::UnknownAccount);
        }
        if request.nonce.is_none() {
            let view = chain.state_at(Moment::Block(parent))?;
            let nonce = view.account(&from)?.unwrap_or_default().nonce;
            let earlier = others.iter().filter(|(tx, _)| tx.signer() == from).count();
            request.nonce = Some(nonce.saturating_add(earlier as u64));
        }
        signed(chain, complete(chain, request)?)
    }
}

/// Takes a depth and a list of transactions with their places; or an object of both.
fn reorganise(chain: &mut Chain, args: &mut Args<'_>) -> Result<(), RpcError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Depth {
        Options {
            depth: u64,
            #[serde(default)]
            tx_block_pairs: Vec<(Replacement, u64)>,
        },
        Depth(u64),
    }
    let (depth, pairs) = match args.required()? {
        Depth::Options {
            depth,
            tx_block_pairs,
        } => (depth, tx_block_pairs),
        Depth::Depth(depth) => (depth, args.optional()?.unwrap_or_default()),
    };
    if depth > REORG_MAX {
        return Err(RpcError::BadArguments(format!(
            "cannot replace more than {REORG_MAX} blocks"
        )));
    }
    let parent = chain.head().header.number.saturating_sub(depth);
    let mut transactions = Vec::with_capacity(pairs.len());
    // Of those that are no transactions yet the gas is estimated.
    let deadline = chain.deadline();
    let mut gas = 0_u64;
    for (replacement, place) in pairs {
        if place >= depth {
            return Err(RpcError::BadArguments(format!(
                "there is no new block {place}: they are numbered from 0 to below {depth}"
            )));
        }
        deadline.check().map_err(CallError::from)?;
        let tx = replacement.into_tx(chain, parent, &transactions)?;
        gas = gas.saturating_add(tx.gas_limit().min(TX_GAS_LIMIT));
        if gas > REORG_GAS_MAX {
            return Err(RpcError::BadArguments(format!(
                "cannot execute more than {REORG_GAS_MAX} gas in new blocks"
            )));
        }
        transactions.push((tx, place));
    }
    Ok(chain.reorganise(depth, transactions)?)
}

/// {s} Time of the first block, which on a fork is the forked one.
fn genesis_time(chain: &Chain, _: &mut Args<'_>) -> Result<Option<u64>, RpcError> {
    let first = chain.block_at(chain.history.first());
    Ok(first.map(|block| block.header.timestamp))
}

fn node_info(chain: &Chain, _: &mut Args<'_>) -> Result<Value, RpcError> {
    let head = chain.head();
    Ok(json!({
        "currentBlockNumber": U64::from(head.header.number),
        "currentBlockTimestamp": head.header.timestamp,
        "currentBlockHash": head.hash,
        "hardFork": hardfork(chain.arbos_version()?).to_string().to_lowercase(),
        "transactionOrder": "fifo",
        "environment": {
            "baseFee": U256::from(chain.base_fee()?),
            "chainId": chain.chain_id(),
            "gasLimit": chain.gas_limit,
            "gasPrice": U256::from(chain.base_fee()?),
        },
        "forkConfig": chain.fork().map_or(json!({}), |fork| {
            let fork = fork.info();
            json!({
                "forkUrl": fork.upstream,
                "forkBlockNumber": fork.block_number,
                "forkRetryBackoff": null,
            })
        }),
        "arbosVersion": chain.arbos_version()?,
    }))
}

fn metadata(chain: &Chain, _: &mut Args<'_>) -> Result<Metadata, RpcError> {
    let head = chain.head();
    Ok(Metadata {
        client_version: client_version(),
        chain_id: chain.chain_id(),
        instance_id: chain
            .history
            .by_number(chain.history.first())
            .map(|block| block.hash),
        latest_block_number: head.header.number,
        latest_block_hash: head.hash,
        snapshots: chain.snapshots(),
        forked_network: chain.fork().map(|fork| {
            let fork = fork.info();
            ForkedNetwork {
                chain_id: fork.chain_id,
                fork_block_number: fork.block_number,
                fork_block_hash: fork.block_hash,
            }
        }),
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    client_version: String,
    chain_id: u64,
    instance_id: Option<B256>,
    latest_block_number: u64,
    latest_block_hash: B256,
    snapshots: std::collections::BTreeMap<U64, (u64, B256)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forked_network: Option<ForkedNetwork>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ForkedNetwork {
    chain_id: u64,
    fork_block_number: u64,
    fork_block_hash: B256,
}
