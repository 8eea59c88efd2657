//! PostgreSQL alone: what several instances may do to each other, and what
//! becomes of them when the server goes away.

mod concurrency;
mod database;
mod invariants;
mod learned;
mod limits;
mod properties;
mod proxy;
mod ratings;
mod rig;
mod set_up;
mod trouble;
mod vectors;

pub(crate) use database::{PlainPlace, PostgresPlace};
