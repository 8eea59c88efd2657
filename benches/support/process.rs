//! The processes under test: how they start, and what they use.

use std::ffi::OsStr;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Fault;

/// How a server says where it listens; the gateway's log line has it too.
const LISTENING: &str = "listening address=";
/// How long a server may take to say so.
const START_LIMIT: Duration = Duration::from_secs(20);
/// What `/proc/PID/stat` counts CPU time in: USER_HZ, 100 on every common
/// Linux.
const TICK: Duration = Duration::from_millis(10);

/// Tells the process that started this one where it listens.
pub(crate) fn announce(address: SocketAddr) -> Result<(), Fault> {
    writeln!(std::io::stdout(), "{LISTENING}{address}")?;
    Ok(())
}

/// What to start.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// All of its environment.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The one processor that it may use, if it is to be held to one.
    pub(crate) cpu: Option<usize>,
}

impl Program {
    fn command(&self) -> Command {
        let mut command = match self.cpu {
            // It replaces itself by the program, so the process id stays.
            Some(cpu) => {
                let mut command = Command::new("taskset");
                command.arg("-c").arg(cpu.to_string()).arg(&self.path);
                command
            }
            None => Command::new(&self.path),
        };
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            // A folder without a config/, so that the shipped defaults count.
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts it and waits until it listens.
    pub(crate) async fn start(&self) -> Result<Server, Fault> {
        let name = self.path.display();
        let mut process = self
            .command()
            .spawn()
            .map_err(|fault| format!("cannot start {name}: {fault}"))?;
        let pid = process.id().ok_or("the process has ended")?;
        let stdout = process.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = timeout(START_LIMIT, async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, rest)) = line.split_once(LISTENING) {
                    let address = rest.split_whitespace().next().unwrap_or_default();
                    return Ok::<SocketAddr, Fault>(address.parse()?);
                }
            }
            Err(format!("{name} ended before it listened").into())
        });
        let address = address.await??;
        let mut output = JoinSet::new();
        // Nobody waits for a pipe that is full.
        output.spawn(async move {
            let mut rest = lines.into_inner();
            let _ = tokio::io::copy_buf(&mut rest, &mut tokio::io::sink()).await;
        });
        Ok(Server {
            address,
            pid,
            process,
            _output: output,
        })
    }
}

/// A process that listens; dropped, it is killed.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pid: u32,
    process: Child,
    _output: JoinSet<()>,
}

impl Server {
    /// Returns the CPU time of the process so far, the kernel's on its behalf
    /// included, in steps of 10 ms.
    pub(crate) fn cpu_time(&self) -> Result<Duration, Fault> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name, in parentheses, may hold anything. Its successor is field
        // 3; utime and stime are fields 14 and 15 of proc(5).
        let (_, rest) = stat.rsplit_once(')').ok_or("no name in stat")?;
        let fields = rest.split_whitespace().skip(11).take(2);
        let ticks: Result<u32, _> = fields.map(str::parse::<u32>).sum();
        Ok(TICK * ticks?)
    }

    /// Returns the resident memory of the process in MiB.
    pub(crate) fn memory_mib(&self) -> Result<f64, Fault> {
        Ok(self.status("VmRSS:")? as f64 / 1024.0)
    }

    /// Returns how many threads the process has.
    pub(crate) fn threads(&self) -> Result<u64, Fault> {
        self.status("Threads:")
    }

    /// Returns how many files and sockets the process has open.
    pub(crate) fn open_files(&self) -> Result<usize, Fault> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.pid))?.count())
    }

    fn status(&self, name: &str) -> Result<u64, Fault> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.ok_or("no such line in status")?.parse()?)
    }

    /// Asks the process to end and waits until it has, within `limit`.
    pub(crate) async fn terminate(mut self, limit: Duration) -> Result<ExitStatus, Fault> {
        let pid = self.pid.to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await?;
        if !asked.success() {
            return Err("the process cannot be asked to end".into());
        }
        let ended = timeout(limit, self.process.wait()).await;
        Ok(ended.map_err(|_| "the process outlived SIGTERM")??)
    }
}

/// Runs `taskset` and tells whether it could do what it was asked.
pub(crate) async fn taskset<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> bool {
    let status = Command::new("taskset")
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.await.is_ok_and(|status| status.success())
}
