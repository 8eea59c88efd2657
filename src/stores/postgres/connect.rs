//! How the server is reached.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// What every session is told. Rates and holds do not wait for the disk: a
/// crash of the *server* forgets at most three `wal_writer_delay`, 0.6 s, of
/// them; what is settled asks for more.
const SESSION: [(&str, &str); 4] = [
    ("synchronous_commit", "off"),
    ("statement_timeout", "2s"),
    ("lock_timeout", "200ms"),
    ("idle_in_transaction_session_timeout", "5s"),
];

/// Reads a connection string, `postgres://user:password@host:port/database`
/// with `?sslmode=…` and, for a socket, `?host=/folder`.
///
/// # Errors
/// What is wrong with it, without quoting it: it has a password in it.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, String> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| "not a connection string as postgres://user@host:5432/database".to_owned())?;
    Ok(options
        .application_name("ai-gateway-mcp")
        .options(SESSION)
        .disable_statement_logging())
}

/// Names what is connected to, for people: no user, no password.
pub(super) fn describe(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or("?");
    options.get_socket().map_or_else(
        || format!("{}:{}/{database}", options.get_host(), options.get_port()),
        |folder| format!("{}/{database}", folder.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let url = "postgres://alice:s3cret@db.example:5433/gateway?sslmode=require";
        let known = options(url).unwrap();
        let wrong = options("postgres://alice:s3cret@db.example:port/gateway").unwrap_err();

        assert_eq!(describe(&known), "db.example:5433/gateway");
        assert!(!wrong.contains("s3cret"), "{wrong}");
    }

    #[test]
    fn a_socket_is_named_by_its_folder() {
        for url in [
            "postgres://alice@localhost/gateway?host=/run/sql/x",
            "postgres://alice@%2Frun%2Fsql%2Fx/gateway",
        ] {
            assert_eq!(describe(&options(url).unwrap()), "/run/sql/x/gateway");
        }
    }
}
