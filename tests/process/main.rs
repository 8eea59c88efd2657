//! The built binary over real sockets: starting, refusing to start, stopping.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

mod audit;
mod callers;
mod command;
mod database;
mod embedding;
mod eval;
mod eval_outcomes;
mod gateway;
mod keys;
mod killed;
mod load;
#[path = "../support/onnxruntime.rs"]
mod onnxruntime;
mod rated;
mod record;
mod reload;
mod shared;
mod sockets;
mod stopping;
mod store_trouble;
mod vertex;
