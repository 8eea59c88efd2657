//! Calls in flight per caller, group and in all, within this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::LimitScope;

/// Counts calls in flight.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: Arc<Mutex<HashMap<LimitScope, u64>>>,
}

/// Places that a call takes until this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    places: Arc<Mutex<HashMap<LimitScope, u64>>>,
    scopes: Vec<LimitScope>,
}

impl Places {
    /// Takes a place in each scope, or in none.
    ///
    /// # Errors
    /// The scope that has none left, and its limit.
    pub(super) fn take(&self, scopes: Vec<(LimitScope, u64)>) -> Result<Taken, (LimitScope, u64)> {
        let mut taken = lock(&self.taken);
        for (scope, most) in &scopes {
            if taken.get(scope).copied().unwrap_or(0) >= *most {
                return Err((scope.clone(), *most));
            }
        }
        let scopes: Vec<LimitScope> = scopes.into_iter().map(|(scope, _)| scope).collect();
        for scope in &scopes {
            *taken.entry(scope.clone()).or_default() += 1;
        }
        Ok(Taken {
            places: Arc::clone(&self.taken),
            scopes,
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut taken = lock(&self.places);
        for scope in &self.scopes {
            if let Some(count) = taken.get_mut(scope) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    taken.remove(scope);
                }
            }
        }
    }
}

fn lock(places: &Mutex<HashMap<LimitScope, u64>>) -> MutexGuard<'_, HashMap<LimitScope, u64>> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}
