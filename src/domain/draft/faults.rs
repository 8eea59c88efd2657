//! A list of faults in arguments.

use std::fmt::Display;

use crate::domain::Error;

/// What is wrong with a draft, collected so that the caller learns of all of
/// it at once.
#[derive(Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    pub(super) fn add(&mut self, argument: &str, fault: impl AsRef<str>) {
        // A hostile list of messages must not make a list of faults as long.
        if self.0.len() < 10 {
            self.0.push(format!("{argument} {}", fault.as_ref()));
        }
    }

    pub(super) fn take<A, B, E: Display>(
        &mut self,
        argument: &str,
        value: Option<A>,
        check: impl FnOnce(A) -> Result<B, E>,
    ) -> Option<B> {
        match check(value?) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.add(argument, fault.to_string());
                None
            }
        }
    }

    pub(super) fn into_result<T>(self, value: T) -> Result<T, Error> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(Error::invalid(self.0.join("; ")))
        }
    }
}
