//! Native code that is kept in memory, up to a size.

use std::collections::HashMap;

use alloy_primitives::B256;

use super::{CompileError, Program, Rules};

/// {byte} Most native code that is kept; the program that is added last is kept whatever its size.
const NATIVE_LEN_MAX: usize = 256 << 20;

/// {byte} What an error is counted as.
const ERROR_LEN: usize = 1 << 10;

/// What decides about a program's native code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    code_hash: B256,
    stylus_version: u16,
    debug: bool,
    seeing: bool,
}

impl Key {
    pub(super) fn new(code_hash: B256, rules: &Rules, seeing: bool) -> Self {
        Self {
            code_hash,
            stylus_version: rules.stylus_version,
            debug: rules.debug,
            seeing,
        }
    }
}

/// The programs that were used last, and why some cannot be compiled.
#[derive(Default)]
pub(super) struct Kept {
    programs: HashMap<Key, Entry>,
    /// {byte} Of them all.
    len: usize,
    /// Counts uses.
    clock: u64,
}

struct Entry {
    program: Result<Program, CompileError>,
    len: usize,
    used: u64,
}

impl Kept {
    pub(super) fn get(&mut self, key: &Key) -> Option<Result<Program, CompileError>> {
        self.clock += 1;
        let entry = self.programs.get_mut(key)?;
        entry.used = self.clock;
        Some(entry.program.clone())
    }

    /// Keeps a program, and lets go of those that were used longest ago for it.
    pub(super) fn insert(&mut self, key: Key, program: Result<Program, CompileError>) {
        let len = program.as_ref().map_or(ERROR_LEN, Program::native_len);
        self.clock += 1;
        let entry = Entry {
            program,
            len,
            used: self.clock,
        };
        self.len += len;
        if let Some(old) = self.programs.insert(key, entry) {
            self.len -= old.len;
        }
        while self.len > NATIVE_LEN_MAX && self.programs.len() > 1 {
            let oldest = self.programs.iter().min_by_key(|(_, entry)| entry.used);
            let Some(entry) = oldest
                .map(|(key, _)| *key)
                .and_then(|key| self.programs.remove(&key))
            else {
                return;
            };
            self.len -= entry.len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stylus::Compiler;

    /// The oldest goes first, and a use makes young.
    #[test]
    fn what_is_kept_is_bounded() {
        let wat = r#"(module (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#;
        let rules = Rules::default();
        let activation =
            crate::stylus::activate(&wat::parse_str(wat).unwrap(), &rules, 128).unwrap();
        let program = Compiler::new()
            .unwrap()
            .compile(&activation.instrumented)
            .unwrap();
        let key = |n: u8| Key::new(B256::repeat_byte(n), &rules, false);
        let mut kept = Kept::default();
        for n in 0..3 {
            kept.insert(key(n), Ok(program.clone()));
        }
        assert_eq!(kept.len, 3 * program.native_len());
        assert!(kept.get(&key(0)).is_some());
        // As if it had grown to just below the limit.
        kept.len = NATIVE_LEN_MAX;
        kept.insert(key(3), Ok(program.clone()));
        assert!(kept.get(&key(1)).is_none());
        assert!(kept.get(&key(0)).is_some() && kept.get(&key(2)).is_some());
        kept.insert(key(3), Ok(program.clone()));
        assert_eq!(kept.len, NATIVE_LEN_MAX);
    }
}
