//! Opcodes that differ from Ethereum's.

use revm::{
    bytecode::opcode, handler::instructions::EthInstructions, interpreter::Instruction,
    primitives::hardfork::SpecId,
};

use super::Instructions;

/// The opcode table of a hardfork.
pub fn table<'a>(spec: SpecId) -> Instructions<'a> {
    let mut table = EthInstructions::new_mainnet_with_spec(spec);
    // There are no blobs on Arbitrum.
    table.insert_instruction(opcode::BLOBBASEFEE, Instruction::unknown(), 0);
    table
}
