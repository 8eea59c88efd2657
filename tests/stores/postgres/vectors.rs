//! Vectors in databases with pgvector, without it, and with it later.

use std::time::Duration;

use ai_gateway::domain::{
    CacheStore as _, NearestQuery, NearestSearch, StoredAnswer, StoredVector, UsageStore as _,
    VectorSpace,
};
use ai_gateway::stores::PostgresStore;
use futures_util::future::join_all;

use super::database::Database;
use super::rig::{Instance, eventually, open};
use crate::book::now;
use crate::suite::answers::answer;

const SPACE: VectorSpace = VectorSpace([7; 32]);

fn with_vector(key: u8) -> StoredAnswer {
    StoredAnswer {
        vector: Some(StoredVector {
            space: SPACE,
            values: vec![0.6, 0.8],
        }),
        ..answer(1, key, "body")
    }
}

/// Returns the keys of what is near, and asserts that it is near.
async fn near(store: &PostgresStore) -> Vec<u8> {
    let query = NearestQuery {
        space: SPACE,
        vector: &[0.8, 0.6],
        floor: 0.9,
        limit: 5,
        now: now(),
    };
    let found = store.nearest(query).await.unwrap();
    for (_, cosine) in &found {
        assert!((cosine - 0.96).abs() < 1e-6, "{cosine}");
    }
    found.iter().map(|(answer, _)| answer.key.0[0]).collect()
}

#[tokio::test]
async fn an_extension_that_comes_later_is_used_from_the_next_start_on() {
    let Some(database) = Database::create_plain().await else {
        return;
    };
    let early = open(&database.settings()).await.unwrap();
    assert_eq!(early.nearest_search(), NearestSearch::Missing);
    assert_eq!(early.state().kind, "postgres (without pgvector)");
    early.put(&with_vector(1)).await.unwrap();
    assert!(near(&early).await.is_empty());

    database.run("create extension vector").await;
    let late = open(&database.settings()).await.unwrap();

    assert_eq!(late.nearest_search(), NearestSearch::Shared);
    assert_eq!(late.state().kind, "postgres");
    late.put(&with_vector(2)).await.unwrap();
    assert_eq!(near(&late).await, [2]);
    let walked = late.walk(None, 9, now()).await.unwrap();
    let with_vectors: Vec<bool> = walked.iter().map(|row| row.vector.is_some()).collect();
    assert_eq!(with_vectors, [true, false]);
    // One that does not know of vectors takes them away with what it replaces.
    let same = with_vector(2);
    let newer = StoredAnswer {
        expires_at: same.expires_at + Duration::from_secs(1),
        ..same
    };
    early.put(&newer).await.unwrap();
    assert!(near(&late).await.is_empty());
    assert_eq!(early.walk(None, 9, now()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_extension_is_found_in_any_schema() {
    let Some(database) = Database::create_plain().await else {
        return;
    };
    let role = database.role().unwrap();
    let make = format!(
        "create schema \"Odd \"\"one\"; create extension vector schema \"Odd \"\"one\"; \
         grant usage on schema \"Odd \"\"one\" to {role}"
    );
    database.run(&make).await;

    let store = open(&database.settings()).await.unwrap();

    store.put(&with_vector(1)).await.unwrap();
    assert_eq!(near(&store).await, [1]);
    let walked = store.walk(None, 9, now()).await.unwrap();
    assert_eq!(walked, [with_vector(1)]);
}

#[tokio::test]
async fn an_extension_that_may_not_be_used_does_not_keep_from_starting() {
    let Some(database) = Database::create_plain().await else {
        return;
    };
    database
        .run("create schema hidden; create extension vector schema hidden")
        .await;

    let store = open(&database.settings()).await.unwrap();

    assert_eq!(store.nearest_search(), NearestSearch::Missing);
    store.put(&with_vector(1)).await.unwrap();
    assert!(near(&store).await.is_empty());
}

#[tokio::test]
async fn an_extension_that_goes_and_comes_back_starts_without_vectors() {
    let Some(database) = Database::create_plain().await else {
        return;
    };
    database.run("create extension vector").await;
    let store = open(&database.settings()).await.unwrap();
    store.put(&with_vector(1)).await.unwrap();

    database.run("drop extension vector cascade").await;
    let without = open(&database.settings()).await.unwrap();
    without.put(&with_vector(2)).await.unwrap();
    database.run("create extension vector").await;
    let again = open(&database.settings()).await.unwrap();

    assert_eq!(without.nearest_search(), NearestSearch::Missing);
    assert!(near(&again).await.is_empty());
    again.put(&with_vector(1)).await.unwrap();
    assert_eq!(near(&again).await, [1]);
}

#[tokio::test]
async fn eight_that_start_at_once_all_have_vectors() {
    let Some(database) = Database::create().await else {
        return;
    };
    let settings = database.settings();

    let stores = join_all((0..8).map(|_| open(&settings))).await;

    for (key, store) in (0..).zip(stores) {
        let store = store.unwrap();
        assert_eq!(store.nearest_search(), NearestSearch::Shared);
        store.put(&with_vector(key)).await.unwrap();
    }
    let store = open(&settings).await.unwrap();
    assert_eq!(near(&store).await.len(), 5);
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_no_outage() {
    let Some(database) = Database::create().await else {
        return;
    };
    let store = open(&database.settings()).await.unwrap();
    store.put(&with_vector(1)).await.unwrap();
    let mut connection = database.connection().await;
    let lock = "begin; lock table cache_vector in access exclusive mode";
    sqlx::raw_sql(lock).execute(&mut connection).await.unwrap();
    let query = NearestQuery {
        space: SPACE,
        vector: &[0.8, 0.6],
        floor: 0.9,
        limit: 5,
        now: now(),
    };

    for _ in 0..5 {
        store.nearest(query).await.unwrap_err();
    }

    assert_eq!(store.state().fault, None);
    let stored = with_vector(1);
    let found = store.find(stored.scope, stored.key, now()).await.unwrap();
    assert!(found.is_some());
    sqlx::raw_sql("rollback")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(near(&store).await, [1]);
}

#[tokio::test]
async fn the_oldest_answers_make_room_while_others_come() {
    let Some(database) = Database::create().await else {
        return;
    };
    let mut settings = database.settings();
    settings.cache_max_bytes = 256 << 10;
    let instance = Instance::start(&settings).await;
    for key in 0..200 {
        let stored = StoredAnswer {
            body: vec![key; 2_000],
            stored_at: now() + Duration::from_secs(key.into()),
            ..with_vector(key)
        };
        instance.store.put(&stored).await.unwrap();
    }

    eventually("the oldest go", || async {
        let left = instance.store.walk(None, 1_000, now()).await.unwrap();
        assert_eq!(left[0].key.0[0], 199);
        left.len() < 100
    })
    .await;
}
