//! Every refusal says why, where and what to do.

use super::module;
use crate::stylus::{ArbosVersion, Rules, inspect::inspect};

const ENTRY: &str =
    r#"(func $main (export "user_entrypoint") (param i32) (result i32) BODY i32.const 0)"#;

fn refusal(fields: &str) -> String {
    let wat = module(fields);
    let wasm = wat::parse_str(&wat).unwrap_or_else(|error| panic!("{error}: {wat}"));
    sentence(&wasm)
}

fn sentence(wasm: &[u8]) -> String {
    let inspection = inspect(wasm, &Rules::default());
    assert_eq!(inspection.costs, None);
    inspection.refusal.unwrap().to_string()
}

/// A program with these fields, whose entry point has this body.
fn program(fields: &str, body: &str) -> String {
    format!("{fields} MEMORY {}", ENTRY.replace("BODY", body))
}

#[test]
fn every_kind_of_failure_is_explained() {
    let many_data = "(data (i32.const 0) \"a\")".repeat(129);
    let long = "x".repeat(90_000);
    let locals = format!("(local {})", "i32 ".repeat(349));
    let cases: [(String, &str, &str); 25] = [
        (
            program(
                "(import \"a\" \"b\" (global i32)) (global i32 (global.get 0))",
                "",
            ),
            "globals and segment offsets must be single constants; ",
            "link the program statically",
        ),
        (
            format!(
                "(memory (export \"memory\") 2 2) (data (i32.const 0) \"{long}\") {}",
                ENTRY.replace("BODY", "")
            ),
            "cached cost does not fit its field; ",
            "make the program smaller",
        ),
        (
            program(
                "(data \"a\")",
                "(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))",
            ),
            "data count sections are not supported; ",
            "print the wasm as text",
        ),
        (
            "MEMORY".into(),
            "no function is exported as user_entrypoint; ",
            "#[entrypoint]",
        ),
        (
            "MEMORY (func (export \"user_entrypoint\"))".into(),
            "user_entrypoint must be defined as (i32) -> i32; ",
            "extern \"C\" fn(usize) -> usize",
        ),
        (
            program(
                "(import \"vm_hooks\" \"read_args\" (func (param i32))) (func (export \"x__read_args\"))",
                "",
            ),
            "export x__read_args has the name of an import; ",
            "rename or hide",
        ),
        (
            program("(import \"env\" \"now\" (func))", ""),
            "unknown import env.now; ",
            "no operating system",
        ),
        (
            program("(import \"console\" \"log_i32\" (func (param i32)))", ""),
            "unknown import console.log_i32; ",
            "only debug chains",
        ),
        (
            program("(import \"vm_hooks\" \"read_args\" (func))", ""),
            "import vm_hooks.read_args has the wrong type; ",
            "declare it as stylus-sdk does",
        ),
        (
            ENTRY.replace("BODY", ""),
            "no memory is exported as memory; ",
            "export exactly one memory",
        ),
        (
            format!(
                "(memory (export \"memory\") 129 129) {}",
                ENTRY.replace("BODY", "")
            ),
            "129 pages of memory, allowed are 128; ",
            "-zstack-size=32768",
        ),
        (
            format!(
                "(memory (export \"memory\") 1) {}",
                ENTRY.replace("BODY", "")
            ),
            "growing memory needs the import vm_hooks.pay_for_memory_grow; ",
            "`#[entrypoint]` does",
        ),
        (
            program("(func (export \"stylus_x\"))", ""),
            "name stylus_x is reserved; ",
            "rename that export",
        ),
        (
            program("", "(drop (f64.add (f64.const 1) (f64.const 2)))"),
            "unsupported operation F64Add, in function 0 (main) at byte 0x",
            "use integers or fixed point",
        ),
        (
            program("(data (i32.const 65536) \"a\")", ""),
            "a data segment is out of bounds; ",
            "initial memory",
        ),
        (
            program("(table 1 funcref) (elem (i32.const 1) 0)", ""),
            "a element segment is out of bounds; ",
            "table",
        ),
        (
            program("(func $s) (start $s)", ""),
            "start functions are not allowed; ",
            "remove `#[start]`",
        ),
        (
            program(&many_data, ""),
            "129 data segments, allowed are 128; ",
            "smaller",
        ),
        (
            program("", &locals),
            "349 locals of a function, allowed are 348, in function 0 (main); ",
            "split that function",
        ),
        (
            program("", &"nop ".repeat(65_536)),
            " operators of a function, allowed are 65536, in function 0 (main); ",
            "split that function",
        ),
        (
            program("(table 5000 funcref)", ""),
            "5000 table entries, allowed are 4096; ",
            "function pointers",
        ),
        (
            program("(func (result i32 i32) i32.const 0 i32.const 0)", ""),
            "invalid wasm: ",
            "-multivalue",
        ),
        (
            program("", "(drop (i32x4.splat (i32.const 0)))"),
            "invalid wasm: SIMD support is not enabled, in function 0 (main) at byte 0x",
            "-simd128",
        ),
        (
            program("", "(drop (ref.null func))"),
            "invalid wasm: ",
            "-reference-types",
        ),
        (
            program("", "(drop (i32.atomic.load (i32.const 0)))"),
            "invalid wasm: threads support is not enabled, in function 0 (main) at byte 0x",
            "-atomics",
        ),
    ];
    for (fields, reason, advice) in &cases {
        let sentence = refusal(fields);
        assert!(sentence.contains(reason), "{reason:?}: {sentence}");
        assert!(sentence.contains(advice), "{advice:?}: {sentence}");
    }
}

#[test]
fn broken_files_are_refused_with_a_place() {
    let wasm = wat::parse_str(module(&program("", ""))).unwrap();
    let cut = sentence(&wasm[..wasm.len() - 1]);
    assert!(
        cut.contains("at byte 0x") && cut.contains("check that the file is not cut"),
        "{cut}"
    );
    assert!(sentence(b"").starts_with("invalid wasm: "));

    // As linkers write it: the index of the memory in five bytes.
    let fields = program("", "(drop (memory.size))");
    let mut padded = wat::parse_str(module(&fields)).unwrap();
    let at = padded
        .windows(3)
        .position(|bytes| bytes == [0x3f, 0, 0x1a])
        .unwrap();
    padded.splice(at + 1..at + 2, [0x80, 0x80, 0x80, 0x80, 0]);
    let section = padded
        .windows(2)
        .rposition(|bytes| bytes[0] == 10 && bytes[1] < 0x40)
        .unwrap();
    padded[section + 1] += 4;
    padded[section + 3] += 4;
    let sentence = sentence(&padded);
    assert!(sentence.contains("its indices are padded"), "{sentence}");
}

#[test]
fn what_is_too_long_is_refused_by_the_chains_own_limits() {
    let fields = format!(
        "{} (func {})",
        program("", ""),
        "(drop (i32.const 77)) ".repeat(10_000)
    );
    let functions = "(func (drop (i32.const 1)))".repeat(5);
    let wasm = wat::parse_str(module(&format!("{fields} {functions}"))).unwrap();
    let mut rules = Rules::new(ArbosVersion(51));
    assert_eq!(inspect(&wasm, &rules).refusal, None);
    rules.max_wasm_size = wasm.len() as u32 - 1;
    let refusal = inspect(&wasm, &rules).refusal.unwrap();
    assert!(
        refusal.reason.starts_with("program is longer than"),
        "{refusal}"
    );
}

/// 30 kB that do not compress: two fragments from ArbOS 60 on, too much before.
#[test]
fn long_programs_take_fragments() {
    let mut noise = 1_u32;
    let bytes: String = (0..30_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            format!("\\{:02x}", noise >> 24)
        })
        .collect();
    let wasm = wat::parse_str(module(&program(
        &format!("(data (i32.const 0) \"{bytes}\")"),
        "",
    )))
    .unwrap();
    let inspection = inspect(&wasm, &Rules::default());
    assert_eq!(
        (inspection.fragments, inspection.refusal.as_ref()),
        (2, None)
    );
    assert_eq!(
        inspection.code_len(),
        inspection.compressed_len + 2 * 23 + 8
    );
    // Two cold accounts, and 3 gas for each word of the two codes.
    let words = 24_576_u64 / 32 + (inspection.compressed_len as u64 - 24_573 + 3).div_ceil(32);
    let costs = inspection.costs.unwrap();
    let fragments = 2 * 2_600 + 3 * words;
    assert_eq!(
        costs.activation_total,
        1_748_626 + costs.activation.total() + fragments
    );

    let inspection = inspect(&wasm, &Rules::new(ArbosVersion(59)));
    assert_eq!(inspection.fragments, 0);
    let refusal = inspection.refusal.unwrap();
    assert!(
        refusal.reason.contains("24572 can be deployed"),
        "{refusal}"
    );
}
