//! The programs `stylus-devnode` and `vectors`, and what is written about them.

mod divergences;
mod flags;
mod inspect;
mod log;
mod methods;
mod process;
mod quick_start;
pub(crate) mod readme;
mod vectors;
