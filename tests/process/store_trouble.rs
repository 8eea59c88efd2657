//! Stores that go away, stay locked, or were never any good.

use std::fs;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};

use crate::callers::{entries, eventually, question};
use crate::database::PostgresServer;
use crate::gateway::{Gateway, command, simulated};
use crate::load::Folder;
use crate::record::Record;

/// Alice has a budget, bob a rate, and carol nothing to heed.
const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const LIMITS: &str = "{
  alice: {budget_usd: 1000, budget_window: total},
  bob: {requests_per_minute: 600},
  admin: {admin: true},
}";

async fn start(server: &vendor_sim::Server, database_url: &str) -> Gateway {
    let keys = entries(&["alice", "bob", "carol", "admin"]);
    let settings = [
        ("DATABASE_URL", database_url),
        ("AUTH_MODE", "api-key"),
        ("GATEWAY_API_KEYS", &keys),
        ("GATEWAY__CALLERS", LIMITS),
    ];
    Gateway::start(server, &settings).await
}

/// Asks as each of [`NAMES`], and returns the calls that were answered.
async fn ask(gateway: &Gateway, names: &[&str], calls: &mut Vec<String>) {
    for name in names {
        let answer = gateway.ask(name, &question()).await.unwrap();
        assert!(answer.is_ok(), "{name}: {answer:?}");
        calls.push(answer.id);
    }
}

async fn is_said(gateway: &Gateway, ready: &str, up: u8) -> bool {
    let page = gateway.get("carol", "/ready").await;
    let metrics = gateway.get("admin", "/metrics").await;
    page.starts_with("HTTP/1.1 200 ")
        && page.contains(ready)
        && metrics.contains(&format!("\ngateway_store_up {up}\n"))
}

#[tokio::test]
async fn what_was_learned_and_could_not_be_kept_is_said_at_the_end() {
    let Some(postgres) = PostgresServer::own().await else {
        return;
    };
    let database = postgres.database().await;
    let (_simulator, server) = simulated().await;
    let gateway = start(&server, &database.url).await;
    ask(&gateway, &NAMES, &mut Vec::new()).await;

    postgres.crash().await;
    gateway.terminate();
    let (_, log) = gateway.end().await;

    assert!(
        log.contains("the router learned since then was not kept"),
        "{log}"
    );
}

#[tokio::test]
async fn a_database_that_crashes_costs_no_answer_and_no_line() {
    let Some(postgres) = PostgresServer::own().await else {
        return;
    };
    let database = postgres.database().await;
    let record = Record::Postgres(database.url.clone());
    let (simulator, server) = simulated().await;
    let gateway = start(&server, &database.url).await;
    let mut calls = Vec::new();
    for _ in 0..10 {
        ask(&gateway, &NAMES, &mut calls).await;
    }

    postgres.crash().await;
    let asked = simulator.stats(vendor_sim::Vendor::OpenAi).received;
    for _ in 0..20 {
        ask(&gateway, &["bob", "carol"], &mut calls).await;
        let refused = gateway.ask("alice", &question()).await.unwrap();
        assert_eq!(
            (refused.status, refused.code()),
            (503, "gateway_overloaded")
        );
        calls.push(refused.id);
    }
    let more = simulator.stats(vendor_sim::Vendor::OpenAi).received - asked;
    assert_eq!(more, 40, "a budget was spent unseen");
    eventually("the outage is said", async || {
        is_said(&gateway, "store: degraded", 0).await
    })
    .await;
    postgres.start().await.unwrap();

    eventually("the store is found again", async || {
        is_said(&gateway, r#""status":"ready""#, 1).await
    })
    .await;
    ask(&gateway, &NAMES, &mut calls).await;
    eventually("every call is stored", async || record.has(&calls).await).await;
    record.assert_consistent("after the outage").await;
    eventually("no hold is left", async || {
        record.texts("select 'held' from hold").await.is_empty()
    })
    .await;
    eprintln!("none of {} lines was lost", calls.len());
}

/// Locks a file as another process that writes does.
async fn lock(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    let mut stranger = options.connect().await.unwrap();
    sqlx::raw_sql("begin immediate")
        .execute(&mut stranger)
        .await
        .unwrap();
    stranger
}

#[tokio::test]
async fn a_file_that_stays_locked_holds_up_no_call() {
    let folder = Folder::new();
    let path = folder.0.join("gateway.db");
    let record = Record::Sqlite(path.clone());
    let (_simulator, server) = simulated().await;
    let gateway = start(&server, &format!("sqlite://{}", path.display())).await;
    let mut calls = Vec::new();
    ask(&gateway, &NAMES, &mut calls).await;
    eventually("the first are stored", async || record.has(&calls).await).await;

    let mut stranger = lock(&path).await;
    let first = calls.len();
    for _ in 0..20 {
        ask(&gateway, &NAMES, &mut calls).await;
    }
    eventually("the lock is said", async || {
        is_said(&gateway, "store: degraded", 0).await
    })
    .await;
    assert_eq!(record.calls().await.len(), first);
    sqlx::raw_sql("rollback")
        .execute(&mut stranger)
        .await
        .unwrap();

    eventually("every call is stored", async || record.has(&calls).await).await;
    record.assert_consistent("after the lock").await;
    eventually("the store is found again", async || {
        is_said(&gateway, r#""status":"ready""#, 1).await
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_stored_at_the_end_is_in_the_log() {
    let folder = Folder::new();
    let path = folder.0.join("gateway.db");
    let (_simulator, server) = simulated().await;
    let gateway = start(&server, &format!("sqlite://{}", path.display())).await;
    let mut stranger = lock(&path).await;
    let mut calls = Vec::new();
    ask(&gateway, &NAMES, &mut calls).await;

    gateway.terminate();
    let (status, log) = gateway.end().await;

    assert_eq!(status.code(), Some(1), "{log}");
    let gaps = log.lines().filter(|line| line.starts_with('{'));
    let gaps: Vec<&str> = gaps
        .filter(|line| line.contains(r#""event":"ledger_gap""#))
        .collect();
    assert_eq!(gaps.len(), calls.len(), "{log}");
    for id in calls {
        assert!(gaps.iter().any(|gap| gap.contains(&id)), "{id}: {log}");
    }
    sqlx::raw_sql("rollback")
        .execute(&mut stranger)
        .await
        .unwrap();
}

/// Starts a gateway that cannot start, and returns what it says.
async fn refusal(database_url: &str) -> String {
    let output = command()
        .env("PORT", "0")
        .env("DATABASE_URL", database_url)
        .output();
    let output = tokio::time::timeout(3 * crate::gateway::END, output);
    let output = output.await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_ne!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("listening"), "{said}");
    said
}

#[tokio::test]
async fn a_place_that_is_no_store_ends_the_start_and_is_left_alone() {
    let folder = Folder::new();
    let garbage = "no database, though long enough to be one. ".repeat(100);
    let file = folder.0.join("notes.txt");
    fs::write(&file, &garbage).unwrap();
    let below = file.join("gateway.db");

    for path in [&file, &below] {
        let said = refusal(&format!("sqlite://{}", path.display())).await;

        assert!(said.contains(&path.display().to_string()), "{said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), garbage);
    }
    let files: Vec<_> = fs::read_dir(&folder.0).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
}

#[tokio::test]
async fn a_corrupt_file_is_set_aside_and_said_so() {
    let folder = Folder::new();
    let path = folder.0.join("gateway.db");
    let url = format!("sqlite://{}", path.display());
    let (_simulator, server) = simulated().await;
    let gateway = start(&server, &url).await;
    gateway.terminate();
    gateway.end().await;
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xA5);
    fs::write(&path, &bytes).unwrap();

    for (number, broken) in [(1, bytes), (2, b"no database".repeat(1_000))] {
        fs::write(&path, &broken).unwrap();
        let gateway = start(&server, &url).await;

        let page = "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let page = gateway.exchange(page).await.unwrap();
        gateway.terminate();
        gateway.end().await;

        assert!(page.contains("set aside"), "{page}");
        let aside = folder.0.join(format!("gateway.db.corrupt-{number}"));
        assert_eq!(fs::read(aside).unwrap(), broken);
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    let said = refusal("postgres://alice:canary@127.0.0.1:1/gateway").await;

    assert!(said.contains("127.0.0.1:1/gateway"), "{said}");
    assert!(!said.contains("canary"), "{said}");
}
