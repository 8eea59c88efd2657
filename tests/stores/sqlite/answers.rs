//! Answers in files that are old, broken or full.

use std::fs;

use ai_gateway::domain::{
    CacheKey, CacheStore as _, NearestSearch, PartName, RoutingStore as _, StoredAnswer,
    StoredVector, VectorSpace,
};
use ai_gateway::stores::{LedgerSink as _, SqliteOptions, Store as _};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr as _};

use super::{plain, stranger};
use crate::book::{hours, line, now};
use crate::figures::usage_of;
use crate::place::{FilePlace, HandClock};
use crate::suite::answers::{answer, walk};

fn with_vector(key: u8) -> StoredAnswer {
    StoredAnswer {
        vector: Some(StoredVector {
            space: VectorSpace([7; 32]),
            values: vec![0.6, 0.8],
        }),
        ..answer(1, key, "body")
    }
}

/// An answer of some pages.
fn large(number: u16) -> StoredAnswer {
    let mut key = [0; 32];
    key[..2].copy_from_slice(&number.to_be_bytes());
    StoredAnswer {
        key: CacheKey(key),
        ..answer(1, 0, &"large ".repeat(2_000))
    }
}

#[tokio::test]
async fn rows_that_nobody_can_read_are_passed_over() {
    let place = FilePlace::make();
    let store = plain(&place).await;
    for key in 0..6 {
        store.put(&with_vector(key)).await.unwrap();
    }
    let mut stranger = stranger(&place).await;
    for (key, change) in [
        (1, "vector = x'0102030405'"),
        (2, "vector = x''"),
        (3, "space = x'00'"),
        (4, "vector = x'0000807f0000807f'"),
        (5, "owner = CAST(x'ff' AS TEXT)"),
    ] {
        let key = "0".to_owned() + &key.to_string();
        let change = format!(
            "UPDATE cache_entry SET {change} WHERE key = x'{}'",
            key.repeat(32)
        );
        sqlx::raw_sql(AssertSqlSafe(change))
            .execute(&mut stranger)
            .await
            .unwrap();
    }

    let walked = walk(&store, 9, now()).await;

    let without = |key| StoredAnswer {
        vector: None,
        ..with_vector(key)
    };
    let wanted = [
        without(4),
        without(3),
        without(2),
        without(1),
        with_vector(0),
    ];
    assert_eq!(walked, wanted);
    let unreadable = with_vector(5);
    let found = store.find(unreadable.scope, unreadable.key, now()).await;
    assert_eq!(found.unwrap(), None);
    // It is replaced as any other.
    store.put(&unreadable).await.unwrap();
    assert_eq!(walk(&store, 9, now()).await.len(), 6);
    assert_eq!(store.nearest_search(), NearestSearch::Owner);
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date() {
    let place = FilePlace::make();
    let first = include_str!("../../../src/stores/sqlite/migrations/0001_first.sql");
    let first = Migration::new(
        1,
        "first".into(),
        MigrationType::Simple,
        first.into_sql_str(),
        false,
    );
    fs::create_dir_all(place.file().parent().unwrap()).unwrap();
    fs::write(place.file(), "").unwrap();
    let mut old = stranger(&place).await;
    Migrator::with_migrations(vec![first])
        .run_direct(None, &mut old, false)
        .await
        .unwrap();
    sqlx::raw_sql(
        "INSERT INTO cache_entry VALUES (x'00', x'00', x'00', 0, 9000000000000000); \
         INSERT INTO routing_state VALUES (1, x'0102')",
    )
    .execute(&mut old)
    .await
    .unwrap();

    let store = plain(&place).await;

    store.put(&with_vector(1)).await.unwrap();
    assert_eq!(walk(&store, 9, now()).await, [with_vector(1)]);
    // What the router had learned was in one row for all, and is given up.
    assert_eq!(store.load_parts(&[]).await.unwrap(), []);
    store.put_part(PartName(7), b"learned").await.unwrap();
    store.close().await;
    assert_eq!(walk(&plain(&place).await, 9, now()).await, [with_vector(1)]);
}

#[tokio::test]
async fn a_file_with_corrupt_answers_is_set_aside() {
    let place = FilePlace::make();
    let store = plain(&place).await;
    for number in 0..200 {
        store.put(&large(number)).await.unwrap();
    }
    store.close().await;
    let bytes = corrupt(&place);
    assert!(bytes.len() < 4 << 20);

    let store = plain(&place).await;

    assert_eq!(fs::read(store.set_aside().unwrap()).unwrap(), bytes);
    assert_eq!(walk(&store, 9, now()).await, []);
}

#[tokio::test]
async fn corrupt_answers_of_a_large_file_are_misses() {
    let place = FilePlace::make();
    let store = plain(&place).await;
    for number in 0..600 {
        store.put(&large(number)).await.unwrap();
    }
    store.close().await;
    assert!(corrupt(&place).len() > 4 << 20);

    // So large a file is not read as a whole at the start.
    let store = plain(&place).await;

    let mut found = 0;
    for number in 0..600 {
        let wanted = large(number);
        match store.find(wanted.scope, wanted.key, now()).await {
            Ok(Some(answer)) => {
                assert_eq!(answer.key, wanted.key);
                found += 1;
            }
            Ok(None) => {}
            Err(fault) => assert!(fault.0.contains("gateway.db"), "{fault}"),
        }
    }
    assert!(found > 300, "{found}");
    // Neither of these may panic or hang.
    let _ = store.walk(None, 1_000, now()).await;
    let _ = store.put(&large(1)).await;
    let _ = store.tidy().await;
}

/// Breaks a page in the middle of each eighth of a file, and returns what it is.
fn corrupt(place: &FilePlace) -> Vec<u8> {
    let mut bytes = fs::read(place.file()).unwrap();
    let pages = bytes.len() / 4096;
    for eighth in 1..8 {
        let start = pages * eighth / 8 * 4096;
        bytes[start..start + 4096].fill(0xA5);
    }
    fs::write(place.file(), &bytes).unwrap();
    bytes
}

#[tokio::test]
async fn answers_and_lines_share_a_disk_that_is_memory() {
    let place = FilePlace::make();
    let options = SqliteOptions {
        is_ephemeral: true,
        max_bytes: Some(2 << 20),
        ..SqliteOptions::default()
    };
    let store = place.open_with(options, HandClock::at(now())).await;
    let lines: Vec<_> = (0..12_000).map(line).collect();

    for batch in lines[..9_000].chunks(500) {
        store.write(batch).await.unwrap();
    }
    for number in 0..600 {
        let small = StoredAnswer {
            body: vec![7; 2_100],
            stored_at: now() + std::time::Duration::from_secs(number.into()),
            ..large(number)
        };
        store.put(&small).await.unwrap();
    }
    for batch in lines[9_000..].chunks(500) {
        store.write(batch).await.unwrap();
    }

    assert!(fs::metadata(place.file()).unwrap().len() <= 2 << 20);
    let left = walk(&store, 50, now()).await;
    // A quarter of 2 MiB.
    assert!((150..200).contains(&left.len()), "{}", left.len());
    assert_eq!(left[0].key, large(599).key);
    let figures = usage_of(&store, None, now() - hours(1), now()).await;
    assert_eq!(figures["calls"].count(), 12_000);
}
