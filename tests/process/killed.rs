//! Processes that end at random moments, in the middle of their work.

use vendor_sim::Server;

use crate::callers::{eventually, question};
use crate::database::{Database, PostgresServer};
use crate::gateway::{Gateway, simulated};
use crate::load::{Dice, Folder, Load, settings};
use crate::record::Record;

/// How often a process is killed on a file, and on a database, where it takes
/// longer to start.
const ROUNDS: [u64; 2] = [50, 12];
/// How often one is told to end.
const ENDINGS: u64 = 8;

/// A store that is opened again and again, and the world around it.
struct Scene {
    server: Server,
    settings: Vec<(&'static str, String)>,
    record: Record,
    /// Calls that were seen in the store.
    stored: Vec<String>,
    answered: usize,
    lost: usize,
}

impl Scene {
    async fn of_file(folder: &Folder) -> Self {
        let path = folder.0.join("gateway.db");
        let url = format!("sqlite://{}", path.display());
        Self::new(&url, Record::Sqlite(path)).await
    }

    async fn of_database(database: &Database) -> Self {
        let url = &database.url;
        Self::new(url, Record::Postgres(url.clone())).await
    }

    async fn new(url: &str, record: Record) -> Self {
        let (_, server) = simulated().await;
        Self {
            server,
            settings: settings(url),
            record,
            stored: Vec::new(),
            answered: 0,
            lost: 0,
        }
    }

    async fn start(&self) -> Gateway {
        let settings: Vec<(&str, &str)> = self
            .settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Gateway::start(&self.server, &settings).await
    }

    /// Asks a few times, waits until that is stored, and kills the process
    /// after `answers` more, `steps` turns of the test later.
    async fn kill(&mut self, answers: usize, steps: u64) -> Load {
        let gateway = self.start().await;
        for name in ["alice", "bob"] {
            let answer = gateway.ask(name, &question()).await.unwrap();
            assert!(answer.is_ok(), "{answer:?}");
            self.stored.push(answer.id);
        }
        let (record, stored) = (&self.record, &self.stored);
        eventually("what was answered is stored", async || {
            record.has(stored).await
        })
        .await;

        let load = Load::default();
        tokio::join!(load.run(&gateway), async {
            while load.count() < answers {
                tokio::task::yield_now().await;
            }
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            gateway.signal("-KILL");
        });
        gateway.kill().await;
        self.answered += load.count();
        load
    }

    /// Asserts that what was stored is there, and that of what was answered
    /// afterwards nothing but the end of each caller's row is missing.
    async fn look(&mut self, load: &Load, when: &str) {
        self.record.assert_consistent(when).await;
        let calls = self.record.calls().await;
        for id in &self.stored {
            assert!(calls.contains(id), "{when}: {id} was stored, and is gone");
        }
        for row in load.rows() {
            let kept = row.iter().take_while(|id| calls.contains(*id)).count();
            self.lost += row.len() - kept;
            self.stored.extend(row.iter().take(kept).cloned());
            let (_, rest) = row.split_at(kept);
            let gap = rest.iter().find(|id| calls.contains(*id));
            assert!(gap.is_none(), "{when}: earlier calls are gone than {gap:?}");
        }
    }
}

#[tokio::test]
async fn kill_9_loses_at_most_the_last_flush_interval_of_a_file() {
    let folder = Folder::new();
    let mut scene = Scene::of_file(&folder).await;

    for seed in 0..ROUNDS[0] {
        let mut dice = Dice(seed);
        let load = scene.kill(dice.below(120) as usize, dice.below(300)).await;
        // The next process repairs the file, not this one.
        let next = scene.start().await;
        scene.look(&load, &format!("seed {seed}")).await;
        next.kill().await;
    }

    eprintln!("{} of {} answers were lost", scene.lost, scene.answered);
    assert!(scene.lost < scene.answered / 2, "no flush came in between");
}

#[tokio::test]
async fn kill_9_loses_no_money_of_a_database() {
    let Some(postgres) = PostgresServer::any().await else {
        return;
    };
    let database = postgres.database().await;
    let mut scene = Scene::of_database(&database).await;

    for seed in 0..ROUNDS[1] {
        let mut dice = Dice(seed);
        let load = scene.kill(dice.below(120) as usize, dice.below(300)).await;
        let_holds_expire(&scene.record, &database.url).await;
        // Its first sweep books what the dead one held.
        let next = scene.start().await;
        let record = &scene.record;
        eventually("no hold is left", async || {
            record.texts("select 'held' from hold").await.is_empty()
        })
        .await;
        scene.look(&load, &format!("seed {seed}")).await;
        let calls = scene.record.calls().await;
        for id in load.rows().iter().step_by(2).flatten() {
            assert!(calls.contains(id), "seed {seed}: {id} cost money");
        }
        next.kill().await;
    }

    eprintln!("{} of {} answers were lost", scene.lost, scene.answered);
}

/// Waits until nobody is connected any more, and lets a minute pass.
async fn let_holds_expire(record: &Record, url: &str) {
    let name = url::Url::parse(url).unwrap().path().replace('/', "");
    let sessions = format!(
        "select 'x' from pg_stat_activity where datname = '{name}' and pid <> pg_backend_pid()"
    );
    eventually("the dead process has no session", async || {
        record.texts(&sessions).await.is_empty()
    })
    .await;
    let age = "update hold set expires_at = now() - interval '1 min' returning 'aged'";
    record.texts(age).await;
}

#[tokio::test]
async fn sigterm_under_load_loses_nothing_of_a_file() {
    let folder = Folder::new();
    assert_orderly_ends(Scene::of_file(&folder).await).await;
}

#[tokio::test]
async fn sigterm_under_load_loses_nothing_of_a_database() {
    let Some(postgres) = PostgresServer::any().await else {
        return;
    };
    let database = postgres.database().await;
    let scene = Scene::of_database(&database).await;
    let record = scene.record.clone();

    assert_orderly_ends(scene).await;

    assert!(record.texts("select 'held' from hold").await.is_empty());
}

async fn assert_orderly_ends(mut scene: Scene) {
    for seed in 0..ENDINGS {
        let mut dice = Dice(seed);
        let gateway = scene.start().await;
        let load = Load::default();
        let answers = dice.below(80) as usize;
        tokio::join!(load.run(&gateway), async {
            while load.count() < answers {
                tokio::task::yield_now().await;
            }
            gateway.terminate();
        });
        let (status, log) = gateway.end().await;

        assert!(status.success(), "seed {seed}: {log}");
        assert!(!log.contains("ledger_gap"), "seed {seed}: {log}");
        scene.answered += load.count();
        scene.look(&load, &format!("seed {seed}")).await;
        assert_eq!(scene.lost, 0, "seed {seed}");
    }
    eprintln!("none of {} answers was lost", scene.answered);
}
