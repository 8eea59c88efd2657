//! Where state is kept: `DATABASE_URL`.

use std::path::PathBuf;

use super::fault::Report;
use super::secret;
use super::sources::Sources;
use crate::domain::Secret;
use crate::stores::{PostgresStore, StorePlace};

const VARIABLE: &str = "DATABASE_URL";
/// Where a laptop keeps its state.
const DEFAULT: &str = "data/gateway.db";

/// Reads where the store is. What cannot be read counts as in memory, so that
/// other faults are found.
pub(super) fn place(sources: &Sources, report: &mut Report) -> StorePlace {
    let said = sources.value(VARIABLE).map(Secret::new);
    // Only what may hold a password has to be hidden.
    let is_plain = |url: &Secret| {
        ["memory", "sqlite"]
            .iter()
            .any(|it| url.expose().starts_with(it))
    };
    let url = match said.filter(is_plain) {
        Some(plain) => Some(plain),
        None => secret::read(VARIABLE, sources, report),
    };
    let Some(url) = url else {
        return StorePlace::Sqlite(PathBuf::from(DEFAULT));
    };
    match parse(&url) {
        Some(StorePlace::Postgres(url)) => {
            if let Err(reason) = PostgresStore::check_url(&url) {
                report.variable(VARIABLE, reason);
            }
            StorePlace::Postgres(url)
        }
        Some(place) => place,
        None => {
            let reason = "must be memory:, sqlite://PATH or postgres://…";
            report.variable(VARIABLE, reason);
            StorePlace::Memory
        }
    }
}

fn parse(secret: &Secret) -> Option<StorePlace> {
    let url = secret.expose();
    if ["memory:", "memory", "sqlite::memory:"].contains(&url) {
        return Some(StorePlace::Memory);
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Some(StorePlace::Postgres(secret.clone()));
    }
    // `sqlite://data/x.db` and `sqlite:data/x.db` are relative,
    // `sqlite:///var/x.db` is not.
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let is_plain = !path.is_empty() && !path.contains(['?', '#']);
    is_plain.then(|| StorePlace::Sqlite(PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Option<StorePlace> {
        parse(&Secret::new(url))
    }

    #[test]
    fn every_form_of_a_place_is_read() {
        let file = |path: &str| Some(StorePlace::Sqlite(PathBuf::from(path)));

        assert_eq!(read("memory:"), Some(StorePlace::Memory));
        assert_eq!(read("sqlite://data/gateway.db"), file("data/gateway.db"));
        assert_eq!(read("sqlite:data/gateway.db"), file("data/gateway.db"));
        assert_eq!(read("sqlite:///var/gateway.db"), file("/var/gateway.db"));
        let postgres = "postgres://u:p@h/d?sslmode=require";
        assert_eq!(
            read(postgres),
            Some(StorePlace::Postgres(Secret::new(postgres)))
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for url in [
            "mysql://x",
            "sqlite://",
            "sqlite://a?mode=ro",
            "data/gateway.db",
            "sqlite:",
        ] {
            assert_eq!(read(url), None, "{url}");
        }
    }
}
