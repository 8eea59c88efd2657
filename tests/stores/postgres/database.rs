//! A database of its own for each test.

use std::sync::Arc;

use ai_gateway::domain::{Clock, NearestSearch, RequestId, Secret};
use ai_gateway::stores::{PostgresSettings, PostgresStore, Store};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::rig::Instance;
use crate::place::Place;

/// An empty database, dropped at the end of the test.
pub(crate) struct Database {
    server: String,
    name: String,
    /// Who may not make an extension.
    role: Option<String>,
}

impl Database {
    /// Makes one, unless there is no server: then the test says so and has
    /// nothing to do.
    pub(crate) async fn create() -> Option<Self> {
        let server = server_url()?;
        let name = format!("t_{:032x}", RequestId::random().bits());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let create = format!("create database {name}");
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&mut connection)
            .await
            .unwrap();
        Some(Self {
            server,
            name,
            role: None,
        })
    }

    /// Makes one in which the user is nobody special.
    pub(crate) async fn create_plain() -> Option<Self> {
        let mut database = Self::create().await?;
        let role = database.name.replace("t_", "u_");
        let make = format!(
            "create role {role} login password '{role}'; grant all on schema public to {role}"
        );
        database.run(&make).await;
        database.role = Some(role);
        Some(database)
    }

    pub(crate) fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// Runs commands as the superuser.
    pub(crate) async fn run(&self, commands: &str) {
        let mut connection = self.connection().await;
        sqlx::raw_sql(AssertSqlSafe(commands.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
    }

    pub(crate) fn url(&self) -> String {
        let mut url = url::Url::parse(&self.server).unwrap();
        url.set_path(&self.name);
        url.into()
    }

    /// Settings of the user.
    pub(crate) fn settings(&self) -> PostgresSettings {
        let mut url = url::Url::parse(&self.url()).unwrap();
        if let Some(role) = &self.role {
            url.set_username(role).unwrap();
            url.set_password(Some(role)).unwrap();
        }
        PostgresSettings::new(Secret::new(String::from(url)))
    }

    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.unwrap()
    }

    /// Starts an instance.
    pub(crate) async fn instance(&self) -> Instance {
        Instance::start(&self.settings()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = &self.name;
        let mut drops = vec![format!("drop database if exists {name} with (force)")];
        drops.extend(self.role.as_ref().map(|role| format!("drop role {role}")));
        let server = self.server.clone();
        let work = async move {
            let mut connection = PgConnection::connect(&server).await?;
            for drop in drops {
                sqlx::raw_sql(AssertSqlSafe(drop))
                    .execute(&mut connection)
                    .await?;
            }
            Ok::<_, sqlx::Error>(())
        };
        // The test's own runtime cannot be waited for from here.
        let thread = std::thread::spawn(|| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let _ = runtime.enable_all().build().unwrap().block_on(work);
        });
        thread.join().unwrap();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests' server is named by the environment"
)]
fn server_url() -> Option<String> {
    let url = std::env::var("TEST_DATABASE_URL").ok();
    if url.is_none() {
        eprintln!("SKIPPED: TEST_DATABASE_URL names no PostgreSQL server; see ./test_local.sh");
    }
    url
}

/// A database for the suite.
pub(crate) struct PostgresPlace(Database);

/// A database without pgvector for the suite.
pub(crate) struct PlainPlace(Database);

impl Database {
    async fn open(&self, clock: Arc<dyn Clock>, cache_max_bytes: u64) -> Arc<dyn Store> {
        let settings = PostgresSettings {
            cache_max_bytes,
            ..self.settings()
        };
        Arc::new(PostgresStore::open(&settings, clock).await.unwrap())
    }
}

#[async_trait]
impl Place for PostgresPlace {
    const IS_SHARED: bool = true;
    const SEARCH: NearestSearch = NearestSearch::Shared;

    fn is_there() -> bool {
        server_url().is_some()
    }

    async fn new() -> Self {
        Self(Database::create().await.unwrap())
    }

    async fn open_bounded(&self, clock: Arc<dyn Clock>, cache_max_bytes: u64) -> Arc<dyn Store> {
        self.0.open(clock, cache_max_bytes).await
    }
}

#[async_trait]
impl Place for PlainPlace {
    const IS_SHARED: bool = true;
    const SEARCH: NearestSearch = NearestSearch::Missing;

    fn is_there() -> bool {
        server_url().is_some()
    }

    async fn new() -> Self {
        Self(Database::create_plain().await.unwrap())
    }

    async fn open_bounded(&self, clock: Arc<dyn Clock>, cache_max_bytes: u64) -> Arc<dyn Store> {
        self.0.open(clock, cache_max_bytes).await
    }
}
