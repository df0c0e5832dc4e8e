//! The engines that run programs: two in a process for every folder of compiled modules.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use wasmtime::{
    Cache, CacheConfig, Config, Engine, OptLevel, PoolingAllocationConfig, RegallocAlgorithm,
    WasmFeatures,
};

use super::validate::TABLE_ENTRIES_MAX;

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
/// {byte} What a folder of compiled modules is kept below.
const FOLDER_LEN_MAX: u64 = 512 << 20;

/// How long a program runs at most before whoever drives it has a say.
const TICK: Duration = Duration::from_millis(50);

/// {byte} What a memory may grow to: all that 32 bits reach. What that costs is for the rules to say.
const MEMORY_LEN_MAX: usize = 4 << 30;

/// Engines by their folders. The careful ones take 10 TB of address space each, though no memory, so they
/// are shared.
static ENGINES: Mutex<Option<HashMap<Option<PathBuf>, Engines>>> = Mutex::new(None);

/// Two ways to native code.
#[derive(Clone)]
pub(super) struct Engines {
    /// Makes fast code.
    pub(super) careful: Engine,
    /// Makes code fast, whatever the module; for those that would hold up the careful one for minutes.
    pub(super) quick: Engine,
}

/// The engines that keep compiled modules in `folder`, or in memory only.
///
/// A folder that cannot be used is warned of, and done without.
///
/// Errors: the engines do not run here at all.
pub(super) fn shared(folder: Option<&Path>) -> Result<Engines, wasmtime::Error> {
    let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
    let engines = engines.get_or_insert_default();
    let key = folder.map(Path::to_path_buf);
    if let Some(both) = engines.get(&key) {
        return Ok(both.clone());
    }
    let cache = folder.and_then(open);
    // Where the address space is not to be had, every run maps its own memory.
    let careful = Engine::new(pooled(config()).cache(cache.clone()))
        .or_else(|_| Engine::new(config().cache(cache.clone())))?;
    let quick = Engine::new(
        config()
            .cranelift_opt_level(OptLevel::None)
            .cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass)
            .cache(cache),
    )?;
    let both = Engines { careful, quick };
    if engines.is_empty() {
        thread::Builder::new()
            .name("stylus-clock".into())
            .spawn(tick)?;
    }
    engines.insert(key, both.clone());
    Ok(both)
}

/// Lets every program pause once in a while, for as long as the process lasts.
fn tick() {
    loop {
        thread::sleep(TICK);
        let engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        for Engines { careful, quick } in engines.iter().flat_map(HashMap::values) {
            careful.increment_epoch();
            quick.increment_epoch();
        }
    }
}

fn open(folder: &Path) -> Option<Cache> {
    let warn = |error: &dyn std::fmt::Display| {
        let folder = folder.display();
        tracing::warn!(%folder, %error, "compiled programs are not kept on disk");
    };
    let writable = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let probe = folder.join(format!(".probe-{}", std::process::id()));
        fs::write(&probe, [])?;
        fs::remove_file(probe)
    };
    if let Err(error) = writable() {
        warn(&error);
        return None;
    }
    // The engine wants it absolute.
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let mut config = CacheConfig::new();
    config
        .with_directory(folder)
        .with_files_total_size_soft_limit(FOLDER_LEN_MAX);
    Cache::new(config).map_err(|error| warn(&error)).ok()
}

/// Programs are validated before; the features are what their rewritten form may hold.
fn config() -> Config {
    let mut config = Config::new();
    config
        .max_wasm_stack(WASM_STACK_LEN)
        .async_stack_size(FIBER_STACK_LEN)
        .epoch_interruption(true)
        // Backtraces name functions only.
        .generate_address_map(false);
    for feature in [WasmFeatures::SIMD, WasmFeatures::RELAXED_SIMD] {
        config.wasm_features(feature, false);
    }
    config
}

/// With memories and stacks set aside in advance, so that starting a program maps nothing.
fn pooled(mut config: Config) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(RUNS_MAX)
        .total_memories(RUNS_MAX)
        .total_stacks(RUNS_MAX)
        .total_tables(RUNS_MAX)
        .max_core_instance_size(INSTANCE_LEN_MAX)
        .max_memory_size(MEMORY_LEN_MAX)
        .table_elements(TABLE_ENTRIES_MAX as usize)
        .linear_memory_keep_resident(RESIDENT_LEN)
        .async_stack_keep_resident(RESIDENT_LEN)
        .table_keep_resident(RESIDENT_LEN);
    config.allocation_strategy(pool);
    config
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        time::{Duration, Instant},
    };

    use alloy_primitives::B256;
    use wasmtime::Module;

    use super::*;
    use crate::stylus::{Compiler, Rules};

    const WAT: &str = r#"(module (memory (export "memory") 1 1)
        (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#;

    /// Files are written by another thread, some time later.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mut found = Vec::new();
            let mut folders = vec![folder.to_path_buf()];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    match path.is_dir() {
                        true => folders.push(path),
                        // What is being written has a name of its own.
                        false if path.to_string_lossy().contains("wip") => {}
                        false => found.push(path),
                    }
                }
            }
            if !found.is_empty() || Instant::now() > deadline {
                return found;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn modules_are_found_again_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let wasm = wat::parse_str(WAT).unwrap();
        let counts = |folder: &Path| {
            let cache = open(folder).unwrap();
            let engine = Engine::new(config().cache(Some(cache.clone()))).unwrap();
            Module::new(&engine, &wasm).unwrap();
            (cache.cache_hits(), cache.cache_misses())
        };
        assert_eq!(counts(folder.path()), (0, 1));
        assert!(!files(folder.path()).is_empty());
        assert_eq!(counts(folder.path()), (1, 0));
        for file in files(folder.path()) {
            fs::write(file, b"damaged").unwrap();
        }
        assert_eq!(counts(folder.path()), (0, 1));
    }

    /// A file where the folder should be: programs run all the same.
    #[test]
    fn a_folder_that_cannot_be_used_is_done_without() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(open(&file).is_none());
        let compiler = Compiler::with_folder(Some(&file)).unwrap();
        let wasm = || Ok::<_, Infallible>(wat::parse_str(WAT).unwrap());
        assert!(compiler.load(B256::ZERO, &Rules::default(), wasm).is_ok());
    }
}
