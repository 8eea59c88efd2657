//! The built binary over real sockets: starting, refusing to start, stopping.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

mod command;
mod gateway;
mod sockets;
mod stopping;
mod vertex;
