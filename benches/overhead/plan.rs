//! What is measured, on which processes, in which order.

use std::path::PathBuf;
use std::time::Duration;

use crate::Fault;
use crate::load::{self, Load};
use crate::process::{Program, Server, taskset};
use crate::report::{self, Cell, Machine, Row};
use crate::start;
use crate::wire::Door;

/// A model that every question names unless the gateway is to choose.
const MODEL: &str = "gpt-6-luna";
/// The processor of load and vendor, and that of what is measured.
const LOAD_CPU: usize = 0;
const SERVER_CPU: usize = 1;

/// How much to measure.
pub(crate) struct Options {
    /// `ROUNDS`: how often each subject has its turn, 1 or more. Default 5.
    rounds: usize,
    /// `SECS`: how long a turn takes, in seconds. Default 1.
    span: Duration,
    /// `SERVER`: another build of the gateway than the one just built.
    gateway: PathBuf,
}

impl Options {
    /// Reads them off the environment; what is no number counts as unset.
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench is no part of the gateway, whose config module reads all else"
    )]
    pub(crate) fn from_process() -> Self {
        let number = |name: &str| std::env::var(name).ok()?.parse::<f64>().ok();
        let gateway = std::env::var_os("SERVER");
        Self {
            rounds: number("ROUNDS").map_or(5, |value| value.max(1.0) as usize),
            span: Duration::from_secs_f64(number("SECS").unwrap_or(1.0).clamp(0.1, 60.0)),
            gateway: gateway.map_or_else(
                || PathBuf::from(env!("CARGO_BIN_EXE_ai-gateway-mcp")),
                PathBuf::from,
            ),
        }
    }
}

/// Measures everything and prints the report.
pub(crate) fn run(options: &Options) -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let cpus = std::thread::available_parallelism()?.get();
        let is_pinned = cpus > SERVER_CPU && taskset(["-c", "1", "true"]).await;
        let pin = |cpu: usize| is_pinned.then_some(cpu);
        let mock = role(&["mock"], pin(LOAD_CPU))?.start().await?;
        let vendor = format!("http://{}/v1", mock.address);
        // Starts are measured as users have them: on every processor.
        let unbound = gateway(options, &vendor, "info", None);
        let start_up = start::measure(&unbound, MODEL).await?;
        if is_pinned {
            let own = std::process::id().to_string();
            let _ = taskset(["-a", "-c", "-p", &LOAD_CPU.to_string(), &own]).await;
        }
        let cpu = pin(SERVER_CPU);
        let servers = Servers {
            bare: role(&["bare", &vendor], cpu)?.start().await?,
            gateway: gateway(options, &vendor, "info", cpu).start().await?,
            quiet: gateway(options, &vendor, "warn", cpu).start().await?,
            cached: cached(options, &vendor, cpu).start().await?,
            mock,
        };
        let mut cells: Vec<Cell> = [Door::Mcp2025, Door::Mcp2026, Door::V1, Door::V1Stream]
            .into_iter()
            .flat_map(|door| [1, 16].map(|clients| cell(door, clients)))
            .collect();
        for _ in 0..options.rounds {
            for cell in &mut cells {
                measure(&servers, cell, options.span).await?;
            }
        }
        let machine = Machine {
            cpus,
            is_pinned,
            rounds: options.rounds,
            span: options.span,
        };
        report::print(&machine, &start_up, &cells)
    })
}

/// Makes `count` calls of `auto` to a server that runs already, for whoever
/// profiles it.
pub(crate) fn load(address: &str, door: &str, count: &str) -> Result<(), Fault> {
    let load = Load {
        door: match door {
            "mcp-2025" => Door::Mcp2025,
            "mcp-2026" => Door::Mcp2026,
            "v1" => Door::V1,
            "v1-stream" => Door::V1Stream,
            _ => return Err("the door is none of mcp-2025, mcp-2026, v1, v1-stream".into()),
        },
        model: "auto",
        clients: 16,
        repeats: false,
    };
    let (address, count) = (address.parse()?, count.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(load::make(address, load, count))
}

/// This binary in another role.
fn role(words: &[&str], cpu: Option<usize>) -> Result<Program, Fault> {
    let arguments = std::iter::once("--role").chain(words.iter().copied());
    Ok(Program {
        path: std::env::current_exe()?,
        arguments: arguments.map(str::to_owned).collect(),
        environment: vec![("TOKIO_WORKER_THREADS", "1".to_owned())],
        cpu,
    })
}

/// The gateway as it ships, with one vendor. Held to one processor, it has
/// one worker thread, as the bare handlers have.
fn gateway(options: &Options, vendor: &str, level: &str, cpu: Option<usize>) -> Program {
    let mut environment = vec![
        ("PORT", "0".to_owned()),
        ("OPENAI_API_KEY", "mock".to_owned()),
        ("OPENAI_BASE_URL", vendor.to_owned()),
        ("DATABASE_URL", "memory:".to_owned()),
        // Each call is to meet the vendor.
        ("GATEWAY__CACHE__ENABLED", "false".to_owned()),
    ];
    if cpu.is_some() {
        environment.push(("TOKIO_WORKER_THREADS", "1".to_owned()));
    }
    if level != "info" {
        // It must still say where it listens.
        environment.push(("RUST_LOG", format!("{level},ai_gateway::app=info")));
    }
    Program {
        path: options.gateway.clone(),
        arguments: Vec::new(),
        environment,
        cpu,
    }
}

/// The same with its cache, whose exact tier answers all but the first call.
fn cached(options: &Options, vendor: &str, cpu: Option<usize>) -> Program {
    let mut program = gateway(options, vendor, "info", cpu);
    program
        .environment
        .retain(|(name, _)| *name != "GATEWAY__CACHE__ENABLED");
    let off = ("GATEWAY__EMBEDDING__ENABLED", "false".to_owned());
    program.environment.push(off);
    program
}

struct Servers {
    mock: Server,
    bare: Server,
    gateway: Server,
    quiet: Server,
    cached: Server,
}

/// Whose turn it is.
#[derive(Clone, Copy)]
enum Subject {
    /// The vendor itself, without anything before it.
    Direct,
    /// The bare handler.
    Bare,
    /// The gateway, which is to choose the model.
    Auto,
    /// The gateway with a named model.
    Named,
    /// The gateway without log lines of calls.
    Quiet,
    /// The gateway out of its cache.
    Cached,
}

/// In this order: the report compares the others with the second.
const SUBJECTS: [(Subject, &str); 6] = [
    (Subject::Direct, "vendor alone"),
    (Subject::Bare, "bare"),
    (Subject::Auto, "gateway, auto"),
    (Subject::Named, "gateway, named model"),
    (Subject::Quiet, "gateway, auto, RUST_LOG=warn"),
    (Subject::Cached, "gateway, exact hits"),
];

fn cell(door: Door, clients: usize) -> Cell {
    Cell {
        door,
        clients,
        rows: SUBJECTS.map(|(_, name)| Row::new(name)).into(),
    }
}

/// Gives every subject of a cell its turn, one right after the other.
async fn measure(servers: &Servers, cell: &mut Cell, span: Duration) -> Result<(), Fault> {
    for ((subject, _), row) in SUBJECTS.into_iter().zip(&mut cell.rows) {
        let (server, door, model) = match subject {
            Subject::Direct => (&servers.mock, cell.door.at_vendor(), MODEL),
            Subject::Bare => (&servers.bare, cell.door, MODEL),
            Subject::Auto => (&servers.gateway, cell.door, "auto"),
            Subject::Named => (&servers.gateway, cell.door, MODEL),
            Subject::Quiet => (&servers.quiet, cell.door, "auto"),
            Subject::Cached => (&servers.cached, cell.door, MODEL),
        };
        let load = Load {
            door,
            model,
            clients: cell.clients,
            repeats: matches!(subject, Subject::Cached),
        };
        row.rounds.push(load::measure(server, load, span).await?);
    }
    Ok(())
}
