//! State that lives as long as the process.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::domain::{Ledger, LedgerEntry};

/// A ledger of the latest entries; older ones are forgotten.
#[derive(Debug)]
pub struct MemoryLedger {
    capacity: usize,
    entries: Mutex<VecDeque<LedgerEntry>>,
}

impl MemoryLedger {
    /// Makes a ledger of at most `capacity` entries (about 300 bytes each).
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Mutex::default(),
        }
    }

    /// Copies the entries, oldest first.
    pub fn entries(&self) -> Vec<LedgerEntry> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

impl Ledger for MemoryLedger {
    fn record(&self, entry: LedgerEntry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.capacity {
            entries.pop_front();
        }
        if self.capacity > 0 {
            entries.push_back(entry);
        }
    }
}
