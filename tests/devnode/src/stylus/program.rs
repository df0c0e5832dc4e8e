//! Compiling activated programs.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::B256;
use thiserror::Error;
use wasmtime::{
    Config, Engine, InstancePre, Linker, Module, ModuleExport, PoolingAllocationConfig,
    WasmFeatures,
};

use super::{
    ActivationError, Rules, activate,
    activate::{Sight, activate_seeing},
    host::HostState,
    hostio,
    instrument::METER_EXPORTS,
    memory::PRICED_PAGES,
    validate::{ENTRYPOINT, MEMORY, TABLE_ENTRIES_MAX},
};

/// {byte} Native stack of a program; its 22,000 logical words end first.
const WASM_STACK_LEN: usize = 8 << 20;
/// {byte} The fiber that a program runs on: its stack and that of the host functions.
const FIBER_STACK_LEN: usize = 16 << 20;

/// Runs at a time in this process, waiting ones included: twice the EVM's call depth and some.
const RUNS_MAX: u32 = 2_200;
/// {byte} Of the engine's own records on one run: 32,768 globals and 4,609 functions.
const INSTANCE_LEN_MAX: usize = 4 << 20;
/// {byte} What of a memory, table or stack is zeroed for the next run rather than given back.
const RESIDENT_LEN: usize = 64 << 10;

/// The engine that all compilers share: it takes 10 TB of address space, though no memory. Where that is
/// not to be had there is none, and every run maps its own memory.
static POOLED: LazyLock<Option<Engine>> = LazyLock::new(|| Engine::new(&pooled()).ok());

/// Why an activated program cannot be run. This is a fault of the engine, not of the program.
#[derive(Debug, Error)]
#[error("the engine does not take the program: {0}")]
pub struct CompileError(#[from] wasmtime::Error);

/// Why [`Compiler::load`] yields no program.
#[derive(Debug, Error)]
pub enum LoadError<E> {
    /// The wasm could not be had.
    #[error(transparent)]
    Source(E),
    /// It is no program.
    #[error(transparent)]
    Activation(ActivationError),
    /// The engine does not take it.
    #[error(transparent)]
    Compile(CompileError),
}

/// Turns activated programs into native code, and keeps that in memory.
///
/// Cheap to clone; clones share what is kept.
#[derive(Clone)]
pub struct Compiler {
    engine: Engine,
    linker: Arc<Linker<HostState>>,
    kept: Arc<Mutex<Kept>>,
}

/// Programs by what decides about their native code.
type Kept = HashMap<Key, Program>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    code_hash: B256,
    stylus_version: u16,
    debug: bool,
    seeing: bool,
}

/// A compiled program, ready for any number of runs.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Program(pub(super) Arc<Compiled>);

/// What a run needs of a program.
pub(super) struct Compiled {
    pub(super) instance: InstancePre<HostState>,
    pub(super) entrypoint: ModuleExport,
    pub(super) memory: ModuleExport,
    /// In the order of [`METER_EXPORTS`].
    pub(super) meter: [ModuleExport; 4],
    /// How its panics are seen, if they are.
    pub(super) sight: Option<Sight>,
}

impl Key {
    fn new(code_hash: B256, rules: &Rules, seeing: bool) -> Self {
        Self {
            code_hash,
            stylus_version: rules.stylus_version,
            debug: rules.debug,
            seeing,
        }
    }
}

impl Compiler {
    /// A compiler that keeps nothing yet.
    ///
    /// Errors: [`CompileError`] where the engine does not run at all.
    pub fn new() -> Result<Self, CompileError> {
        let engine = match &*POOLED {
            Some(engine) => engine.clone(),
            None => Engine::new(&config())?,
        };
        let mut linker = Linker::new(&engine);
        hostio::link(&mut linker)?;
        Ok(Self {
            engine,
            linker: Arc::new(linker),
            kept: Arc::default(),
        })
    }

    /// The native code of [`Activation::instrumented`](super::Activation::instrumented). It is not kept.
    ///
    /// Errors: [`CompileError`]. The argument must come from an activation.
    pub fn compile(&self, instrumented: &[u8]) -> Result<Program, CompileError> {
        self.compile_with(instrumented, None)
    }

    /// The native code of an active program, by its code hash.
    ///
    /// `wasm` gives the decompressed program, and is only asked when it is not kept yet.
    ///
    /// Errors: every [`LoadError`].
    pub fn load<E>(
        &self,
        code_hash: B256,
        rules: &Rules,
        wasm: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Program, LoadError<E>> {
        self.keep(Key::new(code_hash, rules, false), || {
            let wasm = wasm().map_err(LoadError::Source)?;
            let activation = activate(&wasm, rules, PRICED_PAGES).map_err(LoadError::Activation)?;
            self.compile(&activation.instrumented)
                .map_err(LoadError::Compile)
        })
    }

    /// As [`Compiler::load`], with native code that also notes what Rust panics say, for looking at a run:
    /// [`TrapReport::panic`](super::TrapReport::panic) is told only by such programs. Everything else that
    /// the run does, costs and leaves is the same.
    ///
    /// Errors: every [`LoadError`].
    pub fn load_seeing<E>(
        &self,
        code_hash: B256,
        rules: &Rules,
        wasm: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Program, LoadError<E>> {
        self.keep(Key::new(code_hash, rules, true), || {
            let wasm = wasm().map_err(LoadError::Source)?;
            let seeing = activate_seeing(&wasm, rules).map_err(LoadError::Activation)?;
            self.compile_with(&seeing.instrumented, Some(seeing.sight))
                .map_err(LoadError::Compile)
        })
    }

    fn keep<E>(
        &self,
        key: Key,
        make: impl FnOnce() -> Result<Program, LoadError<E>>,
    ) -> Result<Program, LoadError<E>> {
        if let Some(program) = self.kept().get(&key) {
            return Ok(program.clone());
        }
        let program = make()?;
        self.kept().insert(key, program.clone());
        Ok(program)
    }

    fn compile_with(
        &self,
        instrumented: &[u8],
        sight: Option<Sight>,
    ) -> Result<Program, CompileError> {
        let module = Module::new(&self.engine, instrumented)?;
        let export = |name: &str| {
            let missing = || wasmtime::Error::msg(format!("{name} is not exported"));
            module.get_export_index(name).ok_or_else(missing)
        };
        let [ink_left, ink_status, scratch, stack_left] = METER_EXPORTS;
        let compiled = Compiled {
            entrypoint: export(ENTRYPOINT)?,
            memory: export(MEMORY)?,
            meter: [
                export(ink_left)?,
                export(ink_status)?,
                export(scratch)?,
                export(stack_left)?,
            ],
            instance: self.linker.instantiate_pre(&module)?,
            sight,
        };
        Ok(Program(Arc::new(compiled)))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Programs are validated before; the features are what their rewritten form may hold.
fn config() -> Config {
    let mut config = Config::new();
    config
        .max_wasm_stack(WASM_STACK_LEN)
        .async_stack_size(FIBER_STACK_LEN);
    for feature in [WasmFeatures::SIMD, WasmFeatures::RELAXED_SIMD] {
        config.wasm_features(feature, false);
    }
    config
}

/// With memories and stacks set aside in advance, so that starting a program maps nothing.
fn pooled() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(RUNS_MAX)
        .total_memories(RUNS_MAX)
        .total_stacks(RUNS_MAX)
        .total_tables(RUNS_MAX)
        .max_core_instance_size(INSTANCE_LEN_MAX)
        .max_memory_size(usize::from(PRICED_PAGES) << 16)
        .table_elements(TABLE_ENTRIES_MAX as usize)
        .linear_memory_keep_resident(RESIDENT_LEN)
        .async_stack_keep_resident(RESIDENT_LEN)
        .table_keep_resident(RESIDENT_LEN);
    let mut config = config();
    config.allocation_strategy(pool);
    config
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").finish_non_exhaustive()
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}
