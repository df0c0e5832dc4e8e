//! `cargo stylus export-abi` and `cargo stylus constructor` run this.

#![cfg_attr(not(feature = "export-abi"), no_main)]

#[cfg(feature = "export-abi")]
fn main() {
    devnode_example::print_from_args();
}
