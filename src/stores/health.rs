//! How a store is, for whoever asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::{StoreError, StoreState};

/// What a store and its write queue know about each other's trouble. Reading
/// and writing it never waits.
#[derive(Debug, Default)]
pub struct StoreHealth {
    fault: Mutex<Option<String>>,
    buffered: AtomicU64,
    merged: AtomicU64,
}

impl StoreHealth {
    /// Notes that the store has failed.
    pub fn failed(&self, error: &StoreError) {
        self.set_fault(Some(error.0.clone()));
    }

    /// Notes that the store works.
    pub fn works(&self) {
        self.set_fault(None);
    }

    fn set_fault(&self, fault: Option<String>) {
        let mut known = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        match (known.as_deref(), &fault) {
            (None, Some(fault)) => tracing::warn!(fault, "the store does not work"),
            (Some(_), None) => tracing::info!("the store works again"),
            _ => {}
        }
        *known = fault;
    }

    pub(super) fn set_buffered(&self, entries: usize) {
        self.buffered.store(entries as u64, Ordering::Relaxed);
    }

    pub(super) fn add_merged(&self, entries: u64) {
        self.merged.fetch_add(entries, Ordering::Relaxed);
    }

    /// Describes a store of this `kind`.
    pub fn state(&self, kind: &'static str) -> StoreState {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        StoreState {
            kind,
            fault: fault.clone(),
            buffered: self.buffered.load(Ordering::Relaxed),
            merged: self.merged.load(Ordering::Relaxed),
        }
    }
}
