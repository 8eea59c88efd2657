//! Callers that ask without a pause, until something ends the gateway.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ai_gateway::domain::RequestId;
use futures_util::future::join_all;

use crate::callers::{entries, question};
use crate::gateway::Gateway;

/// Who asks, each in a row: alice has a budget, bob has nothing to heed.
pub(crate) const ASKING: [&str; 4] = ["alice", "bob", "alice", "bob"];

/// A budget that nobody uses up, for every caller of that name.
pub(crate) const BUDGET: &str = "{alice: {budget_usd: 1000, budget_window: total}}";

/// What a gateway for [`ASKING`] is told, besides where its store is.
pub(crate) fn settings(database_url: &str) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", database_url.to_owned()),
        ("AUTH_MODE", "api-key".to_owned()),
        ("GATEWAY_API_KEYS", entries(&["alice", "bob", "admin"])),
        ("GATEWAY__CALLERS", BUDGET.to_owned()),
        // Nobody reads it while the process lives.
        ("RUST_LOG", "info,audit=off,rmcp::service=off".to_owned()),
    ]
}

/// Calls that were answered, in the order of each caller.
#[derive(Default)]
pub(crate) struct Load {
    answered: [Mutex<Vec<String>>; ASKING.len()],
    count: AtomicUsize,
}

impl Load {
    /// Asks until the gateway is gone.
    pub(crate) async fn run(&self, gateway: &Gateway) {
        let question = question();
        let asking = ASKING.iter().zip(&self.answered);
        join_all(asking.map(|(name, answered)| {
            let question = &question;
            async move {
                while let Some(answer) = gateway.ask(name, question).await {
                    if !answer.is_ok() {
                        // It is ending, and says so.
                        assert_eq!(answer.status, 503, "{answer:?}");
                        break;
                    }
                    answered.lock().unwrap().push(answer.id);
                    self.count.fetch_add(1, Ordering::Relaxed);
                }
            }
        }))
        .await;
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns each caller's calls.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let rows = self.answered.iter();
        rows.map(|row| row.lock().unwrap().clone()).collect()
    }
}

/// A folder that is removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("ai-gateway-{}", RequestId::random());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Numbers that look random and are the same every time (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}
