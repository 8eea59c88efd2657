//! Rates and budgets: who may use how much, and what is left.

mod bucket;
mod limiter;
mod local;
mod pace;
mod places;
mod policy;
mod refusal;
mod requests;
mod reservation;
mod throttle;

pub use limiter::{Admission, Denied, Limiter, Wish};
pub use local::LocalLimits;
pub use policy::{CallerRules, Permit, Policy, Rules};
pub use reservation::Reservation;
