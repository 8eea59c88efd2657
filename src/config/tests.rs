//! Whole configurations, from sources to settings or faults.

mod billing;
mod catalogue;
mod defaults;
mod environment;
mod faults;
mod files;
mod identity;
mod secrets;
mod vertex;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::civil::date;

use super::{Config, Sources};

/// A configuration folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ai-gateway-config-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn sources(&self, variables: &[(&str, &str)]) -> Sources {
        Sources {
            environment: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            directory: Some(self.0.clone()),
            today: date(2026, 11, 25),
            ..Sources::default()
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Loads a configuration that must be sound.
fn load(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Config {
    let folder = Folder::new(files);
    Config::load(&folder.sources(variables)).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Loads a configuration that must not be sound, and returns the faults as
/// lines, with `FOLDER` for the folder.
fn faults(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Vec<String> {
    let folder = Folder::new(files);
    let faults = Config::load(&folder.sources(variables)).unwrap_err();
    let place = folder.0.display().to_string();
    faults
        .iter()
        .map(|fault| fault.to_string().replace(&place, "FOLDER"))
        .collect()
}
