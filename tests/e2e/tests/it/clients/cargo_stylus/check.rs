//! `cargo stylus check`.

use eyre::Result;
use gimbal_e2e::blank::wasm_file;

use super::{Author, after};

#[tokio::test(flavor = "multi_thread")]
async fn check_accepts_a_program_and_quotes_its_size_and_data_fee() -> Result<()> {
    let author = Author::new().await?;
    let file = wasm_file("example").display().to_string();
    let check = author.arguments(&["check", "--wasm-file", &file]);
    let printed = author.done(&author.tool, &check).await?;
    let size: f64 = after(&printed, "contract size: ")?.parse()?;
    assert!(size > 10.0 && size < 24.0, "{printed}");
    let fee: f64 = after(&printed, "wasm data fee: ")?.parse()?;
    assert!(fee > 0.0 && fee < 0.01, "{printed}");

    let printed = author
        .done(&author.in_project(), &author.arguments(&["check"]))
        .await?;
    assert!(printed.contains("project metadata hash"), "{printed}");
    assert!(printed.contains("wasm data fee: "), "{printed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn check_rejects_a_program_and_says_why() -> Result<()> {
    let author = Author::new().await?;
    let memory = r#"(memory (export "memory") 1)"#;
    let grow = r#"(import "vm_hooks" "pay_for_memory_grow" (func (param i32)))"#;
    let entry = |body: &str| {
        format!(
            r#"(func (export "user_entrypoint") (param i32) (result i32) {body} (i32.const 0))"#
        )
    };
    let float = entry("(drop (f32.add (f32.const 1) (f32.const 2)))");
    let rejected = [
        (
            "float",
            format!("(module {grow} {memory} {float})"),
            "F32Add",
        ),
        (
            "import",
            format!(
                r#"(module (import "vm_hooks" "teleport" (func)) {grow} {memory} {})"#,
                entry("")
            ),
            "teleport",
        ),
        (
            "entry",
            format!("(module {grow} {memory})"),
            "user_entrypoint",
        ),
        ("memory", format!("(module {grow} {})", entry("")), "memory"),
    ];
    for (name, text, reason) in rejected {
        let file = author
            .chain
            .file(&format!("{name}.wasm"), wat::parse_str(text)?)?;
        let file = file.display().to_string();
        let check = author.arguments(&["check", "--wasm-file", &file]);
        let complaint = author.tool.refused(&check).await?;
        assert!(complaint.contains(reason), "{name}: {complaint}");
    }
    Ok(())
}
