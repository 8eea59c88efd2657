//! The embedder of the built binary: with its library, without it, and with
//! what is no such library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::callers::eventually;
use crate::gateway::{Gateway, simulated};
use crate::load::Folder;
use crate::onnxruntime::library;

/// What the one warning begins with.
const WARNING: &str = "questions are not compared by meaning";
const LOADED: &str = "the embedding model is loaded";

/// Starts a gateway that is to load `library`.
async fn start(server: &vendor_sim::Server, library: &Path) -> Gateway {
    let settings = [
        ("GATEWAY__EMBEDDING__ENABLED", "true"),
        ("ORT_DYLIB_PATH", library.to_str().unwrap()),
    ];
    Gateway::start(server, &settings).await
}

/// Returns what `health_check` says of the embedder.
async fn embedding(gateway: &Gateway) -> String {
    let params = json!({"name": "health_check", "arguments": {}});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let body = gateway.post("/mcp", &call.to_string()).await.unwrap();
    let answer: Value = serde_json::from_str(&body).unwrap();
    let said = &answer["result"]["structuredContent"]["embedding"];
    said.to_string()
}

/// Asserts that a gateway with such a library does all but embed, and warns
/// once, with `words`.
async fn assert_works_without(library: &Path, words: &str) {
    let (_simulator, server) = simulated().await;
    let gateway = start(&server, library).await;

    eventually("the embedder fails", async || {
        embedding(&gateway).await == r#"{"reason":"ONNX Runtime cannot be loaded","state":"off"}"#
    })
    .await;
    let ready = gateway.get("nobody", "/ready").await;
    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
    assert!(
        ready.contains(r#""embedding: ONNX Runtime cannot be loaded""#),
        "{ready}"
    );
    for _ in 0..2 {
        let prompt = json!({"prompt": "say: ok", "model": "gpt-6-luna"});
        let answer = gateway.complete(prompt).await.unwrap();
        assert_eq!(answer["text"], "ok", "{answer}");
    }
    gateway.terminate();
    let (status, log) = gateway.end().await;

    assert_eq!(status.code(), Some(0), "{log}");
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains(WARNING)).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(
        warnings[0].contains(library.to_str().unwrap()) && warnings[0].contains(words),
        "{log}"
    );
}

#[tokio::test]
async fn a_library_that_is_missing_costs_the_embedder_alone() {
    let folder = Folder::new();

    assert_works_without(&folder.0.join("none.so"), "No such file").await;
    assert_works_without(&folder.0, "it is not a file").await;
}

#[tokio::test]
async fn a_file_that_is_no_library_costs_the_embedder_alone() {
    let folder = Folder::new();
    let empty = folder.0.join("empty.so");
    fs::write(&empty, "").unwrap();
    let text = folder.0.join("text.so");
    fs::write(&text, "no library, though long enough. ".repeat(1000)).unwrap();

    for file in [empty, text] {
        assert_works_without(&file, "failed to load").await;
    }
}

#[tokio::test]
async fn half_a_library_costs_the_embedder_alone() {
    let Some(library) = library() else {
        return;
    };
    let folder = Folder::new();
    let half = folder.0.join("half.so");
    let bytes = fs::read(library).unwrap();
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();

    assert_works_without(&half, "it is cut short").await;
}

/// Finds the C library, which every process has.
#[cfg(target_os = "linux")]
fn other_library() -> PathBuf {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut paths = maps.lines().filter_map(|line| line.split(' ').next_back());
    let path = paths.find(|path| path.contains("/libc.so") || path.contains("/libc-"));
    PathBuf::from(path.unwrap())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn another_library_costs_the_embedder_alone() {
    let library = other_library();

    assert_works_without(&library, "OrtGetApiBase").await;
}

/// An ONNX Runtime that says what `ANSWER` holds of its version.
const STAND_IN: &str = r"
#include <stddef.h>
static const char *version(void) { return ANSWER; }
static const void *api(unsigned number) { return NULL; }
static struct { const void *(*api)(unsigned); const char *(*version)(void); } base = { api, version };
const void *OrtGetApiBase(void) { return BASE; }
";

/// Compiles one; `None`, and says so, where there is no C compiler.
fn stand_in(folder: &Path, answer: &str, base: &str) -> Option<PathBuf> {
    let (source, library) = (folder.join("ort.c"), folder.join("ort.so"));
    fs::write(&source, STAND_IN).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-w", "-o"])
        .args([&library, &source])
        .arg(format!("-DANSWER=\"{answer}\""))
        .arg(format!("-DBASE={base}"))
        .status();
    let is_compiled = compiled.is_ok_and(|status| status.success());
    if !is_compiled {
        eprintln!("SKIPPED: there is no C compiler");
    }
    is_compiled.then_some(library)
}

#[tokio::test]
async fn a_runtime_that_is_too_old_costs_the_embedder_alone() {
    let folder = Folder::new();
    let Some(library) = stand_in(&folder.0, "1.23.2", "&base") else {
        return;
    };

    assert_works_without(&library, "1.23.2").await;
}

#[tokio::test]
async fn a_runtime_that_makes_its_caller_panic_costs_the_embedder_alone() {
    let folder = Folder::new();
    // The first is of the right version and has no functions, the second
    // nothing at all.
    for base in ["&base", "NULL"] {
        let Some(library) = stand_in(&folder.0, "1.31.1", base) else {
            return;
        };

        assert_works_without(&library, "it is no ONNX Runtime that we understand").await;
    }
}

#[tokio::test]
async fn a_good_library_is_loaded_and_said_once() {
    let Some(library) = library() else {
        return;
    };
    let (_simulator, server) = simulated().await;
    let gateway = start(&server, &library).await;

    eventually("the embedder is ready", async || {
        embedding(&gateway).await == r#"{"state":"ready"}"#
    })
    .await;
    let ready = gateway.get("nobody", "/ready").await;
    assert!(ready.contains(r#""status":"ready""#), "{ready}");
    gateway.terminate();
    let (status, log) = gateway.end().await;

    assert_eq!(status.code(), Some(0), "{log}");
    let said: Vec<&str> = log.lines().filter(|line| line.contains(LOADED)).collect();
    assert_eq!(said.len(), 1, "{log}");
    assert!(said[0].contains(library.to_str().unwrap()), "{log}");
    assert!(!log.contains(WARNING), "{log}");
}

#[tokio::test]
async fn an_end_while_it_is_loaded_is_an_end_like_any_other() {
    let Some(library) = library() else {
        return;
    };
    let (_simulator, server) = simulated().await;
    for _ in 0..5 {
        let gateway = start(&server, &library).await;
        gateway.terminate();
        let (status, log) = gateway.end().await;

        assert_eq!(status.code(), Some(0), "{status}: {log}");
    }
}
