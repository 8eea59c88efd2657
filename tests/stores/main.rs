//! What every store promises, shown by one suite, and what is special about
//! each of them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

mod book;
mod figures;
mod place;
mod postgres;
mod queue;
mod sqlite;
mod suite;

suite::of!(sqlite_file: crate::place::FilePlace);
suite::of!(sqlite_memory: crate::place::MemoryPlace);
suite::of!(postgres_database: crate::postgres::PostgresPlace);
suite::of_answers!(postgres_without_pgvector: crate::postgres::PlainPlace =>);
