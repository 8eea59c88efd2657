//! A database of its own for each test.

use std::sync::Arc;

use ai_gateway::domain::{Clock, RequestId, Secret};
use ai_gateway::stores::{PostgresSettings, PostgresStore, Store};
use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::rig::Instance;
use crate::place::Place;

/// An empty database, dropped at the end of the test.
pub(crate) struct Database {
    server: String,
    name: String,
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
        Some(Self { server, name })
    }

    pub(crate) fn url(&self) -> String {
        let mut url = url::Url::parse(&self.server).unwrap();
        url.set_path(&self.name);
        url.into()
    }

    pub(crate) fn settings(&self) -> PostgresSettings {
        PostgresSettings::new(Secret::new(self.url()))
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

#[async_trait]
impl Place for PostgresPlace {
    const IS_SHARED: bool = true;

    fn is_there() -> bool {
        server_url().is_some()
    }

    async fn new() -> Self {
        Self(Database::create().await.unwrap())
    }

    async fn open(&self, clock: Arc<dyn Clock>) -> Arc<dyn Store> {
        let store = PostgresStore::open(&self.0.settings(), clock).await;
        Arc::new(store.unwrap())
    }
}
