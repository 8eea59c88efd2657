//! `eval`: predictions for every row, from files alone.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::gateway::command;
use crate::load::Folder;
use crate::onnxruntime::library;

/// Files of one test.
pub(crate) struct Desk {
    folder: Folder,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            folder: Folder::new(),
        }
    }

    pub(crate) fn write(&self, name: &str, rows: &[Value]) -> PathBuf {
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        self.write_text(name, lines.join("\n"))
    }

    pub(crate) fn write_text(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// Runs `eval` with a configuration that could not be used and without ONNX
/// Runtime, unless `library` names one.
pub(crate) async fn eval(arguments: &[&str], files: &[&Path], library: Option<&Path>) -> Output {
    command()
        .arg("eval")
        .args(arguments)
        .args(files)
        .env("PORT", "http")
        .env("ORT_DYLIB_PATH", library.unwrap_or(Path::new("/nowhere")))
        .output()
        .await
        .unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Returns the predictions of a run that made them all.
pub(crate) fn predictions(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[tokio::test]
async fn every_prompt_is_classified_in_order_without_key_library_or_configuration() {
    let desk = Desk::new();
    let first = [
        json!({"id": "a", "prompt": "Write a Python function that reverses a list.",
               "label": "code", "slice": "natural", "unknown": [1]}),
        json!({"id": "a", "prompt": "Translate to French: good evening", "label": "multilingual",
               "slice": "natural"}),
        json!({"id": "empty", "prompt": ""}),
    ];
    let second = [
        json!({"id": 7, "prompt": "word ".repeat(20_000), "label": ["odd"]}),
        json!({"id": "nul", "prompt": "\u{0}\u{202e}🦀", "label": "no label"}),
    ];
    let files = [desk.write("1", &first), desk.write("2", &second)];
    let files = files.each_ref().map(PathBuf::as_path);

    let output = eval(&["router"], &files, None).await;
    let again = eval(&["router", "--no-embedding"], &files, None).await;

    let found = predictions(&output);
    let ids: Vec<&Value> = found.iter().map(|row| &row["id"]).collect();
    assert_eq!(json!(ids), json!(["a", "a", "empty", 7, "nul"]));
    assert_eq!(found[0]["label"], "code");
    assert_eq!(found[1]["label"], "multilingual");
    for row in &found {
        let chances = row["probs"].as_object().unwrap();
        let sum: f64 = chances
            .values()
            .map(|chance| chance.as_f64().unwrap())
            .sum();
        assert!(chances.len() == 6 && (sum - 1.0).abs() < 1e-6, "{row}");
        assert_eq!(row["confidence"], chances[row["label"].as_str().unwrap()]);
        let best = chances.values().map(|chance| chance.as_f64().unwrap());
        assert_eq!(row["confidence"], json!(best.fold(0.0, f64::max)));
    }
    assert_eq!(output.stdout, again.stdout);
    let (text, quiet) = (said(&output), said(&again));
    for part in [
        "warning: no embeddings: ONNX Runtime cannot be loaded",
        "5 prompts classified, embeddings took no part",
        "all: 3 | 0.667 [",
        "natural: 2 | 1.000 [",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!quiet.contains("warning"), "{quiet}");
}

#[tokio::test]
async fn a_bad_row_is_named_and_nothing_is_predicted() {
    let good = r#"{"id": "a", "prompt": "x"}"#;
    let outcome = |score: &str| {
        let costs = r#""costs": {"m": 0.1}"#;
        format!(r#"{{"id": "a", "prompt": "x", "scores": {{"m": {score}}}, {costs}}}"#)
    };
    let desk = Desk::new();
    let fine = desk.write_text("fine", outcome("0.5"));
    let router = |text: &[u8]| (vec!["router"], text.to_vec());
    let dev = |text: String| (vec!["router", "--outcomes"], text.into_bytes());
    let cases = [
        (router(format!("{good}\n\n[]").as_bytes()), ":3: "),
        (router(format!("{good}\n{{").as_bytes()), ":2: "),
        (router(br#"{"id": "a"}"#), ":1: missing field `prompt`"),
        (
            router(br#"{"id": {}, "prompt": "x"}"#),
            ":1: `id` is neither",
        ),
        (
            router(br#"{"id": NaN, "prompt": "x"}"#),
            ":1: `id` is neither",
        ),
        (router(br#"{"id": "a", "prompt": 1}"#), ":1: "),
        (
            router(b"{\"id\": \"a\", \"prompt\": \"\xff\"}"),
            ":1: not UTF-8 (column 24)",
        ),
        (dev(outcome("1.5")), ":1: the score 1.5 of m"),
        (dev(outcome("null")), ":1: the score of m is not a number"),
        (
            dev(outcome("-Infinity")),
            ":1: the score of m is not a number",
        ),
        (dev(outcome("1e999")), ":1: number out of range"),
        (dev(outcome("0.5, \"n\": 1")), ":1: there is no cost of n"),
        (dev(good.to_owned()), ":1: missing field `scores`"),
        (dev(String::new()), "there is no outcome to learn from"),
        (
            (vec!["cache"], br#"{"id": "a", "a": "x"}"#.to_vec()),
            ":1: neither",
        ),
    ];
    for ((arguments, text), part) in cases {
        let path = desk.write_text("rows", &text);
        let mut files = vec![path.as_path()];
        if arguments.contains(&"--outcomes") {
            files.push(&fine);
        }

        let output = eval(&arguments, &files, None).await;

        let text = said(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty());
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn files_are_taken_as_other_tools_write_them() {
    let desk = Desk::new();
    let lines = [
        "\u{feff}{\"id\": 340282366920938463463374607431768211457, \"prompt\": \"x\"}\r",
        r#"{"id": 1e2, "prompt": "cut \ud83d", "label": NaN, "slice": [Infinity]}"#,
        r#"{"id": "\ud83d", "prompt": "\ud83d\ude00 \\ud83d", "label": 1e999}"#,
        r#"{"id": "caf\u00e9", "prompt": "NaN", "-Infinity": -Infinity}"#,
    ];
    let file = desk.write_text("rows", lines.join("\n"));
    let same = [
        json!({"id": 1, "prompt": "x"}),
        json!({"id": 1, "prompt": "cut \u{fffd}"}),
        json!({"id": 1, "prompt": "😀 \\ud83d"}),
        json!({"id": 1, "prompt": "NaN"}),
    ];
    let same = desk.write("same", &same);
    let stream = desk.write_text("stream", lines.join("\n"));

    let output = eval(&["router"], &[&file], None).await;
    let same = predictions(&eval(&["router"], &[&same], None).await);
    let cache = eval(&["cache"], &[&stream], None).await;

    let found = predictions(&output);
    for (found, same) in found.iter().zip(&same) {
        assert_eq!(found["probs"], same["probs"]);
    }
    let ids = [
        "340282366920938463463374607431768211457",
        "1e2",
        r#""\ufffd""#,
        r#""caf\u00e9""#,
    ];
    for text in [&output.stdout, &cache.stdout] {
        let text = std::str::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), ids.len());
        for (line, id) in text.lines().zip(ids) {
            assert!(
                line.starts_with(&format!(r#"{{"id":{id},"#)),
                "{id}: {line}"
            );
        }
    }
}

#[tokio::test]
async fn bad_usage_ends_with_2() {
    let desk = Desk::new();
    let file = desk.write_text("rows", "");
    let file = file.to_str().unwrap();
    for arguments in [
        &["router"][..],
        &["router", "/nowhere/rows"],
        &["router", "/"],
        &["router", file, "--outcomes", file, file],
        &["router", "--outcomes", file],
        &["router", file, "--leave-out", "dataset"],
        &["router", "--outcomes", file, file, "--leave-out", "scores"],
        &["router", "--outcomes", file, file, "--leave-out", "id"],
        &["router", "--outcomes", file, file, "--leave-out", "prompt"],
        &["cache"],
        &["nothing"],
    ] {
        let output = eval(arguments, &[], None).await;

        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    assert!(predictions(&eval(&["router", file], &[], None).await).is_empty());
    assert!(predictions(&eval(&["cache", file], &[], None).await).is_empty());
}

#[tokio::test]
async fn pairs_and_streams_go_through_the_cache() {
    let desk = Desk::new();
    let pairs = desk.write(
        "pairs",
        &[
            json!({"id": 1, "a": "How do I boil rice?", "b": "how do I boil rice", "label": 1}),
            json!({"id": 2, "a": "How do I boil rice?", "b": "How do I boil eggs?"}),
            json!({"id": 2, "a": "", "b": ""}),
            json!({"id": 3, "a": "Is it raining now?", "b": "Is it raining now?"}),
        ],
    );
    // Asked in the order of `seq`, answered in that of the file.
    let stream = desk.write(
        "stream",
        &[
            json!({"seq": 2, "id": "late", "prompt": "How do I boil rice?"}),
            json!({"seq": 0, "id": "first", "prompt": "How do I boil rice?"}),
            json!({"seq": 1, "id": "other", "prompt": "word ".repeat(20_000)}),
        ],
    );
    let mixed = desk.write(
        "mixed",
        &[
            json!({"id": 1, "a": "x", "b": "y"}),
            json!({"id": 2, "prompt": "x"}),
        ],
    );

    let of_pairs = predictions(&eval(&["cache"], &[&pairs], None).await);
    let of_stream = predictions(&eval(&["cache"], &[&stream], None).await);
    let refused = eval(&["cache"], &[&mixed], None).await;

    assert_eq!(
        json!(of_pairs),
        json!([
            {"id": 1, "score": 1.0, "hit": true},
            {"id": 2, "score": 0.0, "hit": false},
            {"id": 2, "score": 0.0, "hit": false},
            {"id": 3, "score": 0.0, "hit": false},
        ])
    );
    assert_eq!(
        json!(of_stream),
        json!([
            {"id": "late", "hit": true, "matched_id": "first", "score": 1.0},
            {"id": "first", "hit": false},
            {"id": "other", "hit": false},
        ])
    );
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("mixed:2: "), "{}", said(&refused));
}

#[tokio::test]
async fn with_onnx_runtime_embeddings_take_part() {
    let Some(library) = library() else { return };
    let desk = Desk::new();
    let (asked, alike) = (
        "How do I write a cover letter?",
        "What is the best way to write a cover letter?",
    );
    let prompts = desk.write("prompts", &[json!({"id": 1, "prompt": asked})]);
    let pairs = desk.write(
        "pairs",
        &[
            json!({"id": 1, "a": asked, "b": alike}),
            json!({"id": 2, "a": asked, "b": "How do I write a resignation letter?"}),
        ],
    );

    let router = eval(&["router"], &[&prompts], Some(&library)).await;
    let bare = eval(&["router", "--no-embedding"], &[&prompts], Some(&library)).await;
    let cache = eval(&["cache"], &[&pairs], Some(&library)).await;

    assert!(
        said(&router).contains("embeddings took part"),
        "{}",
        said(&router)
    );
    assert_ne!(predictions(&router), predictions(&bare));
    let cache = predictions(&cache);
    assert_eq!(
        (&cache[0]["hit"], &cache[1]["hit"]),
        (&json!(true), &json!(false))
    );
    let score = |row: usize| cache[row]["score"].as_f64().unwrap();
    assert!(score(0) > score(1) && score(0) < 1.0);
}
