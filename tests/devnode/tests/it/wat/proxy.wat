;; Calls another contract and passes on its result.
;;
;; Input: kind (1 byte: 0 call, 1 delegate, 2 static), address (20), value (32), calldata.
;; Output: what the callee returned; reverts with it if the callee failed.
(module
  (import "vm_hooks" "read_args" (func $read_args (param i32)))
  (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
  (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "delegate_call_contract" (func $delegate (param i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "static_call_contract" (func $static (param i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "read_return_data" (func $read_return (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "user_entrypoint") (param $len i32) (result i32)
    (local $status i32) (local $size i32) (local $kind i32)
    ;; The input lies at 1024; the length of the return data at 0.
    (call $read_args (i32.const 1024))
    (local.set $kind (i32.load8_u (i32.const 1024)))
    (if (i32.eqz (local.get $kind))
      (then (local.set $status (call $call
        (i32.const 1025) (i32.const 1077) (i32.sub (local.get $len) (i32.const 53))
        (i32.const 1045) (i64.const -1) (i32.const 0)))))
    (if (i32.eq (local.get $kind) (i32.const 1))
      (then (local.set $status (call $delegate
        (i32.const 1025) (i32.const 1077) (i32.sub (local.get $len) (i32.const 53))
        (i64.const -1) (i32.const 0)))))
    (if (i32.eq (local.get $kind) (i32.const 2))
      (then (local.set $status (call $static
        (i32.const 1025) (i32.const 1077) (i32.sub (local.get $len) (i32.const 53))
        (i64.const -1) (i32.const 0)))))
    (local.set $size (i32.load (i32.const 0)))
    (drop (call $read_return (i32.const 8192) (i32.const 0) (local.get $size)))
    (call $write_result (i32.const 8192) (local.get $size))
    (i32.ne (local.get $status) (i32.const 0))))
