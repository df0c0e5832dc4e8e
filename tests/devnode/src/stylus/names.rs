//! Names of functions for looking at a program that was deployed without them: those of another build.

use std::iter::zip;

use alloy_primitives::{B256, Bytes, Keccak256};
use thiserror::Error;
use wasm_encoder::{CustomSection, NameMap, NameSection, Section};
use wasmparser::{
    BinaryReader, BinaryReaderError, FunctionBody, KnownCustom, Name, NameSectionReader, Parser,
    Payload,
};

/// The sections that decide what a module does, by their ids from 1 on.
const SECTIONS: [&str; 13] = [
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];

/// Why a build gives no names to a program.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NamesError {
    /// It cannot be read.
    #[error("not wasm: {0}")]
    Wasm(String),
    /// It is stripped as well.
    #[error("it names no functions: build it with strip = false")]
    Nameless,
    /// What it calls its functions cannot be read.
    #[error("its name section is malformed: {0}")]
    Malformed(String),
    /// It is a build of something else, or by another compiler.
    #[error("it is another program: the {0} sections differ")]
    Differs(&'static str),
}

/// Names of functions: the content of a `name` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Bytes);

impl Names {
    /// Those in the content of a section.
    ///
    /// # Errors
    /// [`NamesError::Malformed`], [`NamesError::Nameless`]
    pub fn new(section: Bytes) -> Result<Self, NamesError> {
        match functions(&section) {
            Ok(names) if names.is_empty() => Err(NamesError::Nameless),
            Ok(names) => {
                let mut section = NameSection::new();
                section.functions(&names);
                Ok(Self(section.as_custom().data.into_owned().into()))
            }
            Err(error) => Err(NamesError::Malformed(error.to_string())),
        }
    }

    /// Those of a build of the program that lies at `deployed`, which must be the same but for custom
    /// sections.
    ///
    /// # Errors
    /// Every [`NamesError`].
    pub fn of(build: &[u8], deployed: &[u8]) -> Result<Self, NamesError> {
        let (build, deployed) = (parts(build)?, parts(deployed)?);
        let pairs = build.sections.iter().zip(&deployed.sections);
        let mut different = pairs.skip(1).zip(SECTIONS).filter(|((a, b), _)| a != b);
        if let Some((_, name)) = different.next() {
            return Err(NamesError::Differs(name));
        }
        let bodies = zip(&build.bodies, &deployed.bodies).map(|(a, b)| is_same_body(a, b));
        let are_same = bodies.collect::<Result<Vec<_>, _>>()?;
        if build.bodies.len() != deployed.bodies.len() || are_same.contains(&false) {
            return Err(NamesError::Differs("code"));
        }
        let names = build.names.ok_or(NamesError::Nameless)?;
        Self::new(Bytes::copy_from_slice(names))
    }

    /// The content of the section.
    pub fn section(&self) -> &Bytes {
        &self.0
    }

    /// What tells a program with these names from it with others.
    pub fn content(&self, program: B256) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(program);
        hasher.update(&self.0);
        hasher.finalize()
    }

    /// Adds them to a module, in which they come before its own.
    pub fn add_to(&self, wasm: &mut Vec<u8>) {
        let section = CustomSection {
            name: "name".into(),
            data: self.0.as_ref().into(),
        };
        section.append_to(wasm);
    }
}

/// The names of functions in a section. What else it names is held against a program's limits.
fn functions(section: &[u8]) -> Result<NameMap, BinaryReaderError> {
    let mut names = NameMap::new();
    for name in NameSectionReader::new(BinaryReader::new(section, 0)) {
        if let Name::Function(functions) = name? {
            for function in functions {
                let function = function?;
                names.append(function.index, function.name);
            }
        }
    }
    Ok(names)
}

/// Whether two functions do the same. Compilers leave room in some numbers, which tools take away.
fn is_same_body(a: &FunctionBody<'_>, b: &FunctionBody<'_>) -> Result<bool, BinaryReaderError> {
    let locals = |body: &FunctionBody<'_>| -> Result<Vec<_>, BinaryReaderError> {
        body.get_locals_reader()?.into_iter().collect()
    };
    if locals(a)? != locals(b)? {
        return Ok(false);
    }
    let (mut a, mut b) = (a.get_operators_reader()?, b.get_operators_reader()?);
    while !a.eof() && !b.eof() {
        if a.read()? != b.read()? {
            return Ok(false);
        }
    }
    Ok(a.eof() && b.eof())
}

/// A module, taken apart.
#[derive(Default)]
struct Parts<'a> {
    /// By their ids, but for code.
    sections: [Option<&'a [u8]>; SECTIONS.len() + 1],
    bodies: Vec<FunctionBody<'a>>,
    names: Option<&'a [u8]>,
}

fn parts(wasm: &[u8]) -> Result<Parts<'_>, NamesError> {
    let mut parts = Parts::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(_) = section.as_known() {
                    parts.names = Some(section.data());
                }
            }
            Payload::CodeSectionStart { .. } => {}
            Payload::CodeSectionEntry(body) => parts.bodies.push(body),
            other => {
                if let Some((id, range)) = other.as_section()
                    && let Some(section) = parts.sections.get_mut(usize::from(id))
                {
                    *section = wasm.get(range);
                }
            }
        }
    }
    Ok(parts)
}

impl From<BinaryReaderError> for NamesError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Wasm(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::IndirectNameMap;

    use super::*;

    const WAT: &str = r#"(module (memory 1)
        (func $first (result i32) i32.const 1)
        (func $second (export "f") (result i32) call $first))"#;

    fn nameless(wat: &str) -> Vec<u8> {
        let wat = wat.replace("$first", "0").replace("(func 0", "(func");
        wat::parse_str(wat.replace("$second", "")).unwrap()
    }

    #[test]
    fn a_build_names_the_functions_of_the_same_code() {
        let build = wat::parse_str(WAT).unwrap();
        let mut deployed = nameless(WAT);
        assert!(deployed.len() < build.len());
        let names = Names::of(&build, &deployed).unwrap();
        assert_eq!(Names::new(names.section().clone()), Ok(names.clone()));
        names.add_to(&mut deployed);
        assert_eq!(Names::of(&deployed, &build), Ok(names));
    }

    /// A module's name may be too long for a program.
    #[test]
    fn nothing_but_functions_keeps_its_name() {
        let mut functions = NameMap::new();
        functions.append(1, "second");
        let mut section = NameSection::new();
        section.functions(&functions);
        let bare = Names::new(section.as_custom().data.into_owned().into());
        let mut section = NameSection::new();
        section.module(&"m".repeat(1_000));
        section.functions(&functions);
        section.locals(&IndirectNameMap::new());
        let full = Names::new(section.as_custom().data.into_owned().into());
        assert!(bare.is_ok());
        assert_eq!(full, bare);
    }

    /// A number with room, as linkers leave it for relocations.
    #[test]
    fn room_in_numbers_makes_no_difference() {
        let deployed = nameless(WAT);
        let short = deployed
            .windows(4)
            .position(|ops| *ops == [0, 0x10, 0, 0x0b]);
        let (start, call) = (short.unwrap() - 1, short.unwrap() + 1);
        let mut roomy = deployed.clone();
        roomy.splice(call..call + 2, [0x10, 0x80, 0x80, 0x80, 0x80, 0]);
        // The body is longer by 4, and so is its section.
        roomy[start] += 4;
        let section = deployed
            .windows(2)
            .rposition(|part| *part == [10, 11])
            .unwrap();
        roomy[section + 1] += 4;
        let names = Names::of(&wat::parse_str(WAT).unwrap(), &deployed).unwrap();
        assert_eq!(Names::of(&wat::parse_str(WAT).unwrap(), &roomy), Ok(names));
    }

    #[test]
    fn other_code_gives_no_names() {
        let build = wat::parse_str(WAT).unwrap();
        let of = |deployed: &str| Names::of(&build, &nameless(deployed));
        let code = WAT.replace("i32.const 1", "i32.const 2");
        assert_eq!(of(&code), Err(NamesError::Differs("code")));
        let types = WAT.replace("(memory 1)", "(memory 1) (func (param i64))");
        assert_eq!(of(&types), Err(NamesError::Differs("type")));
        let memory = WAT.replace("(memory 1)", "(memory 2)");
        assert_eq!(of(&memory), Err(NamesError::Differs("memory")));
        let bare = nameless(WAT);
        assert_eq!(Names::of(&bare, &build), Err(NamesError::Nameless));
        let Err(NamesError::Wasm(_)) = Names::of(b"text", &bare) else {
            panic!("text was read");
        };
        for section in [&[1, 200, 1, 0][..], &[1, 2, 9, 0]] {
            let names = Names::new(Bytes::copy_from_slice(section));
            assert!(matches!(names, Err(NamesError::Malformed(_))), "{names:?}");
        }
        assert_eq!(Names::new(Bytes::new()), Err(NamesError::Nameless));
    }
}
