//! Opcodes that differ from Ethereum's.

use revm::{
    bytecode::opcode,
    context_interface::{ContextTr, JournalTr, context::ContextError},
    handler::instructions::EthInstructions,
    interpreter::{
        Instruction, InstructionContext, InstructionExecResult, InstructionResult,
        instructions::{gas_table_spec, host},
        interpreter::EthInterpreter,
    },
    primitives::hardfork::SpecId,
};

use super::{Context, Instructions};
use crate::stylus::code;

/// The opcode table of a hardfork.
pub fn table<'a>(spec: SpecId) -> Instructions<'a> {
    let mut table = EthInstructions::new_mainnet_with_spec(spec);
    // There are no blobs on Arbitrum.
    table.insert_instruction(opcode::BLOBBASEFEE, Instruction::unknown(), 0);
    let gas = gas_table_spec(spec)[usize::from(opcode::SELFDESTRUCT)];
    table.insert_instruction(opcode::SELFDESTRUCT, Instruction::new(self_destruct), gas);
    table
}

/// A program cannot destroy itself by delegating to EVM code. The operator is paid for as usual,
/// then the frame reverts, which undoes it.
fn self_destruct<'a>(
    context: InstructionContext<'_, Context<'a>, EthInterpreter>,
) -> InstructionExecResult {
    let address = context.interpreter.input.target_address;
    let arbos = context.host.chain.arbos();
    let acting = match context.host.journal_mut().code(address) {
        Ok(acting) => acting,
        Err(error) => {
            *context.host.error() = Err(ContextError::Db(error));
            return Err(InstructionResult::FatalExternalError);
        }
    };
    let is_program = code::has_prefix(&acting.data, arbos);
    match host::selfdestruct(context) {
        Err(InstructionResult::SelfDestruct) if is_program => Err(InstructionResult::Revert),
        result => result,
    }
}
