//! Everything that configuration is read from, taken once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::fault::Report;

/// Where configuration comes from, besides the defaults in the binary.
///
/// `Debug` shows the names of the variables, never their values.
#[derive(Clone, Default)]
pub struct Sources {
    /// The variables of the process.
    pub environment: BTreeMap<String, String>,
    /// Names of variables whose values are not UTF-8. Only one that is used
    /// is a fault.
    pub unreadable: BTreeSet<String>,
    /// The folder with the files; `None` takes `GATEWAY_CONFIG_DIR`, or else
    /// `config/` in the working directory if it exists.
    pub directory: Option<PathBuf>,
    /// The flag `--host`, which beats everything else.
    pub host: Option<IpAddr>,
    /// The flag `--port`, which beats everything else.
    pub port: Option<u16>,
    /// The day, UTC, on which the gateway starts, for warnings about what
    /// ends soon.
    pub today: Date,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("environment", &self.environment.keys())
            .field("unreadable", &self.unreadable)
            .field("directory", &self.directory)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("today", &self.today)
            .finish()
    }
}

impl Sources {
    /// Takes the environment and the date of this process as they are now.
    /// The only place that reads the environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the snapshot that everything else reads"
    )]
    pub fn from_process() -> Self {
        let mut sources = Self {
            today: Offset::UTC.to_datetime(Timestamp::now()).date(),
            ..Self::default()
        };
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    sources.environment.insert(name, value);
                }
                Err(_) => {
                    sources.unreadable.insert(name);
                }
            }
        }
        sources
    }

    /// Lists the files that may change what callers may do, what models there
    /// are and what they cost, whether or not they exist.
    pub fn files(&self) -> Vec<PathBuf> {
        let named = self.directory.clone();
        let folder = named.or_else(|| self.value("GATEWAY_CONFIG_DIR").map(PathBuf::from));
        let folder = folder.unwrap_or_else(|| PathBuf::from("config"));
        let names = ["gateway.yaml", "models.yaml", "pricing.yaml"];
        let mut files: Vec<PathBuf> = names.map(|name| folder.join(name)).to_vec();
        files.extend(self.value("GATEWAY_API_KEYS_FILE").map(PathBuf::from));
        files
    }

    /// Returns a variable's value; an empty one counts as unset, and one that
    /// is not UTF-8 is a fault.
    pub(super) fn variable(&self, name: &str, report: &mut Report) -> Option<&str> {
        if self.unreadable.contains(name) {
            report.variable(name, "the value is not UTF-8");
        }
        self.value(name)
    }

    /// Returns a variable's value if there is a usable one.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name)?;
        (!value.is_empty()).then_some(value.as_str())
    }
}
