//! The three states of a circuit.

/// Whether somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitState {
    /// Yes.
    Closed,
    /// No.
    Open,
    /// By one call at a time, to see.
    HalfOpen,
}

impl CircuitState {
    /// Returns the state's name in reports and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}
