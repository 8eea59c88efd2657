//! The doors: routes, who may come in, and how the server stops.

mod settings;

pub use settings::{AuthMode, Settings};
