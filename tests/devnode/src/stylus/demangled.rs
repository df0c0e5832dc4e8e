//! Names of Rust's functions as they are written in its source.

use std::fmt::{self, Write};

use rustc_demangle::demangle;

/// {byte} Longest name that is told: a mangled one of a few bytes can stand for a megabyte.
const LEN_MAX: usize = 256;

/// The name without its hash; none if it is too long.
pub(super) fn demangled(name: &str) -> Option<String> {
    let mut short = Short(String::new());
    write!(short, "{:#}", demangle(name)).ok()?;
    Some(short.0)
}

/// Text up to [`LEN_MAX`].
struct Short(String);

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len().saturating_add(text.len()) > LEN_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_told_unless_it_is_long() {
        let name = "_ZN4core9panicking9panic_fmt17h0123456789abcdefE";
        assert_eq!(demangled(name).unwrap(), "core::panicking::panic_fmt");
        assert_eq!(demangled("main").unwrap(), "main");
        assert_eq!(demangled(&"a".repeat(LEN_MAX)).unwrap().len(), LEN_MAX);
        assert_eq!(demangled(&"a".repeat(LEN_MAX + 1)), None);
    }
}
