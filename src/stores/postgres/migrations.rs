//! Brings a database to the form that this program knows.

use std::borrow::Cow;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgConnection, SqlSafeStr as _};

/// Every step, in order. A step that has been released is never changed.
const STEPS: [(&str, &str); 5] = [
    ("limits", include_str!("migrations/0001_limits.sql")),
    ("ledger", include_str!("migrations/0002_ledger.sql")),
    ("answers", include_str!("migrations/0003_answers.sql")),
    ("learned", include_str!("migrations/0004_learned.sql")),
    ("ratings", include_str!("migrations/0005_ratings.sql")),
];

/// Takes the steps that the database lacks. Of several who start at once, one
/// takes them and the others wait.
///
/// # Errors
/// What to do about it, in words.
pub(super) async fn migrate(connection: &mut PgConnection) -> Result<(), String> {
    // A step may take longer than a query, and so may waiting for another
    // instance to take it.
    let patience = "set statement_timeout = '60s'; set lock_timeout = '60s'";
    let said = |error: sqlx::Error| error.to_string();
    sqlx::raw_sql(patience)
        .execute(&mut *connection)
        .await
        .map_err(said)?;
    let steps = STEPS.iter().zip(1..).map(|(&(name, sql), version)| {
        let kind = MigrationType::Simple;
        Migration::new(
            version,
            Cow::Borrowed(name),
            kind,
            sql.into_sql_str(),
            false,
        )
    });
    let migrator = Migrator::with_migrations(steps.collect());
    match migrator.run_direct(None, &mut *connection, false).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(version)) => Err(format!(
            "the database is newer than this program: it is at version {version}, and {} is the \
             last one known here; start the newer program",
            STEPS.len()
        )),
        Err(MigrateError::VersionMismatch(version)) => Err(format!(
            "the database was made by another program: its version {version} is not ours"
        )),
        Err(error) => Err(format!("the database cannot be set up: {error}")),
    }
}
