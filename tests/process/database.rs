//! A PostgreSQL server, and a database of its own for each test.

use std::path::PathBuf;
use std::process::Command;

use ai_gateway::domain::RequestId;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres.sh");

pub(crate) struct PostgresServer {
    url: String,
    /// Where it is, if it is ours and ends with the test.
    folder: Option<PathBuf>,
}

impl PostgresServer {
    /// Takes the one that `TEST_DATABASE_URL` names, or starts one. Where
    /// neither is possible the test says so and has nothing to do.
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests' server is named by the environment"
    )]
    pub(crate) async fn any() -> Option<Self> {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(url) if !url.is_empty() => Some(Self { url, folder: None }),
            _ => Self::own().await,
        }
    }

    /// Starts one, which the test may stop.
    pub(crate) async fn own() -> Option<Self> {
        // A socket's path has at most 107 bytes, so it is not below TMPDIR.
        let name = format!("/tmp/pg-{:08x}", RequestId::random().bits() >> 96);
        let mut server = Self {
            url: String::new(),
            folder: Some(PathBuf::from(name)),
        };
        match server.start().await {
            Ok(url) => server.url = url,
            Err(reason) => {
                eprintln!("SKIPPED: there is no PostgreSQL server: {reason}");
                return None;
            }
        }
        Some(server)
    }

    /// Starts it, and returns its address.
    pub(crate) async fn start(&self) -> Result<String, String> {
        let output = tokio::process::Command::from(self.script("start"))
            .output()
            .await
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Stops it as a crash does.
    pub(crate) async fn crash(&self) {
        let mut script = self.script("stop");
        script.arg("immediate");
        let status = tokio::process::Command::from(script).status().await;
        assert!(status.unwrap().success());
    }

    fn script(&self, action: &str) -> Command {
        let mut command = Command::new(SCRIPT);
        command
            .arg(action)
            .arg(self.folder.as_ref().expect("the server is not ours"));
        command
    }

    /// Makes an empty database.
    pub(crate) async fn database(&self) -> Database {
        let name = format!("p_{:032x}", RequestId::random().bits());
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let create = format!("create database {name}");
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&mut connection)
            .await
            .unwrap();
        let mut url = url::Url::parse(&self.url).unwrap();
        url.set_path(&name);
        Database {
            server: self.url.clone(),
            is_ours: self.folder.is_some(),
            name,
            url: url.into(),
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = self.script("stop").arg("immediate").status();
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// An empty database. On a server that stays it is dropped at the end.
pub(crate) struct Database {
    server: String,
    is_ours: bool,
    name: String,
    pub(crate) url: String,
}

impl Database {
    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.is_ours {
            return;
        }
        let drop = format!("drop database if exists {} with (force)", self.name);
        let server = self.server.clone();
        let work = async move {
            let mut connection = PgConnection::connect(&server).await?;
            sqlx::raw_sql(AssertSqlSafe(drop))
                .execute(&mut connection)
                .await
        };
        // The test's own runtime cannot be waited for from here.
        let thread = std::thread::spawn(|| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let _ = runtime.enable_all().build().unwrap().block_on(work);
        });
        let _ = thread.join();
    }
}
