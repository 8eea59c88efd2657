//! What can go wrong between us and the server.

use thiserror::Error;

use crate::domain::{LimitRefusal, StoreError};

/// Why the store did not do something.
#[derive(Debug, Error)]
pub(super) enum Fault {
    /// It does not answer, or not in time; what was asked may be done or not.
    #[error("{0}")]
    Down(String),
    /// It did not answer this in time, but answers others; what was asked may
    /// be done or not.
    #[error("{0}")]
    Late(String),
    /// It was too busy: all connections were in use, rows stayed locked, or
    /// others locked them in another order. Nothing was done.
    #[error("{0}")]
    Busy(String),
    /// It refused. Nothing was done.
    #[error("{0}")]
    Refused(String),
}

impl Fault {
    /// Says that nothing was asked yet.
    pub(super) fn undone(self) -> Self {
        match self {
            Self::Down(reason) | Self::Late(reason) => Self::Busy(reason),
            other => other,
        }
    }

    /// Tells whether what was asked may have been done all the same.
    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Down(_) | Self::Late(_))
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(answer) = &error else {
            return match error {
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Encode(_) => {
                    Self::Refused(error.to_string())
                }
                _ => Self::Down(error.to_string()),
            };
        };
        let message = answer.message().to_owned();
        // Classes and codes of appendix A of PostgreSQL's manual.
        match answer.code().as_deref() {
            Some("40P01" | "40001" | "55P03" | "57014") => Self::Busy(message),
            Some(code) if !is_outage(code) => Self::Refused(message),
            _ => Self::Down(message),
        }
    }
}

/// Tells whether a code says that the server cannot work, whatever is asked:
/// connection lost, no resources, shutting down, its own error.
fn is_outage(code: &str) -> bool {
    ["08", "28", "3D", "53", "57", "58", "XX"]
        .iter()
        .any(|class| code.starts_with(class))
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self(fault.to_string())
    }
}

impl From<Fault> for LimitRefusal {
    fn from(fault: Fault) -> Self {
        let is_alive = matches!(fault, Fault::Late(_) | Fault::Busy(_));
        let fault = StoreError::from(fault);
        if is_alive {
            Self::Busy(fault)
        } else {
            Self::Store(fault)
        }
    }
}
