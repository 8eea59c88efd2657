//! Starting on databases of any age.

use ai_gateway::domain::{Secret, UsageStore as _};
use ai_gateway::stores::{PostgresError, PostgresSettings};
use futures_util::future::join_all;

use super::database::Database;
use super::rig::open;

#[tokio::test]
async fn eight_that_start_at_once_set_the_database_up_once() {
    let Some(database) = Database::create().await else {
        return;
    };
    let settings = database.settings();

    let stores = join_all((0..8).map(|_| open(&settings))).await;

    let stores: Vec<_> = stores.into_iter().map(Result::unwrap).collect();
    let mut connection = database.connection().await;
    let steps: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(steps, 5);
    assert!(stores.iter().all(|store| store.state().kind == "postgres"));
    stores[0].beat().await.unwrap();
    assert_eq!(stores[0].known_instances(), 8);
}

#[tokio::test]
async fn a_database_that_is_newer_is_refused() {
    let Some(database) = Database::create().await else {
        return;
    };
    drop(open(&database.settings()).await.unwrap());
    let newer = "insert into _sqlx_migrations \
         (version, description, success, checksum, execution_time) values (99, 'x', true, '', 0)";
    let mut connection = database.connection().await;
    sqlx::raw_sql(newer).execute(&mut connection).await.unwrap();

    let error = open(&database.settings()).await.unwrap_err();

    assert!(matches!(error, PostgresError::Unfit(_)), "{error:?}");
    let message = error.to_string();
    assert!(message.contains("newer than this program"), "{message}");
    assert!(message.contains("version 99"), "{message}");
}

#[tokio::test]
async fn a_database_that_another_program_made_is_refused() {
    let Some(database) = Database::create().await else {
        return;
    };
    drop(open(&database.settings()).await.unwrap());
    let other = "update _sqlx_migrations set checksum = '' where version = 1";
    let mut connection = database.connection().await;
    sqlx::raw_sql(other).execute(&mut connection).await.unwrap();

    let error = open(&database.settings()).await.unwrap_err();

    assert!(error.to_string().contains("another program"), "{error}");
}

#[tokio::test]
async fn who_cannot_be_reached_is_named_without_the_password() {
    for url in [
        "postgres://alice:s3cret@127.0.0.1:1/gateway",
        "postgres://alice:s3cret@localhost/gateway?host=/nowhere",
        "postgres://alice:s3cret@localhost/gateway?sslmode=wrong",
    ] {
        let settings = PostgresSettings::new(Secret::new(url));

        let error = open(&settings).await.unwrap_err();

        let (said, shown) = (error.to_string(), format!("{error:?} {settings:?}"));
        assert!(
            !said.contains("s3cret") && !shown.contains("s3cret"),
            "{said} {shown}"
        );
    }
}
