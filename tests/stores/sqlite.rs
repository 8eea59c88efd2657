//! Files that are full, broken, locked or out of reach.

mod answers;
mod learned;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use ai_gateway::domain::{Ledger as _, PartName, RoutingStore as _, UsageStore as _};
use ai_gateway::stores::{
    LedgerQueue, LedgerSink as _, SqliteLocation, SqliteOptions, SqliteStore, Store as _,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::book::{hours, line, now};
use crate::figures::{expected, usage_of};
use crate::place::{FilePlace, HandClock};

async fn plain(place: &FilePlace) -> SqliteStore {
    let options = SqliteOptions::default();
    place.open_with(options, HandClock::at(now())).await
}

/// Opens a file that cannot be opened, and returns why.
async fn refusal(place: &FilePlace) -> String {
    let location = SqliteLocation::File(place.file());
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(20),
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open(location, options, HandClock::at(now())).await;
    store.unwrap_err().0
}

/// Another process, as far as SQLite can tell.
async fn stranger(place: &FilePlace) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(place.file());
    options.connect().await.unwrap()
}

#[tokio::test]
async fn a_file_is_made_with_its_folder_for_its_owner_alone() {
    let place = FilePlace::make();

    let store = plain(&place).await;
    store.write(&[line(1)]).await.unwrap();

    assert_eq!(store.state().kind, "sqlite");
    let folder = place.file().parent().unwrap().to_owned();
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert_eq!(files, 3);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let place = FilePlace::make();
    let folder = place.file().parent().unwrap().to_owned();
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    fs::write(&folder, "a file where the folder should be").unwrap();

    let refusal = refusal(&place).await;

    assert!(refusal.starts_with("cannot open the file "), "{refusal}");
    assert!(refusal.contains("gateway.db"), "{refusal}");
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_as_it_is() {
    let place = FilePlace::make();
    fs::create_dir_all(place.file().parent().unwrap()).unwrap();
    let garbage = "no database, though long enough to be one. ".repeat(100);
    fs::write(place.file(), &garbage).unwrap();

    let refusal = refusal(&place).await;

    assert!(
        refusal.contains("gateway.db is not a database"),
        "{refusal}"
    );
    assert_eq!(fs::read_to_string(place.file()).unwrap(), garbage);
}

#[tokio::test]
async fn a_corrupt_file_is_set_aside_and_nothing_of_it_lost() {
    let place = FilePlace::make();
    let store = plain(&place).await;
    let lines: Vec<_> = (0..2_000).map(line).collect();
    store.write(&lines).await.unwrap();
    store.close().await;
    let mut bytes = fs::read(place.file()).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xA5);
    fs::write(place.file(), &bytes).unwrap();

    let store = plain(&place).await;

    let aside = store.set_aside().unwrap().to_owned();
    assert!(aside.to_str().unwrap().ends_with("gateway.db.corrupt-1"));
    assert_eq!(fs::read(aside).unwrap(), bytes);
    store.write(&lines).await.unwrap();
    store.close().await;
    assert_eq!(plain(&place).await.set_aside(), None);
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused() {
    let place = FilePlace::make();
    plain(&place).await.close().await;
    let mut stranger = stranger(&place).await;
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (99, 'later', 0, 1, x'00', 0)")
        .execute(&mut stranger)
        .await
        .unwrap();

    let refusal = refusal(&place).await;

    assert!(refusal.contains("99"), "{refusal}");
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_accepted() {
    let place = FilePlace::make();
    let options = SqliteOptions {
        max_bytes: Some(80 * 4096),
        ..SqliteOptions::default()
    };
    let store = Arc::new(place.open_with(options, HandClock::at(now())).await);
    let queue = LedgerQueue::new(store.clone());
    let lines: Vec<_> = (0..3_000).map(line).collect();
    for line in &lines {
        queue.record(line.clone());
    }

    queue.flush_now().await.unwrap_err();

    let state = store.state();
    let fault = state.fault.unwrap();
    assert!(fault.ends_with("database or disk is full"), "{fault}");
    let (from, to) = (now() - hours(1), now());
    let stored = (3_000 - state.buffered) as usize;
    assert!(stored > 0);
    assert_eq!(
        usage_of(&*store, None, from, to).await,
        expected(&lines[..stored], None, from, to)
    );
    store.close().await;
    // There is room again.
    let store = Arc::new(plain(&place).await);
    let roomy = LedgerQueue::new(store.clone());
    lines.iter().for_each(|line| roomy.record(line.clone()));
    roomy.flush_now().await.unwrap();
    assert_eq!(
        usage_of(&*store, None, from, to).await,
        expected(&lines, None, from, to)
    );
}

#[tokio::test]
async fn a_locked_file_is_waited_for_and_loses_nothing() {
    let place = FilePlace::make();
    let options = SqliteOptions {
        busy_timeout: Duration::from_millis(10),
        ..SqliteOptions::default()
    };
    let store = Arc::new(place.open_with(options, HandClock::at(now())).await);
    let queue = LedgerQueue::new(store.clone());
    let mut stranger = stranger(&place).await;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut stranger)
        .await
        .unwrap();
    queue.record(line(1));

    queue.flush_now().await.unwrap_err();
    let fault = store.state().fault.unwrap();
    assert!(fault.ends_with("database is locked"), "{fault}");
    // Whoever starts meanwhile needs no lock, for the tables are there.
    plain(&place).await.close().await;
    sqlx::query("COMMIT").execute(&mut stranger).await.unwrap();
    queue.flush_now().await.unwrap();

    assert_eq!(store.state().fault, None);
    let figures = usage_of(&*store, None, now() - hours(1), now()).await;
    assert_eq!(figures["calls"].count(), 1);
}

#[tokio::test]
async fn many_that_make_the_same_file_at_once_all_get_it() {
    let place = FilePlace::make();

    let stores = futures_util::future::join_all((0..6).map(|_| plain(&place))).await;

    for (number, store) in stores.iter().enumerate() {
        store.write(&[line(number as u64)]).await.unwrap();
    }
    let figures = usage_of(&stores[0], None, now() - hours(1), now()).await;
    assert_eq!(figures["calls"].count(), 6);
}

#[tokio::test]
async fn old_lines_leave_the_file_and_their_sums_stay() {
    let place = FilePlace::make();
    let clock = HandClock::at(now());
    let store = place
        .open_with(SqliteOptions::default(), clock.clone())
        .await;
    let lines: Vec<_> = (0..1_700).map(line).collect();
    store.write(&lines).await.unwrap();
    clock.advance(hours(91 * 24));
    let mut late = line(5_000);
    late.started_at += hours(91 * 24);
    store.write(&[late]).await.unwrap();

    store.tidy().await.unwrap();

    let mut stranger = stranger(&place).await;
    let count = |sql| sqlx::query_scalar::<_, i64>(sql);
    let lines = count("SELECT count(*) FROM ledger")
        .fetch_one(&mut stranger)
        .await
        .unwrap();
    let minutes = count("SELECT count(*) FROM rollup WHERE grain = 0")
        .fetch_one(&mut stranger)
        .await
        .unwrap();
    assert_eq!((lines, minutes), (1, 4));
    // The sums of the days before are no longer in the ledger, and stay.
    store.rebuild().await.unwrap();
    let figures = usage_of(&store, None, now() - hours(24), now() + hours(92 * 24)).await;
    assert_eq!(figures["calls"].count(), 1_701);
}

#[tokio::test]
async fn a_disk_that_is_memory_keeps_the_latest_lines() {
    let place = FilePlace::make();
    let options = SqliteOptions {
        is_ephemeral: true,
        max_bytes: Some(1 << 20),
        ..SqliteOptions::default()
    };
    let store = place.open_with(options, HandClock::at(now())).await;
    let lines: Vec<_> = (0..20_000).map(line).collect();

    for batch in lines.chunks(500) {
        store.write(batch).await.unwrap();
    }

    assert_eq!(store.state().kind, "sqlite (ephemeral)");
    assert!(fs::metadata(place.file()).unwrap().len() <= 1 << 20);
    let figures = usage_of(&store, None, now() - hours(1), now()).await;
    assert_eq!(figures["calls"].count(), 20_000);
}

#[tokio::test]
async fn memory_is_one_store_for_everybody_who_reads_and_writes() {
    let options = SqliteOptions::default();
    let clock = HandClock::at(now());
    let store = SqliteStore::open(SqliteLocation::Memory, options, clock).await;
    let store = Arc::new(store.unwrap());

    let work = (0..50).map(|number| {
        let store = store.clone();
        async move {
            store.write(&[line(number)]).await.unwrap();
            store.put_part(PartName(1), &[1]).await.unwrap();
            store.load_parts(&[]).await.unwrap();
            usage_of(&*store, None, now() - hours(1), now()).await
        }
    });
    futures_util::future::join_all(work).await;

    assert_eq!(store.state().kind, "memory");
    let figures = usage_of(&*store, None, now() - hours(1), now()).await;
    assert_eq!(figures["calls"].count(), 50);
}

#[tokio::test]
async fn a_closed_store_fails_and_hangs_nobody() {
    let place = FilePlace::make();
    let store = plain(&place).await;
    store.close().await;

    store.write(&[line(1)]).await.unwrap_err();
}
