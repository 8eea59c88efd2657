//! Where state is kept.

mod memory;

pub use memory::MemoryLedger;
