//! Holds the house to its plan: imports run one way, files stay short, and
//! each outside crate has one place.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

mod reader;

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules a module may import, itself aside. A new edge is a decision
/// about the design.
const EDGES: [(&str, &[&str]); 16] = [
    ("main", &["app", "config", "telemetry"]),
    (
        "app",
        &[
            "cache",
            "config",
            "domain",
            "embedding",
            "gateway",
            "http",
            "limit",
            "mcp",
            "providers",
            "routing",
            "stores",
            "telemetry",
            "usage",
        ],
    ),
    (
        "config",
        &[
            "cache",
            "domain",
            "embedding",
            "gateway",
            "http",
            "limit",
            "mcp",
            "providers",
            "routing",
            "stores",
            "telemetry",
            "usage",
        ],
    ),
    ("http", &["domain", "gateway", "mcp", "telemetry"]),
    ("mcp", &["domain", "gateway"]),
    (
        "gateway",
        &["cache", "domain", "limit", "routing", "telemetry", "usage"],
    ),
    ("limit", &["domain"]),
    ("routing", &["domain"]),
    ("cache", &["domain"]),
    ("usage", &["domain"]),
    ("telemetry", &["domain"]),
    ("providers", &["domain"]),
    ("stores", &["domain"]),
    ("embedding", &["domain"]),
    ("domain", &[]),
    ("lib", &[]),
];

/// Crates that belong to some modules alone.
const PLACES: [(&str, &[&str]); 13] = [
    ("reqwest", &["providers"]),
    ("google_cloud_auth", &["providers"]),
    ("axum", &["app", "http"]),
    ("rmcp", &["http", "mcp"]),
    ("jsonwebtoken", &["http"]),
    ("ring", &["http"]),
    ("prometheus", &["telemetry"]),
    ("sqlx", &["stores"]),
    ("fastembed", &["embedding"]),
    ("ort", &["embedding"]),
    ("hnsw_rs", &["cache"]),
    ("clap", &["main"]),
    ("tracing_subscriber", &["telemetry"]),
];

const MAX_LINES: usize = 400;

#[test]
fn imports_run_one_way() {
    let mut broken = Vec::new();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == module) else {
            broken.push(format!("{}: {module} is not in the plan", path.display()));
            continue;
        };
        for import in reader::names(&path, &text).ours {
            if import != module && !allowed.contains(&import.as_str()) {
                broken.push(format!("{}: {module} imports {import}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn files_stay_short() {
    let roots = [
        "src",
        "tests",
        "benches",
        "vendor_sim/src",
        "vendor_sim/tests",
    ];
    let long: Vec<String> = roots
        .into_iter()
        .flat_map(sources)
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn modules_stand_beside_their_folders() {
    let named_mod: Vec<_> = ["src", "vendor_sim/src"]
        .into_iter()
        .flat_map(sources)
        .filter(|(path, _)| path.ends_with("mod.rs"))
        .collect();
    assert!(named_mod.is_empty(), "{named_mod:?}");
}

#[test]
fn outside_crates_keep_to_their_place() {
    let mut strays = Vec::new();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        let foreign = reader::names(&path, &text).foreign;
        for (name, places) in PLACES {
            if foreign.contains(name) && !places.contains(&module.as_str()) {
                strays.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(strays.is_empty(), "{}", strays.join("\n"));
}

#[test]
fn the_server_links_no_simulator() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("\n[dependencies]").nth(1).unwrap();
    let dependencies = dependencies.split("\n[").next().unwrap();

    assert!(!dependencies.contains("vendor_sim"));
    for (path, text) in sources("src") {
        let foreign = reader::names(&path, &text).foreign;
        assert!(!foreign.contains("vendor_sim"), "{}", path.display());
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Lists the Rust files below a folder with their texts.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    files.sort();
    files
}

/// Returns the top-level module that a file below `src` belongs to.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix("src").unwrap();
    let first = below.components().next().unwrap().as_os_str();
    let first = Path::new(first).file_stem().unwrap();
    first.to_string_lossy().into_owned()
}
