//! Bad days: vendors fail in every way while calls are made, in virtual time.
//!
//! Every run depends on a seed, which a failing test prints and `CHAOS_SEED`
//! sets. `cargo bench --bench chaos` runs the same scenarios over sockets.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

mod broken_bodies;
mod calendar;
mod cut_streams;
mod days;
mod deadline;
mod holds;
mod leaving;
#[path = "../gateway/ledger.rs"]
mod ledger;
mod load;
mod question;
mod run;
mod runner;
mod same_question;
mod scenario;
mod scenarios;
#[path = "../support/simulated_wire.rs"]
mod simulated_wire;
mod throttled;
mod town;
mod vendors;
mod wall_clock;
mod watched;
