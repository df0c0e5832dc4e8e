//! What a program is, whether it can be deployed and activated, and what that and calling it costs.

use rustc_demangle::demangle;
use wasmparser::TypeRef;

pub use super::refusal::{Place, Refusal};
use super::{
    Activation, ActivationGas, ArbosVersion, Rules, activate,
    code::{self, CodeError},
    memory::page_price,
    module::Module,
};

/// {byte} Largest contract code.
const CODE_LEN_MAX: usize = 24_576;
/// {byte} In front of a program, and of a fragment.
const PREFIX_LEN: usize = 4;
const FRAGMENT_PREFIX_LEN: usize = 3;
/// {byte} In front of a root's addresses, and each of these.
const ROOT_PREFIX_LEN: usize = 8;
const ADDRESS_LEN: usize = 20;

/// {gas} What a first activation costs beside [`ActivationGas`], from ArbOS 59 on and before: fixed price,
/// ArbOS state, argument, results and event.
const ACTIVATION: u64 = 1_748_626;
const ACTIVATION_BEFORE_V3: u64 = ACTIVATION - 800;
/// {gas} Reading a fragment: a cold account, and each word.
const FRAGMENT: u64 = 2_600;
const FRAGMENT_WORD: u64 = 3;

/// A program, inspected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// {byte} The wasm.
    pub wasm_len: usize,
    /// {byte} Most that the chain decompresses.
    pub wasm_len_max: u32,
    /// {byte} Compressed, see [`code::compress`].
    pub compressed_len: usize,
    /// {byte} Most that can be deployed, in fragments where the chain has them.
    pub compressed_len_max: usize,
    /// Contracts that hold the program besides its root; 0 where one holds it all.
    pub fragments: usize,
    /// Version of the VM that it would be activated for.
    pub stylus_version: u16,
    /// What it is made of; none if it cannot be read.
    pub parts: Option<Parts>,
    /// What it costs; none if it is refused.
    pub costs: Option<Costs>,
    /// Why it is refused, if it is.
    pub refusal: Option<Refusal>,
}

/// What a module is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// {page} Initial memory.
    pub pages: u64,
    /// {page} Largest memory, if the module says so.
    pub pages_max: Option<u64>,
    /// Whether it can grow.
    pub grows: bool,
    /// Defined functions.
    pub functions: usize,
    /// Globals of its own.
    pub globals: usize,
    /// Names of what it exports.
    pub exports: Vec<String>,
    /// The host functions that it imports, with their modules, in order.
    pub imports: Vec<String>,
    /// Whether it asks if it is re-entered, as stylus-sdk's guard does.
    pub reentrancy_guard: bool,
    /// Functions that have a name: what stack traces and panics can tell.
    pub named_functions: usize,
}

/// What a program costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// As stored with the program.
    pub init_cost: u16,
    /// As stored with the program.
    pub cached_cost: u16,
    /// {byte} Predicted native code, which the data fee is for.
    pub asm_estimate: u32,
    /// {gas} Its initial memory, when no other program is open.
    pub memory_gas: u64,
    /// {gas} Starting it, memory included.
    pub call_gas: u64,
    /// {gas} Starting it when a cache holds it, memory included.
    pub cached_call_gas: u64,
    /// {gas} Price of the work of an activation.
    pub activation: ActivationGas,
    /// {gas} What ArbWasm's `activateProgram` uses in all, for a program never seen before.
    pub activation_total: u64,
}

/// Inspects a program as it would be compressed and deployed.
pub fn inspect(wasm: &[u8], rules: &Rules) -> Inspection {
    let compressed_len = code::compress(wasm).map_or(0, |compressed| compressed.len());
    let payload_max = match rules.max_fragment_count {
        0 => CODE_LEN_MAX - PREFIX_LEN,
        count => usize::from(count) * (CODE_LEN_MAX - FRAGMENT_PREFIX_LEN),
    };
    let split = rules.max_fragment_count > 0 && compressed_len > CODE_LEN_MAX - PREFIX_LEN;
    let fragments = match split {
        true => compressed_len.div_ceil(CODE_LEN_MAX - FRAGMENT_PREFIX_LEN),
        false => 0,
    };
    let activated = activate(wasm, rules, rules.page_limit);
    let refusal = match &activated {
        Err(error) => Some(Refusal::new(error, wasm)),
        Ok(_) => too_long(wasm.len(), compressed_len, payload_max, rules),
    };
    let costs = activated.ok().filter(|_| refusal.is_none());
    Inspection {
        wasm_len: wasm.len(),
        wasm_len_max: rules.max_wasm_size,
        compressed_len,
        compressed_len_max: payload_max,
        fragments,
        stylus_version: rules.stylus_version,
        parts: Module::parse(wasm, rules).ok().map(|module| parts(&module)),
        costs: costs.map(|activation| costs_of(&activation, compressed_len, fragments, rules)),
        refusal,
    }
}

fn too_long(wasm: usize, compressed: usize, max: usize, rules: &Rules) -> Option<Refusal> {
    let reason = if wasm > rules.max_wasm_size as usize {
        let max = rules.max_wasm_size;
        CodeError::TooLong { max }.to_string()
    } else if compressed > max {
        format!("compressed it has {compressed} bytes, and {max} can be deployed")
    } else {
        return None;
    };
    Some(Refusal {
        reason,
        place: None,
        advice: "make it smaller (opt-level \"z\", lto, panic=immediate-abort, wasm-opt -Oz, no names), or \
                 split the contract"
            .into(),
    })
}

fn parts(module: &Module<'_>) -> Parts {
    let memory = module.memories.first();
    let pages_max = memory.and_then(|memory| memory.maximum);
    let functions = module.imports.iter();
    let imports: Vec<_> = functions
        .filter(|import| matches!(import.ty, TypeRef::Func(_)))
        .map(|import| format!("{}.{}", import.module, import.name))
        .collect();
    Parts {
        pages: module.initial_pages(),
        pages_max,
        grows: memory.is_some() && pages_max != Some(module.initial_pages()),
        functions: module.functions.len(),
        globals: module.globals.len(),
        exports: module
            .exports
            .iter()
            .map(|export| format!("{:#}", demangle(export.name)))
            .collect(),
        reentrancy_guard: imports
            .iter()
            .any(|import| import == "vm_hooks.msg_reentrant"),
        imports,
        named_functions: module.function_names.len(),
    }
}

fn costs_of(activation: &Activation, compressed: usize, fragments: usize, rules: &Rules) -> Costs {
    let (init, cached) = (activation.init_cost, activation.cached_cost);
    let memory_gas = page_price(rules, activation.footprint, 0, 0);
    let fixed = match rules.since(ArbosVersion::STYLUS_V3) {
        true => ACTIVATION + rules.activation_gas,
        false => ACTIVATION_BEFORE_V3,
    };
    Costs {
        init_cost: init,
        cached_cost: cached,
        asm_estimate: activation.asm_estimate,
        memory_gas,
        call_gas: memory_gas.saturating_add(rules.call_gas(init, cached, false)),
        cached_call_gas: memory_gas.saturating_add(rules.call_gas(init, cached, true)),
        activation: activation.activation_gas,
        activation_total: activation
            .activation_gas
            .total()
            .saturating_add(fixed + fragment_gas(compressed, fragments)),
    }
}

/// {gas} Reading full fragments and a last one.
fn fragment_gas(compressed: usize, fragments: usize) -> u64 {
    let payload = CODE_LEN_MAX - FRAGMENT_PREFIX_LEN;
    let lengths = (0..fragments).map(|n| compressed.saturating_sub(n * payload).min(payload));
    lengths
        .map(|len| FRAGMENT + FRAGMENT_WORD * (len + FRAGMENT_PREFIX_LEN).div_ceil(32) as u64)
        .sum()
}

impl Inspection {
    /// {byte} All code that is deployed, prefixes included.
    pub fn code_len(&self) -> usize {
        match self.fragments {
            0 => self.compressed_len + PREFIX_LEN,
            n => self.compressed_len + n * (FRAGMENT_PREFIX_LEN + ADDRESS_LEN) + ROOT_PREFIX_LEN,
        }
    }
}
