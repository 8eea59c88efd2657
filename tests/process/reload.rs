//! Callers and limits that change while the process runs.

use std::fs;

use vendor_sim::Server;

use crate::callers::{entry, eventually, question};
use crate::gateway::{Gateway, simulated};
use crate::load::Folder;

const TIGHT: &str = "callers: {alice: {requests_per_minute: 1}}\n";
const WIDE: &str = "callers: {alice: {requests_per_minute: 60}}\n";
const FAULTY: &str = "callers: {alice: {requests_per_minute: 60}, bob: {budget_usd: -1}}\n";

/// A gateway whose keys and limits are in files.
struct Scene {
    folder: Folder,
    gateway: Gateway,
    _server: Server,
}

impl Scene {
    /// Starts with a key for alice, who may make one call, and makes it.
    async fn start() -> Self {
        let folder = Folder::new();
        fs::write(folder.0.join("gateway.yaml"), TIGHT).unwrap();
        fs::create_dir(folder.0.join("keys")).unwrap();
        let keys = folder.0.join("keys").join("callers");
        fs::write(&keys, entry("alice")).unwrap();
        let (_, server) = simulated().await;
        let settings = [
            ("GATEWAY_CONFIG_DIR", folder.0.to_str().unwrap()),
            ("AUTH_MODE", "api-key"),
            ("GATEWAY_API_KEYS_FILE", keys.to_str().unwrap()),
        ];
        let gateway = Gateway::start(&server, &settings).await;
        let scene = Self {
            folder,
            gateway,
            _server: server,
        };
        assert_eq!(scene.ask("alice").await, (200, String::new()));
        scene.assert_old().await;
        scene
    }

    fn write(&self, limits: &str, names: &[&str]) {
        let entries: Vec<String> = names.iter().map(|name| entry(name)).collect();
        let keys = self.folder.0.join("keys").join("callers");
        fs::write(keys, entries.join("\n")).unwrap();
        fs::write(self.folder.0.join("gateway.yaml"), limits).unwrap();
    }

    async fn ask(&self, name: &str) -> (u16, String) {
        let answer = self.gateway.ask(name, &question()).await.unwrap();
        (answer.status, answer.code().to_owned())
    }

    /// Asserts that alice has no call left, and bob no key.
    async fn assert_old(&self) {
        let limited = (429, "policy_rate_limited".to_owned());
        assert_eq!(self.ask("alice").await, limited);
        assert_eq!(self.ask("bob").await.0, 401);
    }

    async fn is_ready(&self, words: &str) -> bool {
        let page = self.gateway.get("alice", "/ready").await;
        page.starts_with("HTTP/1.1 200 ") && page.contains(words)
    }
}

#[tokio::test]
async fn sighup_puts_new_limits_and_keys_in_force() {
    let scene = Scene::start().await;

    scene.write(WIDE, &["alice", "bob"]);
    scene.gateway.signal("-HUP");

    eventually("bob has a key", async || scene.ask("bob").await.0 == 200).await;
    assert_eq!(scene.ask("alice").await.0, 200);
    assert!(scene.is_ready(r#""status":"ready""#).await);
}

#[tokio::test]
async fn changed_files_are_read_without_a_signal() {
    let scene = Scene::start().await;

    scene.write(WIDE, &["bob"]);

    eventually("bob has a key", async || scene.ask("bob").await.0 == 200).await;
    assert_eq!(scene.ask("alice").await.0, 401, "alice has none any more");
}

#[tokio::test]
async fn a_faulty_version_is_refused_as_a_whole_and_said() {
    let scene = Scene::start().await;

    scene.write(FAULTY, &["alice", "bob"]);
    scene.gateway.signal("-HUP");
    eventually("the refusal is said", async || {
        scene.is_ready("configuration: ").await
    })
    .await;
    scene.assert_old().await;
    scene.write(WIDE, &["alice", "bob"]);
    scene.gateway.signal("-HUP");

    eventually("bob has a key", async || scene.ask("bob").await.0 == 200).await;
    assert_eq!(scene.ask("alice").await.0, 200);
    assert!(scene.is_ready(r#""status":"ready""#).await);
    scene.gateway.terminate();
    let (_, log) = scene.gateway.end().await;
    assert!(log.contains("callers.bob.budget_usd"), "{log}");
}
