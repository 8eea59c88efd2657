//! What operators should know of the process as a whole.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What is amiss, by topic. A topic is one of a few words of ours.
#[derive(Debug, Default)]
pub struct Notices(Mutex<BTreeMap<&'static str, String>>);

impl Notices {
    /// Says what is amiss with a topic; `None` takes it back.
    pub fn set(&self, topic: &'static str, notice: Option<String>) {
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match notice {
            Some(notice) => notices.insert(topic, notice),
            None => notices.remove(topic),
        };
    }

    /// Lists everything that is amiss.
    pub(super) fn list(&self) -> Vec<String> {
        let notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = notices
            .iter()
            .map(|(topic, notice)| format!("{topic}: {notice}"));
        lines.collect()
    }
}
