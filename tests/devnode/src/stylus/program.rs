//! Compiling activated programs.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::B256;
use thiserror::Error;
use wasmtime::{Engine, InstancePre, Linker, Module, ModuleExport};

use super::{
    ActivationError, Rules, activate,
    activate::{Sight, activate_seeing},
    engine::{self, Engines},
    host::HostState,
    hostio,
    instrument::METER_EXPORTS,
    kept::{Kept, Key},
    memory::PRICED_PAGES,
    validate::{ENTRYPOINT, MEMORY},
    weight,
};

/// Why an activated program cannot be run. This is a fault of the engine, not of the program.
#[derive(Clone, Debug, Error)]
#[error("the engine does not take the program: {0}")]
pub struct CompileError(Arc<wasmtime::Error>);

impl From<wasmtime::Error> for CompileError {
    fn from(error: wasmtime::Error) -> Self {
        Self(Arc::new(error))
    }
}

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
    /// Compiling it takes long, and was not begun.
    #[error("the program is not compiled yet")]
    Hard(Box<Work>),
}

/// A program that is hard to compile, for whoever has the time.
pub struct Work {
    compiler: Compiler,
    key: Key,
    instrumented: Vec<u8>,
    sight: Option<Sight>,
}

/// Turns activated programs into native code, and keeps that in memory.
///
/// Cheap to clone; clones share what is kept.
#[derive(Clone)]
pub struct Compiler {
    careful: Arc<Target>,
    quick: Arc<Target>,
    kept: Arc<Mutex<Kept>>,
    /// Hard programs come one after another: each of them takes a core for long.
    hard: Arc<Mutex<()>>,
}

/// An engine, and the host functions in it.
struct Target {
    engine: Engine,
    linker: Linker<HostState>,
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

impl Compiler {
    /// A compiler that keeps nothing yet, and nothing on disk.
    ///
    /// Errors: [`CompileError`] where the engine does not run at all.
    pub fn new() -> Result<Self, CompileError> {
        Self::with_folder(None)
    }

    /// A compiler that also keeps native code in a folder, for itself and for others, now and later.
    ///
    /// What is damaged there is compiled again, and a folder that cannot be used is done without.
    ///
    /// Errors: [`CompileError`] where the engine does not run at all.
    pub fn with_folder(folder: Option<&Path>) -> Result<Self, CompileError> {
        let Engines { careful, quick } = engine::shared(folder)?;
        Ok(Self {
            careful: Target::new(careful)?.into(),
            quick: Target::new(quick)?.into(),
            kept: Arc::default(),
            hard: Arc::default(),
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
    /// `wasm` gives the decompressed program, and is only asked when it is not kept yet. What is hard to
    /// compile is not begun with: [`LoadError::Hard`].
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
            Ok((activation.instrumented, None))
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
            Ok((seeing.instrumented, Some(seeing.sight)))
        })
    }

    fn keep<E>(
        &self,
        key: Key,
        activated: impl FnOnce() -> Result<(Vec<u8>, Option<Sight>), LoadError<E>>,
    ) -> Result<Program, LoadError<E>> {
        let kept = self.kept().get(&key);
        if let Some(made) = kept {
            return made.map_err(LoadError::Compile);
        }
        let (instrumented, sight) = activated()?;
        let work = Work {
            compiler: self.clone(),
            key,
            instrumented,
            sight,
        };
        match is_heavy(&work.instrumented).map_err(LoadError::Compile)? {
            true => Err(LoadError::Hard(Box::new(work))),
            false => work.make().map_err(LoadError::Compile),
        }
    }

    fn compile_with(
        &self,
        instrumented: &[u8],
        sight: Option<Sight>,
    ) -> Result<Program, CompileError> {
        let target = match is_heavy(instrumented)? {
            true => &self.quick,
            false => &self.careful,
        };
        let module = Module::new(&target.engine, instrumented)?;
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
            instance: target.linker.instantiate_pre(&module)?,
            sight,
        };
        Ok(Program(Arc::new(compiled)))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_heavy(instrumented: &[u8]) -> Result<bool, CompileError> {
    Ok(weight::is_heavy(instrumented).map_err(wasmtime::Error::new)?)
}

impl Work {
    /// Compiles the program, which is kept from now on, as is why it cannot be compiled.
    ///
    /// Errors: [`CompileError`].
    pub fn make(self) -> Result<Program, CompileError> {
        let made = self.compiler.compile_with(&self.instrumented, self.sight);
        self.compiler.kept().insert(self.key, made.clone());
        made
    }

    /// As [`Self::make`], after all others of this kind, one of which may have been the same.
    ///
    /// Errors: [`CompileError`].
    pub fn make_in_turn(self) -> Result<Program, CompileError> {
        let turns = Arc::clone(&self.compiler.hard);
        let _turn = turns.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.compiler.kept().get(&self.key);
        kept.unwrap_or_else(|| self.make())
    }
}

impl Target {
    fn new(engine: Engine) -> Result<Self, wasmtime::Error> {
        let mut linker = Linker::new(&engine);
        hostio::link(&mut linker)?;
        Ok(Self { engine, linker })
    }
}

impl Program {
    /// {byte} Native code and what belongs to it.
    pub(super) fn native_len(&self) -> usize {
        let range = self.0.instance.module().image_range();
        range.end.addr() - range.start.addr()
    }
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").finish_non_exhaustive()
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}
