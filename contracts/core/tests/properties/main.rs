//! What defines each function of the crate, as properties, in the domains and within the errors of [`bounds`].

mod bounds;
mod bucket;
mod fixed;
mod price;
mod rebalance;
mod shares;
mod tick;
mod twap;
mod values;
mod weights;
