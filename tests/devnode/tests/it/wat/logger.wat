;; Logs its input: 32 bytes of topic, then data. Traps after that if the data ends with the byte fe.
(module
  (import "vm_hooks" "read_args" (func $read_args (param i32)))
  (import "vm_hooks" "emit_log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1 1)
  (func (export "user_entrypoint") (param $len i32) (result i32)
    (call $read_args (i32.const 0))
    (call $log (i32.const 0) (local.get $len) (i32.const 1))
    (if (i32.eq (i32.load8_u (i32.sub (local.get $len) (i32.const 1))) (i32.const 0xfe))
      (then unreachable))
    (i32.const 0)))
