;; Creates a contract with the input as init code, by create2 with salt 0 if the first byte of the
;; input is 2, else by create1, and with the call's value. Returns its address, or reverts with what
;; its constructor reverted with.
(module
  (import "vm_hooks" "read_args" (func $read_args (param i32)))
  (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
  (import "vm_hooks" "msg_value" (func $value (param i32)))
  (import "vm_hooks" "create1" (func $create1 (param i32 i32 i32 i32 i32)))
  (import "vm_hooks" "create2" (func $create2 (param i32 i32 i32 i32 i32 i32)))
  (import "vm_hooks" "read_return_data" (func $read_return (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "user_entrypoint") (param $len i32) (result i32)
    (local $size i32)
    (call $read_args (i32.const 1024))
    (call $value (i32.const 64))
    (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 2))
      (then (call $create2
        (i32.const 1025) (i32.sub (local.get $len) (i32.const 1)) (i32.const 64)
        (i32.const 128) (i32.const 0) (i32.const 32)))
      (else (call $create1
        (i32.const 1025) (i32.sub (local.get $len) (i32.const 1)) (i32.const 64)
        (i32.const 0) (i32.const 32))))
    (local.set $size (i32.load (i32.const 32)))
    (if (local.get $size)
      (then
        (drop (call $read_return (i32.const 16384) (i32.const 0) (local.get $size)))
        (call $write_result (i32.const 16384) (local.get $size))
        (return (i32.const 1))))
    (call $write_result (i32.const 0) (i32.const 20))
    (i32.const 0)))
