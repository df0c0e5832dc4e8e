//! Where the EVM of Arbitrum differs from Ethereum's: hardforks by ArbOS version, the block
//! environment, and limits.

use alloy_primitives::{Address, B256, U256, address};
use revm::{
    context::{BlockEnv, CfgEnv},
    context_interface::block::BlobExcessGasAndPrice,
    primitives::hardfork::SpecId,
};

/// `block.coinbase`: the sequencer.
pub const SEQUENCER: Address = address!("0xA4B000000000000000000073657175656e636572");

/// {gas} Limit that every block tells: a formality. ArbOS's limits of a block and of a transaction bind.
pub const BLOCK_GAS_LIMIT: u64 = 1 << 50;

/// {gas} What one transaction can use for computing; gas sent above it is held and returned.
pub const TX_GAS_LIMIT: u64 = 32_000_000;

/// {byte} Largest contract code.
pub const CODE_SIZE_MAX: usize = 24_576;

/// The hardfork whose rules an ArbOS version follows.
pub const fn hardfork(arbos_version: u64) -> SpecId {
    match arbos_version {
        50.. => SpecId::OSAKA,
        40.. => SpecId::PRAGUE,
        20.. => SpecId::CANCUN,
        _ => SpecId::SHANGHAI,
    }
}

/// The EVM's configuration.
///
/// EIP-7623 (calldata floor) is the chain owners' choice, EIP-7825 (gas cap) does not apply; EIP-3541 is checked by our own
/// frames, which let Stylus prefixes pass.
pub fn config(chain_id: u64, arbos_version: u64) -> CfgEnv {
    let mut config = CfgEnv::new_with_spec(hardfork(arbos_version)).with_chain_id(chain_id);
    config.disable_eip7623 = true;
    config.disable_eip3541 = true;
    config.tx_gas_limit_cap = Some(u64::MAX);
    config.limit_contract_code_size = Some(CODE_SIZE_MAX);
    config
}

/// The block environment. `number` is the L1 block number, which stays 0 without an L1.
pub fn block(timestamp: u64, base_fee: u64) -> BlockEnv {
    BlockEnv {
        number: U256::ZERO,
        beneficiary: SEQUENCER,
        timestamp: U256::from(timestamp),
        gas_limit: BLOCK_GAS_LIMIT,
        basefee: base_fee,
        difficulty: U256::ONE,
        prevrandao: Some(B256::with_last_byte(1)),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
            excess_blob_gas: 0,
            blob_gasprice: 0,
        }),
        slot_num: 0,
    }
}
