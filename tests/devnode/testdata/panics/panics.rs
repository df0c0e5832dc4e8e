//! A program that panics in the way that its first byte of input says. See README.md.

#[link(wasm_import_module = "vm_hooks")]
unsafe extern "C" {
    fn read_args(dest: *mut u8);
    fn pay_for_memory_grow(pages: u16);
}
#[unsafe(no_mangle)]
pub extern "C" fn mark_used() { unsafe { pay_for_memory_grow(0) } }

#[inline(never)]
fn dispatch(input: &[u8]) -> i32 {
    match input[0] {
        0 => 0,
        1 => panic!("a static message"),
        2 => { let v: Option<u32> = if input.len() == 1 { None } else { Some(1) }; v.unwrap() as i32 }
        3 => { let v: Result<u32, String> = if input.len() == 1 { Err("bad".to_string()) } else { Ok(1) }; v.unwrap() as i32 }
        4 => { let table = [1, 2, 3]; table[input.len() + 4] }
        5 => panic!("number {} is {} odd", input[0], "very"),
        6 => { 7 / (input.len() as i32 - 1) }
        7 => { assert_eq!(input.len(), 2, "lengths differ"); 0 }
        8 => { let v: Option<u32> = if input.len() == 1 { None } else { Some(1) }; v.expect("the owner is set") as i32 }
        9 => std::process::abort(),
        10 => unreachable!(),
        11 => { let n = input.len().wrapping_sub(2); input[n..].len() as i32 }
        _ => todo!(),
    }
}
#[unsafe(no_mangle)]
pub extern "C" fn user_entrypoint(len: usize) -> i32 {
    let mut input = vec![0; len];
    unsafe { read_args(input.as_mut_ptr()) };
    dispatch(&input)
}
