//! The command `ai-gateway-mcp`.

use std::io::{BufWriter, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use ai_gateway::app::{self, CatalogForm, CatalogScope, EvalError, Evaluation, Report};
use ai_gateway::config::{Config, Sources};
use ai_gateway::telemetry::start_logging;
use clap::{Args, Parser, Subcommand};
use jiff::civil::Date;

/// rmcp and serde allocate a lot of small values; this allocator takes a
/// sixth off a call's CPU time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a configuration, or a row to evaluate, that cannot be used exits with.
const BAD_INPUT: u8 = 2;

/// One MCP tool to reach every language model a team pays for.
#[derive(Parser)]
#[command(
    name = "ai-gateway-mcp",
    version,
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    address: Address,
}

#[derive(Args, Clone, Copy, Default)]
struct Address {
    /// The address to listen on [default: HOST, else 127.0.0.1]
    #[arg(long)]
    host: Option<IpAddr>,
    /// The port to listen on; 0 takes a free one [default: PORT, else 8080]
    #[arg(long)]
    port: Option<u16>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until SIGTERM or SIGINT (the default command)
    Serve(Address),
    /// Checks the configuration and prints it, secrets masked; exits 2 with every fault
    Check(Address),
    /// Asks the gateway on this machine whether it lives
    Healthcheck(Address),
    /// Makes keys for callers
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Lists models and prices, what changes soon, and where the vendors' own lists differ
    Catalog(CatalogArguments),
    /// Scores what ships on JSONL files, offline: predictions to standard output, the rest to
    /// standard error
    #[command(subcommand)]
    Eval(EvalCommand),
}

#[derive(Subcommand)]
enum EvalCommand {
    /// Says what prompts are taken for, or how well and dear models will answer them
    Router(RouterArguments),
    /// Says which prompts the answer cache serves
    Cache {
        /// Rows of `id`, `a` and `b` (pairs), or of `seq`, `id` and `prompt` (a stream)
        file: PathBuf,
    },
}

#[derive(Args)]
struct RouterArguments {
    /// Rows of `id` and `prompt`; `label` and `slice` are for the summary
    #[arg(required_unless_present = "outcomes", conflicts_with = "outcomes")]
    files: Vec<PathBuf>,
    /// Leaves embeddings out
    #[arg(long)]
    no_embedding: bool,
    /// Learns from DEV, rows of `id`, `prompt`, `scores` and `costs`, and predicts HOLDOUT; where
    /// that has scores and costs too, says afterwards what choosing by it comes to
    #[arg(long, num_args = 2, value_names = ["DEV", "HOLDOUT"])]
    outcomes: Vec<PathBuf>,
    /// Predicts each row of HOLDOUT from rows of DEV with another value of this field
    #[arg(
        long,
        value_name = "FIELD",
        requires = "outcomes",
        conflicts_with = "files"
    )]
    leave_out: Option<String>,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Prints a fresh key, once, and on a second line the entry for GATEWAY_API_KEYS
    New {
        /// Who will hold it: 1 to 64 of a-z 0-9 . _ @ -, a letter or digit first
        name: String,
    },
}

#[derive(Args, Clone, Copy)]
struct CatalogArguments {
    /// Prints one JSON document
    #[arg(long)]
    json: bool,
    /// Asks no vendor for its list
    #[arg(long)]
    offline: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let command = arguments
        .command
        .unwrap_or(Command::Serve(arguments.address));
    // A key is often made before there is a configuration to read.
    if let Command::Keys(KeysCommand::New { name }) = &command {
        return new_key(name);
    }
    let mut sources = Sources::from_process();
    if let Command::Eval(command) = command {
        return evaluate(command, &sources);
    }
    if let Command::Serve(address) | Command::Check(address) | Command::Healthcheck(address) =
        &command
    {
        (sources.host, sources.port) = (address.host, address.port);
    }
    let config = match Config::load(&sources) {
        Ok(config) => config,
        Err(faults) => {
            say(&format!("the configuration cannot be used:\n{faults}"));
            return ExitCode::from(BAD_INPUT);
        }
    };
    let result = match command {
        Command::Serve(_) => serve(&config, sources),
        Command::Check(_) => check(&config),
        Command::Healthcheck(_) => app::healthcheck(config.server.host, config.server.port),
        Command::Catalog(arguments) => catalog(&config, sources.today, arguments),
        // Answered above.
        Command::Keys(KeysCommand::New { .. }) | Command::Eval(_) => Ok(()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(&fault);
            ExitCode::FAILURE
        }
    }
}

/// Prints a key and its entry, and says on standard error which is which.
fn new_key(name: &str) -> ExitCode {
    match app::new_api_key(name) {
        Ok(lines) => {
            say(&format!(
                "first the key, for {name} alone: it is kept nowhere; then the entry for \
                 GATEWAY_API_KEYS"
            ));
            match print(&lines) {
                Ok(()) => ExitCode::SUCCESS,
                Err(fault) => {
                    say(&fault);
                    ExitCode::FAILURE
                }
            }
        }
        Err(fault) => {
            say(&fault);
            ExitCode::from(BAD_INPUT)
        }
    }
}

/// Evaluates without any configuration but the place of ONNX Runtime.
fn evaluate(command: EvalCommand, sources: &Sources) -> ExitCode {
    let library = sources.environment.get("ORT_DYLIB_PATH");
    let library = library.filter(|path| !path.is_empty()).map(PathBuf::from);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(fault) => {
            say(&format!("the runtime cannot start: {fault}"));
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report {
        predictions: &mut BufWriter::new(std::io::stdout().lock()),
        say: &say,
    };
    let result = runtime.block_on(Evaluation::from(command).run(library, &mut report));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(&fault.to_string());
            match fault {
                EvalError::Input(_) => ExitCode::from(BAD_INPUT),
                EvalError::Output(_) | EvalError::Broken(_) => ExitCode::FAILURE,
            }
        }
    }
}

impl From<EvalCommand> for Evaluation {
    fn from(command: EvalCommand) -> Self {
        match command {
            EvalCommand::Cache { file } => Self::Cache { file },
            EvalCommand::Router(arguments) => {
                let with_embedding = !arguments.no_embedding;
                match <[PathBuf; 2]>::try_from(arguments.outcomes) {
                    Ok([dev, holdout]) => Self::Outcomes {
                        dev,
                        holdout,
                        leave_out: arguments.leave_out,
                        with_embedding,
                    },
                    Err(_) => Self::Task {
                        files: arguments.files,
                        with_embedding,
                    },
                }
            }
        }
    }
}

fn serve(config: &Config, sources: Sources) -> Result<(), String> {
    let _last_lines = start_logging(&config.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|fault| format!("the runtime cannot start: {fault}"))?;
    let result = runtime.block_on(app::run(config, sources));
    // A blocking look-up of a name must not hold the process.
    runtime.shutdown_background();
    result.map_err(|fault| fault.to_string())
}

fn check(config: &Config) -> Result<(), String> {
    for warning in config.warnings() {
        say(&format!("warning: {warning}"));
    }
    print(config.effective())
}

fn catalog(config: &Config, today: Date, arguments: CatalogArguments) -> Result<(), String> {
    let form = if arguments.json {
        CatalogForm::Json
    } else {
        CatalogForm::Text
    };
    let scope = if arguments.offline {
        CatalogScope::Offline
    } else {
        CatalogScope::WithVendors
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|fault| format!("the runtime cannot start: {fault}"))?;
    let text = runtime
        .block_on(app::catalog(config, today, form, scope))
        .map_err(|fault| fault.to_string())?;
    runtime.shutdown_background();
    print(&text)
}

/// Writes to standard output.
fn print(text: &str) -> Result<(), String> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|fault| format!("cannot print: {fault}"))
}

/// Writes a line to standard error, or nowhere if it is closed.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", line.trim_end());
}
