//! The ink of one host call, measured in a real transaction.
//!
//! A program reads `evm_ink_left` before and after the call and logs the difference. Between the two
//! readings lie, besides the call itself:
//! - block 2: header 2,450, `local.set` 210, one per constant argument, `call` 3,800;
//! - block 3: header 2,450, `drop` 9 where the host call has a result, `call` 3,800;
//! - the base price of the second `evm_ink_left`, 8,400.

use alloy::{
    primitives::{Address, U256},
    rpc::types::TransactionReceipt,
};

use crate::rig::Rig;

const BETWEEN: u64 = 2_450 + 210 + 3_800 + 2_450 + 3_800 + 8_400;

/// Where key, value and other words lie in the program's memory.
pub(crate) const KEY: u32 = 0;
pub(crate) const WORD: u32 = 32;
pub(crate) const ADDRESS: u32 = 64;

#[derive(Default)]
pub(crate) struct Case {
    /// The host function.
    pub(crate) hook: &'static str,
    /// Its type in wat.
    pub(crate) signature: &'static str,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Further imports.
    pub(crate) imports: &'static str,
    /// What happens before the first reading.
    pub(crate) setup: String,
    /// Bytes at [`ADDRESS`].
    pub(crate) address: Address,
    /// Bytes at [`WORD`].
    pub(crate) word: U256,
    /// Further data segments.
    pub(crate) data: String,
    /// Input of the transaction.
    pub(crate) input: Vec<u8>,
}

impl Case {
    pub(crate) fn wat(&self) -> String {
        let args: String = self.args.iter().map(|arg| format!("({arg}) ")).collect();
        let mut call = format!("(call $hook {args})");
        if self.signature.contains("result") {
            call = format!("(drop {call})");
        }
        format!(
            r#"(module
              (import "vm_hooks" "evm_ink_left" (func $ink (result i64)))
              (import "vm_hooks" "emit_log" (func $log (param i32 i32 i32)))
              (import "vm_hooks" "{}" (func $hook {}))
              {}
              (memory (export "memory") 1 1)
              (data (i32.const {WORD}) "{}")
              (data (i32.const {ADDRESS}) "{}")
              {}
              (func (export "user_entrypoint") (param $len i32) (result i32)
                (local $before i64) (local $after i64)
                {}
                (local.set $before (call $ink))
                {call}
                (local.set $after (call $ink))
                (i64.store (i32.const 65000) (i64.sub (local.get $before) (local.get $after)))
                (call $log (i32.const 65000) (i32.const 8) (i32.const 0))
                (i32.const 0)))"#,
            self.hook,
            self.signature,
            self.imports,
            escaped(&self.word.to_be_bytes::<32>()),
            escaped(self.address.as_slice()),
            self.data,
            self.setup,
        )
    }

    /// {ink} What the host call costs.
    pub(crate) async fn measure(&self, rig: &Rig) -> u64 {
        let program = rig.program(&self.wat()).await;
        self.measure_at(rig, program).await
    }

    pub(crate) async fn measure_at(&self, rig: &Rig, program: Address) -> u64 {
        let receipt = rig.call(program, self.input.clone()).await;
        self.spent(&receipt)
    }

    /// {ink} What the host call cost in a transaction.
    pub(crate) fn spent(&self, receipt: &TransactionReceipt) -> u64 {
        let logs = receipt.inner.logs();
        let data = &logs.last().unwrap().data().data;
        let spent = u64::from_le_bytes(data[..].try_into().unwrap());
        let drop = if self.signature.contains("result") {
            9
        } else {
            0
        };
        spent - BETWEEN - self.args.len() as u64 - drop
    }
}

/// Bytes as wat text.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

pub(crate) fn i32s(args: &[u32]) -> Vec<String> {
    args.iter().map(|arg| format!("i32.const {arg}")).collect()
}

/// A call of an address with `len` bytes of input and all gas: "call", "delegate" or "static".
pub(crate) fn call(kind: &str, address: Address, len: u32) -> Case {
    let (hook, signature) = match kind {
        "call" => (
            "call_contract",
            "(param i32 i32 i32 i32 i64 i32) (result i32)",
        ),
        "delegate" => (
            "delegate_call_contract",
            "(param i32 i32 i32 i64 i32) (result i32)",
        ),
        _ => (
            "static_call_contract",
            "(param i32 i32 i32 i64 i32) (result i32)",
        ),
    };
    let mut args = i32s(&[ADDRESS, 1024, len]);
    if kind == "call" {
        args.push(format!("i32.const {WORD}"));
    }
    args.extend(["i64.const -1".into(), "i32.const 128".into()]);
    Case {
        hook,
        signature,
        args,
        address,
        ..Case::default()
    }
}
