//! What the embedder costs: memory of the built gateway, time to load, time
//! per text.
//!
//! `cargo bench --bench embedding` prints two tables in Markdown. It takes
//! the library that `ORT_DYLIB_PATH` names, or else
//! `scripts/onnxruntime.sh` has put into `lib/`. Needs Linux.
//! `docs/operations.md` holds a run of it.

#[path = "support/process.rs"]
#[expect(dead_code, reason = "other benches use the rest")]
mod process;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use ai_gateway::domain::{Embedder as _, EmbedderState};
use ai_gateway::embedding::{LibraryPlaces, SentenceEmbedder, Settings};
use tokio::time::{Instant, sleep};

use process::Program;

/// A reason to stop, for a person to read.
type Fault = Box<dyn Error + Send + Sync>;

/// The gateway's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long a process is left alone before its memory is read; what loading
/// needed is given back after two seconds.
const SETTLE: Duration = Duration::from_secs(4);
const LOADS: usize = 5;
const CALLS: usize = 200;
/// What `docs/operations.md` advises.
const MALLOC: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "131072"),
    ("MALLOC_TRIM_THRESHOLD_", "131072"),
];
/// Each is one token; two more stand around a text.
const WORDS: [&str; 12] = [
    "time", "people", "water", "house", "music", "school", "letter", "market", "summer", "river",
    "doctor", "garden",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [role, library] if role == "--load" => load(library.into()),
        // `cargo test --all-targets` runs benches without this argument.
        list if !list.iter().any(|argument| argument == "--bench") => Ok(()),
        _ => all(),
    };
    if let Err(fault) = result {
        let _ = writeln!(std::io::stderr(), "embedding: {fault}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn say(line: &str) -> Result<(), Fault> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench has no configuration to read it"
)]
fn library() -> PathBuf {
    std::env::var_os("ORT_DYLIB_PATH").map_or_else(
        || {
            let lib = concat!(env!("CARGO_MANIFEST_DIR"), "/lib");
            PathBuf::from(lib).join(format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}"))
        },
        PathBuf::from,
    )
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn all() -> Result<(), Fault> {
    let library = library().display().to_string();
    say("| gateway at rest | resident, MiB |\n|---|--:|")?;
    let on = |sessions: u32| {
        vec![
            ("ORT_DYLIB_PATH", library.clone()),
            ("GATEWAY__EMBEDDING__SESSIONS", sessions.to_string()),
        ]
    };
    let malloc = MALLOC.map(|(name, value)| (name, value.to_owned()));
    let off = vec![("GATEWAY__EMBEDDING__ENABLED", "false".to_owned())];
    gateway("embedder off", off).await?;
    gateway("one session", on(1)).await?;
    for sessions in [1, 2, 3] {
        let name = format!("{sessions} session(s), with the two variables");
        gateway(&name, [on(sessions), malloc.to_vec()].concat()).await?;
    }
    say("\n| load, and embed in a process of its own, with the two variables | |\n|---|--:|")?;
    let program = std::env::current_exe()?;
    for _ in 0..LOADS {
        let mut command = Command::new(&program);
        command.args(["--load", &library]).envs(MALLOC);
        if !command.status()?.success() {
            return Err("the embedder was not loaded".into());
        }
    }
    Ok(())
}

/// Prints the memory of a gateway at rest.
async fn gateway(name: &str, extra: Vec<(&'static str, String)>) -> Result<(), Fault> {
    let mut environment = vec![
        ("PORT", "0".to_owned()),
        ("DATABASE_URL", "memory:".to_owned()),
    ];
    environment.extend(extra);
    let program = Program {
        path: env!("CARGO_BIN_EXE_ai-gateway-mcp").into(),
        arguments: Vec::new(),
        environment,
        cpu: None,
    };
    let server = program.start().await?;
    sleep(SETTLE).await;
    say(&format!("| {name} | {:.1} |", server.memory_mib()?))?;
    server.terminate(Duration::from_secs(10)).await?;
    Ok(())
}

/// Loads the embedder and prints what it takes.
#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn load(library: PathBuf) -> Result<(), Fault> {
    let places = LibraryPlaces {
        named: Some(library),
        ..LibraryPlaces::default()
    };
    let embedder = SentenceEmbedder::new(Settings::default(), places);
    let before = resident()?;
    let start = Instant::now();
    embedder.load().await;
    let took = start.elapsed().as_secs_f64() * 1e3;
    if embedder.state() != EmbedderState::Ready {
        return Err(format!("{:?}", embedder.state()).into());
    }
    sleep(SETTLE).await;
    let loaded = resident()? - before;
    say(&format!("| load to ready, ms | {took:.0} |"))?;
    for tokens in [10, 50, 128] {
        let text: Vec<&str> = WORDS.into_iter().cycle().take(tokens - 2).collect();
        let (least, middle) = embed(&embedder, &text.join(" ")).await?;
        say(&format!(
            "| {tokens} tokens, ms, least / median of {CALLS} | {least:.2} / {middle:.2} |"
        ))?;
    }
    sleep(SETTLE).await;
    let used = resident()? - before;
    say(&format!(
        "| MiB more than before, loaded / after all of these | {loaded:.1} / {used:.1} |"
    ))
}

/// Returns the least and the median time of a text, as its caller sees it, in
/// milliseconds.
async fn embed(embedder: &SentenceEmbedder, text: &str) -> Result<(f64, f64), Fault> {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let start = Instant::now();
        embedder.embed(text).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |position: usize| times.get(position).copied().ok_or("no calls");
    Ok((at(0)?, at(CALLS / 2)?))
}

/// Returns the resident memory of this process in MiB.
fn resident() -> Result<f64, Fault> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
}
