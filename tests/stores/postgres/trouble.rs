//! A server that stops, breaks connections or falls silent.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ai_gateway::domain::{
    LimitRefusal, LimitScope, LimitStore as _, NanoUsd, Secret, UsageStore as _,
};
use ai_gateway::stores::PostgresSettings;
use futures_util::future::{FutureExt as _, join_all};
use sqlx::{Connection as _, PgConnection};
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::database::Database;
use super::invariants::{assert_hold, totals};
use super::proxy::Proxy;
use super::rig::{Instance, budget, calls, eventually, until};

const CAP: NanoUsd = NanoUsd::new(1_000_000);

/// A server of the test's own.
struct Server(PathBuf);

impl Server {
    /// Starts one, unless the machine cannot.
    async fn start() -> Option<(Self, String)> {
        let id = ai_gateway::domain::RequestId::random().bits() as u32;
        let server = Self(PathBuf::from(format!("/tmp/pg.{id:08x}")));
        let url = server.run(&["start"]).await?;
        Some((server, url))
    }

    async fn run(&self, command: &[&str]) -> Option<String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres.sh");
        let (name, rest) = command.split_first().unwrap();
        let output = Command::new(script)
            .arg(name)
            .arg(&self.0)
            .args(rest)
            .output();
        let output = output.await.unwrap();
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            eprintln!("SKIPPED: no server to stop: {error}");
            return None;
        }
        Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres.sh");
        let mut stop = std::process::Command::new(script);
        let _ = stop.arg("stop").arg(&self.0).arg("immediate").output();
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Callers that spend all the time, until they are told to stop.
struct Spenders {
    spent: Arc<AtomicI64>,
    end: CancellationToken,
    spending: JoinSet<()>,
}

impl Spenders {
    fn start(instance: &Arc<Instance>, count: usize) -> Self {
        let (spent, end) = (Arc::default(), CancellationToken::new());
        let mut spending = JoinSet::new();
        for _ in 0..count {
            let (instance, spent) = (Arc::clone(instance), Arc::clone(&spent));
            spending.spawn(keep_spending(instance, spent, end.clone()));
        }
        Self {
            spent,
            end,
            spending,
        }
    }

    /// Waits until they have spent `more`.
    async fn go_on(&self, more: i64) {
        let enough = self.spent.load(Ordering::Relaxed) + more;
        eventually("spending goes on", || async {
            self.spent.load(Ordering::Relaxed) >= enough
        })
        .await;
    }

    /// Returns what they have spent in all.
    async fn stop(self) -> i64 {
        self.end.cancel();
        self.spending.join_all().await;
        self.spent.load(Ordering::Relaxed)
    }
}

async fn keep_spending(instance: Arc<Instance>, spent: Arc<AtomicI64>, end: CancellationToken) {
    while !end.is_cancelled() {
        let cost = until("the store works, or it is over", || async {
            let budgets = vec![budget(LimitScope::Global, CAP)];
            match instance
                .spend(budgets, NanoUsd::new(10), NanoUsd::new(3))
                .await
            {
                Ok(()) => Some(3),
                Err(LimitRefusal::Store(_)) => end.is_cancelled().then_some(0),
                Err(other) => panic!("{other}"),
            }
        })
        .await;
        spent.fetch_add(cost, Ordering::Relaxed);
    }
}

/// Asserts that calls do not wait for a server that is away.
async fn assert_nobody_waits(instance: &Instance) {
    let draw = [calls(LimitScope::Global, 600, 600)];
    let mut waited = 0;
    for _ in 0..100 {
        let mut take = instance.store.take(&draw);
        let taken = if let Some(at_once) = (&mut take).now_or_never() {
            at_once
        } else {
            waited += 1;
            take.await
        };
        assert!(matches!(taken, Err(LimitRefusal::Store(_))), "{taken:?}");
    }
    // Three until the server is left alone, and then one a second.
    assert!(waited <= 5, "{waited} of 100 waited");
}

/// Waits until everything is booked, and checks that it adds up.
async fn assert_all_is_booked(url: &str, instance: &Instance, spent: i64) {
    eventually("the ledger is stored", || async {
        instance.ledger.flush_now().await.is_ok()
    })
    .await;
    // Holds of which nobody knows are released by themselves.
    eventually("all holds end", || async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        totals(&mut connection).await.2 == NanoUsd::ZERO
    })
    .await;
    let mut connection = PgConnection::connect(url).await.unwrap();
    assert_eq!(totals(&mut connection).await.0, NanoUsd::new(spent));
    assert_hold(&mut connection, CAP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_and_comes_back_is_used_again() {
    if Database::create().await.is_none() {
        return;
    }
    let Some((server, url)) = Server::start().await else {
        return;
    };
    let settings = PostgresSettings::new(Secret::new(url.clone()));
    let instance = Arc::new(Instance::start(&settings).await);
    let spenders = Spenders::start(&instance, 4);
    spenders.go_on(300).await;

    server.run(&["stop", "immediate"]).await.unwrap();
    eventually("the fault is seen", || async {
        instance.store.state().fault.is_some()
    })
    .await;
    assert_nobody_waits(&instance).await;
    server.run(&["start"]).await.unwrap();

    spenders.go_on(300).await;
    let spent = spenders.stop().await;
    eventually("the fault is gone", || async {
        instance.store.state().fault.is_none()
    })
    .await;
    assert_all_is_booked(&url, &instance, spent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_at_random_lose_and_double_nothing() {
    let Some(database) = Database::create().await else {
        return;
    };
    let instance = Arc::new(database.instance().await);
    let spenders = Spenders::start(&instance, 8);

    let mut connection = database.connection().await;
    let break_one = "select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid() \
         order by random() limit 1";
    for _ in 0..150 {
        sqlx::query(break_one)
            .execute(&mut connection)
            .await
            .unwrap();
        spenders.go_on(3).await;
    }

    let spent = spenders.stop().await;
    assert!(spent > 0, "nothing came through");
    assert_all_is_booked(&database.url(), &instance, spent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_falls_silent_uses_up_no_connections() {
    let Some(database) = Database::create().await else {
        return;
    };
    let proxy = Proxy::start(&database.url()).await;
    let settings = PostgresSettings::new(Secret::new(proxy.url.clone()));
    let instance = Instance::start(&settings).await;
    let draw = [calls(LimitScope::Global, 600_000, 600_000)];
    let take = || instance.store.take(&draw);
    join_all((0..10).map(|_| take()))
        .await
        .into_iter()
        .for_each(|taken| _ = taken.unwrap());

    proxy.fall_silent();
    // What was on its way may still get through.
    let answers = join_all((0..20).map(|_| take())).await;
    let is_away = |answer: &&Result<_, _>| matches!(answer, Err(LimitRefusal::Store(_)));
    assert!(answers.iter().filter(is_away).count() >= 15, "{answers:?}");
    assert_nobody_waits(&instance).await;

    proxy.speak();
    eventually("it works again", || async { take().await.is_ok() }).await;
    for taken in join_all((0..50).map(|_| take())).await {
        taken.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_not_taken_for_an_outage() {
    let Some(database) = Database::create().await else {
        return;
    };
    let mut settings = database.settings();
    settings.connections = 1;
    let instance = Instance::start(&settings).await;
    let draw = [calls(LimitScope::Global, 600_000, 600_000)];

    let taken = join_all((0..5_000).map(|_| instance.store.take(&draw))).await;

    // Whose turn did not come must not count for itself.
    let refused = taken.iter().filter_map(|taken| taken.as_ref().err());
    let (busy, away): (Vec<_>, Vec<_>) =
        refused.partition(|refusal| matches!(refusal, LimitRefusal::Busy(_)));
    assert!(busy.len() < 5_000 && away.is_empty(), "{away:?}");
    assert_eq!(instance.store.state().fault, None);
    eventually("there is room again", || async {
        instance.store.take(&draw).await.is_ok()
    })
    .await;
}
