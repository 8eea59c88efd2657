//! Members that a door does not know.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::Error;

/// What stands beside the members that are known. Clients that write down all
/// of a type's members send nulls, which say nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Others(Map<String, Value>);

impl Others {
    /// Refuses what says something, at `place`.
    ///
    /// # Errors
    /// `caller_invalid_request` that names a member.
    pub(super) fn refuse(&self, place: &str) -> Result<(), Error> {
        let mut members = self.0.iter();
        let Some((name, _)) = members.find(|(_, value)| !value.is_null()) else {
            return Ok(());
        };
        let dot = if place.is_empty() { "" } else { "." };
        let path = format!("{place}{dot}{name}");
        Err(Error::unreadable(&path, "unknown field"))
    }
}
