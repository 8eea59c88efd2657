//! One request from start to finish.

mod settings;

pub use settings::Settings;
