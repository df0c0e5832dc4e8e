//! The functions that a program can import, one module per topic.
//!
//! Each buys its base price first, then what depends on lengths, then reads its inputs, asks the EVM,
//! buys the EVM's gas, and writes its results last; so what a program pays before it fails on a bad
//! pointer is part of the rules. Words are 32 bytes big-endian, addresses 20 bytes.

mod account;
mod call;
mod context;
mod create;
mod debug;
mod io;
mod log;
mod math;
mod pages;
pub(super) mod signature;
mod storage;

use wasmtime::{Caller, Linker};

use self::signature::VM_HOOKS;
use super::host::{Failed, Host, HostState};

/// Defines a function that needs no EVM under its own name.
macro_rules! direct {
    ($linker:ident: $($topic:ident::$name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)?;)*) => {
        $($linker.func_wrap(
            VM_HOOKS,
            stringify!($name),
            |caller: Caller<'_, HostState>, $($arg: $ty),*| -> wasmtime::Result<direct!(@ $($out)?)> {
                let function = stringify!($name);
                Host::new(caller)
                    .and_then(|mut host| $topic::$name(&mut host, $($arg),*))
                    .map_err(|error| Failed { function, error }.into())
            },
        )?;)*
    };
    (@) => { () };
    (@ $out:ty) => { $out };
}

/// Defines a function that asks the EVM under its own name.
macro_rules! asking {
    ($linker:ident: $($topic:ident::$name:ident($($arg:ident: $ty:ty),*) $(-> $out:ty)?;)*) => {
        $($linker.func_wrap_async(
            VM_HOOKS,
            stringify!($name),
            |caller: Caller<'_, HostState>, ($($arg,)*): ($($ty,)*)| Box::new(async move {
                let function = stringify!($name);
                let failed = |error| Failed { function, error };
                let mut host = Host::new(caller).map_err(failed)?;
                let out: asking!(@ $($out)?) =
                    $topic::$name(&mut host, $($arg),*).await.map_err(failed)?;
                wasmtime::Result::Ok(out)
            }),
        )?;)*
    };
    (@) => { () };
    (@ $out:ty) => { $out };
}

/// Defines all functions; which of them a program may import was decided when it was activated.
pub(super) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    direct! { linker:
        io::read_args(dest: u32);
        io::write_result(ptr: u32, len: u32);
        io::exit_early(status: u32);
        io::read_return_data(dest: u32, offset: u32, size: u32) -> u32;
        io::return_data_size() -> u32;

        storage::storage_cache_bytes32(key: u32, value: u32);

        context::block_basefee(dest: u32);
        context::block_coinbase(dest: u32);
        context::block_gas_limit() -> u64;
        context::block_number() -> u64;
        context::block_timestamp() -> u64;
        context::chainid() -> u64;
        context::contract_address(dest: u32);
        context::evm_gas_left() -> u64;
        context::evm_ink_left() -> u64;
        context::msg_reentrant() -> u32;
        context::msg_sender(dest: u32);
        context::msg_value(dest: u32);
        context::tx_gas_price(dest: u32);
        context::tx_ink_price() -> u32;
        context::tx_origin(dest: u32);

        math::math_div(value: u32, divisor: u32);
        math::math_mod(value: u32, modulus: u32);
        math::math_pow(value: u32, exponent: u32);
        math::math_add_mod(value: u32, addend: u32, modulus: u32);
        math::math_mul_mod(value: u32, factor: u32, modulus: u32);
        math::native_keccak256(ptr: u32, len: u32, dest: u32);
    }
    asking! { linker:
        storage::storage_load_bytes32(key: u32, dest: u32);
        storage::storage_flush_cache(clear: u32);
        storage::transient_load_bytes32(key: u32, dest: u32);
        storage::transient_store_bytes32(key: u32, value: u32);

        call::call_contract(to: u32, data: u32, len: u32, value: u32, gas: u64, ret_len: u32) -> u32;
        call::delegate_call_contract(to: u32, data: u32, len: u32, gas: u64, ret_len: u32) -> u32;
        call::static_call_contract(to: u32, data: u32, len: u32, gas: u64, ret_len: u32) -> u32;

        create::create1(code: u32, len: u32, endowment: u32, address: u32, revert_len: u32);
        create::create2(
            code: u32, len: u32, endowment: u32, salt: u32, address: u32, revert_len: u32
        );

        log::emit_log(ptr: u32, len: u32, topics: u32);

        account::account_balance(address: u32, dest: u32);
        account::account_code(address: u32, offset: u32, size: u32, dest: u32) -> u32;
        account::account_code_size(address: u32) -> u32;
        account::account_codehash(address: u32, dest: u32);

        pages::pay_for_memory_grow(pages: u32);
    }
    debug::link(linker)
}

#[cfg(test)]
mod tests {
    use wasmtime::{Engine, Linker, Store, ValType};

    use super::{
        super::host::HostState,
        signature::{CONSOLE, DEBUG, VM_HOOKS, table},
    };

    /// What validation lets programs import is exactly what is there.
    #[test]
    fn signatures_match_the_functions() {
        let engine = Engine::default();
        let mut linker = Linker::<HostState>::new(&engine);
        super::link(&mut linker).unwrap();
        let mut store = Store::new(&engine, HostState::default());
        let defined: Vec<_> = linker
            .iter(&mut store)
            .map(|(m, n, _)| (m.to_owned(), n.to_owned()))
            .collect();
        assert_eq!(defined.len(), 42 + 9 + 3);

        let same = |a: ValType, b: &wasmparser::ValType| {
            format!("{a:?}").eq_ignore_ascii_case(&format!("{b:?}"))
        };
        for module in [VM_HOOKS, CONSOLE, DEBUG] {
            for (name, params, results) in table(module, true).unwrap() {
                let ty = linker
                    .get(&mut store, module, name)
                    .unwrap()
                    .into_func()
                    .unwrap()
                    .ty(&store);
                assert!(
                    ty.params().len() == params.len()
                        && ty.params().zip(*params).all(|(a, b)| same(a, b)),
                    "{name}"
                );
                assert!(
                    ty.results().len() == results.len()
                        && ty.results().zip(*results).all(|(a, b)| same(a, b)),
                    "{name}"
                );
            }
        }
    }
}
