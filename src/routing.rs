//! Which target answers a request, and why.

mod settings;

pub use settings::{Scale, Settings, WeightSettings};
