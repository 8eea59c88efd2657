//! Callers, limits, models and prices, read again while the gateway runs.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use crate::cache::Cache;
use crate::config::{Config, Faults, Sources};
use crate::domain::Caller;
use crate::gateway::{Gateway, Knowledge};
use crate::http::{AuthMode, Identity, Notices};
use crate::limit::Limiter;
use crate::telemetry::Metrics;

/// How often the files are looked at. What changed is read when it has
/// stayed the same from one look to the next, for it may be half written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often, and how long after each other, files are looked at that are to
/// be read at once.
const MOST_LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// What `/ready` names the state of the configuration.
const TOPIC: &str = "configuration";

/// Reads the configuration again, and puts what may change in force.
///
/// A new version with a fault is refused as a whole, and the old one stays.
pub struct Reload {
    sources: Sources,
    parts: Parts,
    files: Mutex<Files>,
    /// Who has a key.
    callers: Mutex<Vec<String>>,
    /// What is in force of the sections that need a restart.
    fixed: String,
}

/// What a new configuration goes to.
pub(super) struct Parts {
    pub(super) gateway: Arc<Gateway>,
    pub(super) cache: Arc<Cache>,
    pub(super) limits: Arc<Limiter>,
    pub(super) identity: Arc<Identity>,
    pub(super) notices: Arc<Notices>,
    pub(super) metrics: Arc<Metrics>,
}

/// The state of the files.
#[derive(Debug)]
struct Files {
    /// When the version in force was read.
    taken: Prints,
    /// When they were last read, with or without success; a version is not
    /// read again until it changes.
    tried: Prints,
    /// How they were when they were last looked at.
    last: Prints,
}

/// When each file was written, and how long it is; `None` where there is none.
type Prints = Vec<Option<(SystemTime, u64)>>;

impl Reload {
    pub(super) fn new(sources: Sources, config: &Config, parts: Parts) -> Self {
        let now = prints(&sources);
        Self {
            parts,
            files: Mutex::new(Files {
                taken: now.clone(),
                tried: now.clone(),
                last: now,
            }),
            callers: Mutex::new(names(config)),
            fixed: config.fixed(),
            sources,
        }
    }

    /// Looks at the files for ever, and reads them when they have changed.
    pub async fn keep_watching(&self) {
        loop {
            sleep(LOOK_EVERY).await;
            if self.look() {
                let _ = self.read().await;
            }
        }
    }

    /// Tells whether the files have changed, and stopped changing.
    pub fn look(&self) -> bool {
        let now = prints(&self.sources);
        let mut files = self.files();
        let is_still = files.last == now;
        let is_due = is_still && files.tried != now;
        files.last.clone_from(&now);
        if is_due {
            files.tried = now;
        }
        is_due
    }

    /// Waits until the files have stopped changing, then reads everything and
    /// puts it in force.
    ///
    /// # Errors
    /// Every fault; nothing has changed then. That a file has gone or is empty
    /// which was neither is one: it may be on its way, and limits must not
    /// vanish meanwhile.
    pub async fn read(&self) -> Result<(), Faults> {
        let mut now = self.claim();
        for _ in 0..MOST_LOOKS {
            sleep(BETWEEN_LOOKS).await;
            let next = self.claim();
            let is_still = next == now;
            now = next;
            if is_still {
                break;
            }
        }
        if let Some(path) = self.vanished(&now) {
            let reason = "is gone or empty, and held settings before";
            return Err(self.refuse(Faults::one(path.display().to_string(), reason)));
        }
        let sources = self.sources.clone();
        let read = tokio::task::spawn_blocking(move || Config::load(&sources)).await;
        // Only the end of the runtime cancels it.
        let Ok(read) = read else { return Ok(()) };
        match read {
            Ok(config) => {
                self.put_in_force(config);
                // What was learned stands on the priors of the catalogue.
                self.parts.gateway.fit_feedback_again().await;
                self.files().taken = now;
                Ok(())
            }
            Err(faults) => Err(self.refuse(faults)),
        }
    }

    /// Looks at the files that are about to be read. Whoever watches them
    /// leaves this version to whoever reads it, and does not read it again.
    fn claim(&self) -> Prints {
        let now = prints(&self.sources);
        self.files().tried.clone_from(&now);
        now
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, faults: Faults) -> Faults {
        tracing::error!(%faults, "the new configuration was refused; the old one stays");
        let notice = "the new configuration has faults and was refused; the log names them";
        self.parts.notices.set(TOPIC, Some(notice.to_owned()));
        self.parts.metrics.reloaded(false);
        faults
    }

    /// Finds a file that the version in force was read from and that is no
    /// more.
    fn vanished(&self, now: &Prints) -> Option<PathBuf> {
        let files = self.files();
        let had = |print: &Option<(SystemTime, u64)>| print.is_some_and(|(_, length)| length > 0);
        let pairs = files.taken.iter().zip(now);
        let gone = pairs.map(|(before, now)| had(before) && !had(now));
        let mut paths = self.sources.files().into_iter().zip(gone);
        paths.find(|(_, is_gone)| *is_gone).map(|(path, _)| path)
    }

    fn put_in_force(&self, config: Config) {
        let Parts {
            gateway,
            cache,
            limits,
            identity,
            notices,
            metrics,
        } = &self.parts;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        if config.fixed() != self.fixed {
            tracing::warn!(
                "settings besides callers, limits, models and prices have changed; they take \
                 effect when the gateway is started again"
            );
        }
        gateway.replace_knowledge(Knowledge {
            catalogue: config.catalogue(),
            prices: config.price_table(),
        });
        let callers = names(&config);
        let before = {
            let mut known = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, callers.clone())
        };
        for gone in before.iter().filter(|name| !callers.contains(name)) {
            // What it asked is its own, and it has left.
            cache.evict_owner(&Caller::new(gone.as_str()));
        }
        identity.replace_api_keys(config.api_keys.clone());
        limits.replace_policy(config.policy);
        notices.set(TOPIC, None);
        metrics.reloaded(true);
        tracing::info!("callers, limits, models and prices were read again");
    }
}

/// Returns all who can be callers; `None` where tokens may name others, or
/// everybody comes in.
pub(super) fn only_callers(config: &Config) -> Option<Vec<Caller>> {
    let has_keys_alone = is_api_key_alone(&config.server.auth_modes);
    has_keys_alone.then(|| names(config).into_iter().map(Caller::new).collect())
}

fn is_api_key_alone(modes: &[AuthMode]) -> bool {
    !modes.is_empty() && modes.iter().all(|mode| *mode == AuthMode::ApiKey)
}

fn names(config: &Config) -> Vec<String> {
    let names = config.api_keys.names().into_iter();
    names.map(str::to_owned).collect()
}

fn prints(sources: &Sources) -> Prints {
    let of = |path: &PathBuf| {
        let data = fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    };
    sources.files().iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_known_only_where_all_have_keys() {
        assert!(is_api_key_alone(&[AuthMode::ApiKey]));
        assert!(!is_api_key_alone(&[AuthMode::ApiKey, AuthMode::Oidc]));
        assert!(!is_api_key_alone(&[AuthMode::None]));
        assert!(!is_api_key_alone(&[]));
    }
}
