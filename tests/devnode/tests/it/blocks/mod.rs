//! How blocks are made and unmade.

mod mining;
mod pool;
mod rewind;
mod roots;
