//! What the rewriting adds, read back from its output.

use wasmparser::{Operator, Parser, Payload};

use super::{ActivationError, activate_wat, module};

/// The operators of each function after rewriting, by name and constant.
fn rewritten(fields: &str) -> Vec<Vec<String>> {
    let activation = activate_wat(&module(fields)).unwrap();
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(&activation.instrumented) {
        if let Payload::CodeSectionEntry(body) = payload.unwrap() {
            let ops = body.get_operators_reader().unwrap();
            functions.push(ops.into_iter().map(|op| name(&op.unwrap())).collect());
        }
    }
    functions
}

fn name(operator: &Operator<'_>) -> String {
    match operator {
        Operator::I32Const { value } => format!("I32Const {value}"),
        Operator::I64Const { value } => format!("I64Const {value}"),
        Operator::GlobalGet { global_index } => format!("get {global_index}"),
        Operator::GlobalSet { global_index } => format!("set {global_index}"),
        other => format!("{other:?}")
            .split([' ', '{'])
            .next()
            .unwrap()
            .to_owned(),
    }
}

const ENTRY: &str = r#"MEMORY (func (export "user_entrypoint") (param i32) (result i32)"#;

fn prologue(frame: u32) -> Vec<String> {
    let frame = format!("I32Const {frame}");
    let take = [
        "get 3",
        &frame,
        "I32LeU",
        "If",
        "I32Const 0",
        "set 3",
        "Unreachable",
        "End",
    ];
    let rest = ["get 3", &frame, "I32Sub", "set 3"];
    take.iter()
        .chain(&rest)
        .map(|op| (*op).to_owned())
        .collect()
}

fn charge(cost: u64) -> Vec<String> {
    let cost = format!("I64Const {cost}");
    let check = [
        "get 0",
        &cost,
        "I64LtU",
        "If",
        "I32Const 1",
        "set 1",
        "Unreachable",
        "End",
    ];
    let pay = ["get 0", &cost, "I64Sub", "set 0"];
    check
        .iter()
        .chain(&pay)
        .map(|op| (*op).to_owned())
        .collect()
}

fn epilogue(frame: u32) -> Vec<String> {
    [
        "get 3",
        &format!("I32Const {frame}"),
        "I32Add",
        "set 3",
        "Return",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn ops(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_block_is_charged_once() {
    let functions = rewritten(&format!("{ENTRY} nop i32.const 7)"));
    let expected = [
        prologue(6),
        charge(2_450 + 3),
        ops(&["Nop", "I32Const 7"]),
        epilogue(6),
        ops(&["End"]),
    ];
    assert_eq!(functions, [expected.concat()]);
}

#[test]
fn control_splits_blocks_but_block_and_unreachable_do_not() {
    let functions = rewritten(&format!(
        "{ENTRY} (block (br_if 0 (local.get 0))) unreachable)"
    ));
    let expected = [
        prologue(6),
        charge(2_450 + 1 + 75 + 765),
        ops(&["Block", "LocalGet", "BrIf"]),
        charge(2_450 + 1),
        ops(&["End"]),
        charge(2_450 + 1 + 1),
        ops(&["Unreachable"]),
        epilogue(6),
        ops(&["End"]),
    ];
    assert_eq!(functions, [expected.concat()]);
}

#[test]
fn bulk_operators_pay_by_length() {
    let fill = "(memory.fill (i32.const 0) (i32.const 1) (i32.const 9))";
    let functions = rewritten(&format!("{ENTRY} {fill} i32.const 0)"));
    let length = ops(&[
        "set 2",
        "get 0",
        "get 0",
        "get 2",
        "I64ExtendI32U",
        "I64Const 100",
        "I64Mul",
        "I64Sub",
        "set 0",
        "get 0",
        "I64LtU",
        "If",
        "I32Const 1",
        "set 1",
        "Unreachable",
        "End",
        "get 2",
    ]);
    assert_eq!(length.len(), 17);
    let body = &functions[0];
    let at = body.iter().position(|op| op == "MemoryFill").unwrap();
    assert_eq!(body[at - 17..at], length);
}

#[test]
fn growing_is_paid_only_where_memory_can_grow() {
    let grow = r#"(import "vm_hooks" "pay_for_memory_grow" (func (param i32)))
        (memory (export "memory") 1 MAX)
        (func (export "user_entrypoint") (param i32) (result i32) (memory.grow (i32.const 1)))"#;
    let growable = &rewritten(&grow.replace("MAX", "2"))[0];
    let at = growable.iter().position(|op| op == "MemoryGrow").unwrap();
    assert_eq!(
        growable[at - 4..at],
        ops(&["set 2", "get 2", "get 2", "Call"])
    );
    let fixed = &rewritten(&grow.replace("MAX", "1"))[0];
    assert_eq!(fixed.len(), growable.len() - 4);
}

#[test]
fn returns_give_the_frame_back_and_branches_do_not() {
    let functions = rewritten(&format!(
        "{ENTRY} (br_if 0 (i32.const 1) (i32.const 1)) return)"
    ));
    let body = &functions[0];
    let given_back = body
        .windows(2)
        .filter(|pair| *pair == ops(&["set 3", "Return"]))
        .count();
    assert_eq!(given_back, 2);
    let at = body.iter().position(|op| op == "BrIf").unwrap();
    assert_eq!(body[at - 1], "I32Const 1");
}

#[test]
fn frames_count_operands_and_locals() {
    let frame = |fields: &str| {
        let functions = rewritten(&format!("{ENTRY} {fields})"));
        functions[0][1]
            .trim_start_matches("I32Const ")
            .parse::<u32>()
            .unwrap()
    };
    assert_eq!(frame("i32.const 0"), 2 + 4);
    assert_eq!(frame("(local i32 i64 i32) i32.const 0"), 2 + 3 + 4);
    let three = "(i32.add (i32.const 1) (i32.add (i32.const 2) (i32.const 3)))";
    assert_eq!(frame(three), 3 + 4);
    assert_eq!(frame(&format!("(return (i32.const 0)) {three}")), 4 + 4);
    assert_eq!(
        frame("(if (result i32) (local.get 0) (then i32.const 1) (else i32.const 2))"),
        3 + 4
    );
}

#[test]
fn the_result_has_no_start_and_few_exports() {
    let fields = r#"MEMORY (global (export "g") i32 (i32.const 1)) (func (export "other"))
        (func (export "user_entrypoint") (param i32) (result i32) i32.const 0)"#;
    let activation = activate_wat(&module(fields)).unwrap();
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&activation.instrumented) {
        if let Payload::ExportSection(exports) = payload.unwrap() {
            names.extend(exports.into_iter().map(|export| export.unwrap().name));
        }
    }
    let meter = ["ink_left", "ink_status", "scratch", "stack_left"];
    assert_eq!(names, [&["memory", "user_entrypoint"][..], &meter].concat());
}

#[test]
fn the_operator_limit_counts_added_operators() {
    let nops = |count: usize| {
        activate_wat(&module(&format!(
            "{ENTRY} {} i32.const 0)",
            "nop ".repeat(count)
        )))
    };
    // 12 for the frame, 12 for the block, 5 to give back, and `i32.const` and `end`.
    let most = 65_536 - 12 - 12 - 5 - 2;
    assert!(nops(most).is_ok());
    let error = nops(most + 1).unwrap_err();
    assert!(
        matches!(error, ActivationError::TooMany { count: 65_537, .. }),
        "{error}"
    );
}
