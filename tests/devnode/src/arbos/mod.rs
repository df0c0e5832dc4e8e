//! ArbOS state: what Nitro keeps in the storage of one account, at the same slots.

pub mod access;
pub mod features;
pub mod gas_price;
pub mod genesis;
pub mod owners;
pub mod params;
pub mod poster;
pub mod pricer;
pub mod program;
pub mod sends;
pub mod slots;
pub mod upgrade;

use alloy_primitives::{Address, U256};

use crate::{chain::state::view::View, fork::StateError};
use slots::{ARBOS, ROOT, offset};

/// Who receives the fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeAccounts {
    /// What is above the infrastructure's share, and data fees of programs.
    pub network: Address,
    /// The minimum price of each gas. None: that goes to the network too.
    pub infra: Option<Address>,
    /// {wei/gas} The minimum price.
    pub min: U256,
}

/// The stored fee accounts, where `read` returns ArbOS slots.
///
/// # Errors
/// Those of `read`.
pub fn fee_accounts(
    read: impl Fn(U256) -> Result<U256, StateError>,
) -> Result<FeeAccounts, StateError> {
    let account = |entry| Ok::<_, StateError>(Address::from_word(read(ROOT.slot(entry))?.into()));
    let pricing = ROOT.child(slots::space::L2_PRICING);
    Ok(FeeAccounts {
        network: account(offset::NETWORK_FEE_ACCOUNT)?,
        infra: Some(account(offset::INFRA_FEE_ACCOUNT)?).filter(|account| !account.is_zero()),
        min: read(pricing.slot(offset::l2::BASE_FEE_MIN))?,
    })
}

/// The stored chain id.
///
/// # Errors
/// The state cannot be read.
pub fn chain_id(view: &View<'_>) -> Result<u64, StateError> {
    let word = view.slot(&ARBOS, &ROOT.slot(offset::CHAIN_ID))?;
    Ok(word.saturating_to())
}

/// The stored ArbOS version.
pub fn version(view: &View<'_>) -> Result<u64, StateError> {
    let word = view.slot(&ARBOS, &ROOT.slot(offset::VERSION))?;
    Ok(word.saturating_to())
}

/// {wei/gas} The stored base fee.
pub fn base_fee(view: &View<'_>) -> Result<u64, StateError> {
    let space = ROOT.child(slots::space::L2_PRICING);
    let word = view.slot(&ARBOS, &space.slot(offset::l2::BASE_FEE))?;
    Ok(word.saturating_to())
}

/// {wei/gas} The stored least base fee.
pub fn base_fee_min(view: &View<'_>) -> Result<u64, StateError> {
    let space = ROOT.child(slots::space::L2_PRICING);
    let word = view.slot(&ARBOS, &space.slot(offset::l2::BASE_FEE_MIN))?;
    Ok(word.saturating_to())
}

/// {wei/unit} The stored price of L1 data.
pub fn l1_price(view: &View<'_>) -> Result<U256, StateError> {
    let space = ROOT.child(slots::space::L1_PRICING);
    view.slot(&ARBOS, &space.slot(offset::l1::PRICE_PER_UNIT))
}

/// What owners set for every transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// {gas} What one transaction may compute with.
    pub tx_gas: u64,
    /// {gas} A block that has used as much takes no more transactions.
    pub block_gas: u64,
    /// Whether calldata has EIP-7623's floor price.
    pub is_calldata_floored: bool,
}

/// First ArbOS version in which a transaction's limit is not the block's.
pub const TX_LIMIT_SINCE: u64 = 50;

/// The stored limits.
pub fn limits(view: &View<'_>) -> Result<Limits, StateError> {
    let space = ROOT.child(slots::space::L2_PRICING);
    let block_gas = view.slot(&ARBOS, &space.slot(offset::l2::BLOCK_GAS_LIMIT))?;
    let tx_gas = match version(view)? {
        TX_LIMIT_SINCE.. => view.slot(&ARBOS, &space.slot(offset::l2::TX_GAS_LIMIT))?,
        _ => block_gas,
    };
    let switches = view.slot(&ARBOS, &features::slot())?;
    Ok(Limits {
        tx_gas: tx_gas.saturating_to(),
        block_gas: block_gas.saturating_to(),
        is_calldata_floored: switches & features::CALLDATA_PRICE != U256::ZERO,
    })
}

/// The slots that every block and every transaction reads.
pub fn read_by_blocks() -> Vec<U256> {
    let root = [
        offset::VERSION,
        offset::UPGRADE_VERSION,
        offset::UPGRADE_TIMESTAMP,
        offset::NETWORK_FEE_ACCOUNT,
        offset::CHAIN_ID,
        offset::INFRA_FEE_ACCOUNT,
    ];
    let pricing = ROOT.child(slots::space::L2_PRICING);
    let posting = ROOT.child(slots::space::L1_PRICING);
    let poster = [
        offset::l1::PRICE_PER_UNIT,
        offset::l1::FEES_AVAILABLE,
        offset::l1::UNITS,
    ];
    let root = root.map(|entry| ROOT.slot(entry)).into_iter();
    root.chain((0..=offset::l2::TX_GAS_LIMIT).map(|entry| pricing.slot(entry)))
        .chain([
            features::slot(),
            sends::size_slot(),
            ROOT.slot(offset::BROTLI_LEVEL),
        ])
        .chain(poster.map(|entry| posting.slot(entry)))
        .collect()
}

/// A 256-bit word of an address.
pub fn address_word(address: Address) -> U256 {
    address.into_word().into()
}
