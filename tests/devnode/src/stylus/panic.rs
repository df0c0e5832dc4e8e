//! What a Rust panic left in the program's memory: its message and where it happened.
//!
//! The layouts are those of Rust's core library on wasm32, read with suspicion: nothing that does not
//! look like a panic is reported as one.

use std::{cell::Cell, collections::HashMap, fmt};

use super::instrument::watch::Seen;

/// {byte} Longest text that is read.
const TEXT_LEN_MAX: u32 = 4_096;
/// Most placeholders of a message, and most pieces of text.
const PIECES_MAX: u32 = 64;
/// How deep a value is followed through references and messages in messages.
const DEPTH_MAX: u32 = 4;
/// {byte} What is read of all texts, where a value counts as much as [`VALUE_COST`]: messages may hold
/// each other many times.
const READ_MAX: u32 = 1 << 16;
const VALUE_COST: u32 = 128;
/// Stands for a value that cannot be shown.
const UNKNOWN: &str = "\u{2026}";

/// A panic of Rust code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panic {
    /// What it says; `…` stands for values of types that are not read.
    pub message: Option<String>,
    /// Where it is in the source.
    pub location: Option<Place>,
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As the compiler was given it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// The memory after the trap, and what the module's functions are.
pub(super) struct Memory<'a> {
    bytes: &'a [u8],
    /// By their indices in the table.
    formatters: &'a HashMap<u32, Formatter>,
    /// {byte} Of [`READ_MAX`].
    left: Cell<u32>,
}

/// A function that formats a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Formatter {
    ty: String,
    /// `Debug` rather than `Display`: text is quoted.
    debug: bool,
}

impl Panic {
    /// Puts together what the functions that were called saw.
    pub(super) fn read(seen: &[(Seen, Vec<u32>)], memory: &Memory<'_>) -> Option<Self> {
        let mut panic = Self::default();
        // The most telling first; whatever one cannot tell is left to the next.
        let order = [
            Seen::PanicFmt,
            Seen::Handler,
            Seen::Text,
            Seen::Bounds,
            Seen::Unwrap,
        ];
        for wanted in order {
            for (seen, args) in seen.iter().filter(|(seen, _)| *seen == wanted) {
                let (message, location) = memory.panic(*seen, args);
                panic.message = panic.message.or(message);
                panic.location = panic.location.or(location);
            }
        }
        (panic != Self::default()).then_some(panic)
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("panicked")?;
        if let Some(place) = &self.location {
            write!(f, " at {place}")?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl<'a> Memory<'a> {
    pub(super) fn new(bytes: &'a [u8], formatters: &'a HashMap<u32, Formatter>) -> Self {
        Self {
            bytes,
            formatters,
            left: Cell::new(READ_MAX),
        }
    }

    /// Nothing once all is read that may be.
    fn spend(&self, cost: u32) -> Option<()> {
        self.left.set(self.left.get().checked_sub(cost)?);
        Some(())
    }

    fn panic(&self, seen: Seen, args: &[u32]) -> (Option<String>, Option<Place>) {
        match (seen, args) {
            (Seen::PanicFmt, [template, args, location]) => {
                (self.message(*template, *args, 0), self.place(*location))
            }
            (Seen::PanicFmt, [arguments, location]) => {
                (self.message_in_pieces(*arguments), self.place(*location))
            }
            (Seen::Handler, [info]) => (self.message_at(*info), self.place_in(*info)),
            (Seen::Text, [text, len, location]) => (self.text(*text, *len), self.place(*location)),
            (Seen::Bounds, [index, len, location]) => {
                let message =
                    format!("index out of bounds: the len is {len} but the index is {index}");
                (Some(message), self.place(*location))
            }
            (Seen::Unwrap, [location]) => {
                let message = "called `Option::unwrap()` on a `None` value";
                (Some(message.into()), self.place(*location))
            }
            _ => (None, None),
        }
    }

    /// The message of a `PanicInfo`, whose first word points to it.
    fn message_at(&self, info: u32) -> Option<String> {
        let arguments = self.word(info)?;
        self.message(self.word(arguments)?, self.word(at(arguments, 4))?, 0)
            .filter(|message| !message.is_empty())
            .or_else(|| self.message_in_pieces(arguments))
    }

    /// The location of a `PanicInfo`: which of its words points to it differs between compilers.
    fn place_in(&self, info: u32) -> Option<Place> {
        (0..5).find_map(|word| self.place(self.word(at(info, 4 * word))?))
    }

    /// A `Location`: file, its length, line, column.
    fn place(&self, location: u32) -> Option<Place> {
        let [file, len, line, column] = self.words(location)?;
        let file = self.text(file, len).filter(|file| file.contains('.'))?;
        let plausible = (1..1 << 24).contains(&line) && (1..1 << 16).contains(&column);
        plausible.then_some(Place { file, line, column })
    }

    /// A message of Rust 1.93 and later: a text of `args / 2` bytes if that is odd, else a template.
    fn message(&self, template: u32, args: u32, depth: u32) -> Option<String> {
        match args % 2 {
            1 => self.text(template, args / 2),
            _ => self.message_by_template(template, args, depth),
        }
    }

    /// A byte up to 127 announces that much text, 128 a length of two bytes, what has both upper bits a
    /// value with options, 0 the end.
    fn message_by_template(&self, mut template: u32, args: u32, depth: u32) -> Option<String> {
        let (mut message, mut next) = (String::new(), 0);
        for _ in 0..PIECES_MAX {
            let byte = *self.bytes.get(template as usize)?;
            template = at(template, 1);
            match byte {
                0 => return Some(message),
                1..=127 => {
                    message.push_str(&self.text(template, u32::from(byte))?);
                    template = at(template, u32::from(byte));
                }
                128 => {
                    let len = u32::from(self.short(template)?);
                    message.push_str(&self.text(at(template, 2), len)?);
                    template = at(template, 2 + len);
                }
                129..192 => return None,
                _ => {
                    let flag = |bit: u8, len: u32| if byte & bit == 0 { 0 } else { len };
                    let index = at(template, flag(1, 4) + flag(2, 2) + flag(4, 2));
                    if byte & 8 != 0 {
                        next = u32::from(self.short(index)?);
                    }
                    template = at(index, flag(8, 2));
                    message.push_str(&self.argument(at(args, 8 * next), depth));
                    next += 1;
                }
            }
        }
        None
    }

    /// A message before Rust 1.93: pieces of text and between them values.
    fn message_in_pieces(&self, arguments: u32) -> Option<String> {
        let [pieces, count, args, args_count] = self.words(arguments)?;
        if count > PIECES_MAX || args_count > PIECES_MAX || count + args_count == 0 {
            return None;
        }
        let mut message = String::new();
        for n in 0..count.max(args_count) {
            if n < count {
                let piece = at(pieces, 8 * n);
                message.push_str(&self.text(self.word(piece)?, self.word(at(piece, 4))?)?);
            }
            if n < args_count {
                message.push_str(&self.argument(at(args, 8 * n), 0));
            }
        }
        Some(message)
    }

    /// A value and the function that formats it.
    fn argument(&self, argument: u32, depth: u32) -> String {
        let read = || {
            self.spend(VALUE_COST)?;
            let formatter = self.formatters.get(&self.word(at(argument, 4))?)?;
            self.value(self.word(argument)?, formatter, &formatter.ty, depth)
        };
        read().unwrap_or_else(|| UNKNOWN.into())
    }

    fn value(&self, value: u32, formatter: &Formatter, ty: &str, depth: u32) -> Option<String> {
        if depth > DEPTH_MAX {
            return None;
        }
        let quoted = |text: String| match formatter.debug {
            true => format!("{text:?}"),
            false => text,
        };
        if ty == "&str" {
            let text = self.text(self.word(value)?, self.word(at(value, 4))?)?;
            return Some(quoted(text));
        }
        if ty.starts_with("&dyn ") {
            // Data and its table of methods: drop, size, alignment, then the formatter.
            let (data, table) = (self.word(value)?, self.word(at(value, 4))?);
            let formatter = self.formatters.get(&self.word(at(table, 12))?)?;
            return self.value(data, formatter, &formatter.ty, depth + 1);
        }
        if let Some(ty) = ty.strip_prefix('&') {
            return self.value(self.word(value)?, formatter, ty, depth + 1);
        }
        Some(match ty {
            "u8" => self.bytes.get(value as usize)?.to_string(),
            "i8" => (*self.bytes.get(value as usize)? as i8).to_string(),
            "u16" => self.short(value)?.to_string(),
            "i16" => (self.short(value)? as i16).to_string(),
            "u32" | "usize" => self.word(value)?.to_string(),
            "i32" | "isize" => (self.word(value)? as i32).to_string(),
            "u64" => u64::from_le_bytes(self.array(value)?).to_string(),
            "i64" => i64::from_le_bytes(self.array(value)?).to_string(),
            "u128" => u128::from_le_bytes(self.array(value)?).to_string(),
            "i128" => i128::from_le_bytes(self.array(value)?).to_string(),
            "bool" => (*self.bytes.get(value as usize)? != 0).to_string(),
            "char" => char::from_u32(self.word(value)?)?.to_string(),
            "core::fmt::Arguments" => {
                self.message(self.word(value)?, self.word(at(value, 4))?, depth + 1)?
            }
            // Capacity, pointer, length.
            "alloc::string::String" => {
                quoted(self.text(self.word(at(value, 4))?, self.word(at(value, 8))?)?)
            }
            _ => return None,
        })
    }

    fn text(&self, ptr: u32, len: u32) -> Option<String> {
        let start = ptr as usize;
        let text = self.bytes.get(start..start + len as usize)?;
        let short = len <= TEXT_LEN_MAX;
        short.then(|| self.spend(len))??;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }

    fn word(&self, ptr: u32) -> Option<u32> {
        self.array(ptr).map(u32::from_le_bytes)
    }

    fn words<const N: usize>(&self, ptr: u32) -> Option<[u32; N]> {
        let mut words = [0; N];
        for (word, n) in words.iter_mut().zip(0..) {
            *word = self.word(at(ptr, 4 * n))?;
        }
        Some(words)
    }

    fn short(&self, ptr: u32) -> Option<u16> {
        self.array(ptr).map(u16::from_le_bytes)
    }

    fn array<const N: usize>(&self, ptr: u32) -> Option<[u8; N]> {
        let start = ptr as usize;
        self.bytes.get(start..start + N)?.try_into().ok()
    }
}

/// A pointer moved on; past the end it stays there, and reads nothing.
fn at(ptr: u32, offset: u32) -> u32 {
    ptr.saturating_add(offset)
}

impl Formatter {
    /// What a function formats, by its name without hashes.
    pub(super) fn named(name: &str) -> Option<Self> {
        let traits = [("core::fmt::Display", false), ("core::fmt::Debug", true)];
        traits.iter().find_map(|(name_of_trait, debug)| {
            let by_trait = format!(" as {name_of_trait}>::fmt");
            let legacy = format!("<impl {name_of_trait} for ");
            let new = || name.strip_prefix('<')?.strip_suffix(&by_trait);
            let old = || name.split_once(&legacy)?.1.strip_suffix(">::fmt");
            Some(Self {
                ty: new().or_else(old)?.to_owned(),
                debug: *debug,
            })
        })
    }
}
