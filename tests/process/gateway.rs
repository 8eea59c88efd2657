//! A gateway process, and the simulator that it talks to.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use vendor_sim::{Server, Simulator, Vendor};

pub(crate) const VENDORS: [Vendor; 2] = [Vendor::OpenAi, Vendor::Anthropic];
/// The contract's time for the end of the process.
pub(crate) const END: Duration = Duration::from_secs(10);

pub(crate) struct Gateway {
    pub(crate) child: Child,
    pub(crate) lines: Lines<BufReader<ChildStdout>>,
    pub(crate) address: String,
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ai-gateway-mcp"));
    command
        .env_clear()
        .env("GATEWAY_CONFIG_DIR", env!("CARGO_TARGET_TMPDIR"))
        .env("DATABASE_URL", "memory:")
        // Whether this machine has ONNX Runtime must not matter.
        .env("GATEWAY__EMBEDDING__ENABLED", "false")
        // Each call is to meet a vendor, unless a test says otherwise.
        .env("GATEWAY__CACHE__ENABLED", "false")
        .env("GATEWAY__ROUTING__EXPLORATION_SHARE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Gateway {
    pub(crate) async fn start(server: &Server, extra: &[(&str, &str)]) -> Self {
        let mut child = command()
            .env("PORT", "0")
            .env("OPENAI_API_KEY", "sk-canary")
            .env("OPENAI_BASE_URL", server.base_url(Vendor::OpenAi))
            .env("ANTHROPIC_API_KEY", "canary")
            .env("GATEWAY__GATEWAY__PROBE_INTERVAL_MS", "0")
            .env("ANTHROPIC_BASE_URL", server.base_url(Vendor::Anthropic))
            .envs(extra.iter().copied())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = timeout(END, lines.next_line()).await.unwrap().unwrap();
            let line = line.expect("the gateway ended before it listened");
            if line.contains("listening")
                && let Some((_, rest)) = line.split_once("address")
            {
                // `=ADDRESS ` in text, `":"ADDRESS"` in JSON.
                let rest = rest.trim_start_matches(['"', ':', '=']);
                break rest.split([' ', '"']).next().unwrap().to_owned();
            }
        };
        Self {
            child,
            lines,
            address,
        }
    }

    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let status = std::process::Command::new("kill")
            .args([name, &pid])
            .status();
        assert!(status.unwrap().success());
    }

    /// Ends the process as it stands, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for the end, which must come in time, and returns the rest of
    /// the log.
    pub(crate) async fn end(mut self) -> (ExitStatus, String) {
        let status = timeout(END, self.child.wait()).await;
        let status = status.expect("the process outlived SIGTERM").unwrap();
        let mut log = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            log += &line;
            log.push('\n');
        }
        (status, log)
    }

    pub(crate) async fn saw(&mut self, words: &str) {
        loop {
            let line = timeout(END, self.lines.next_line()).await.unwrap().unwrap();
            if line.expect("the log ended").contains(words) {
                return;
            }
        }
    }

    /// Calls `unified_completion`; `None` if the connection was cut.
    pub(crate) async fn complete(&self, arguments: Value) -> Option<Value> {
        let params = json!({"name": "unified_completion", "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let body = self.post("/mcp", &call.to_string()).await?;
        let answer: Value = serde_json::from_str(&body).unwrap();
        Some(answer["result"]["structuredContent"].clone())
    }

    /// Posts over a connection of its own and returns the body.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Option<String> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        let answer = self.exchange(&(head + body)).await?;
        answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
    }

    pub(crate) async fn exchange(&self, request: &str) -> Option<String> {
        let mut socket = TcpStream::connect(&self.address).await.ok()?;
        socket.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    }
}

pub(crate) async fn simulated() -> (Simulator, Server) {
    let simulator = Simulator::new(1);
    let server = Server::start(simulator.clone()).await.unwrap();
    (simulator, server)
}

pub(crate) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    timeout(END, wait).await.expect("it never came about");
}

pub(crate) fn is_asked(simulator: &Simulator, vendor: Vendor) -> bool {
    let requests = simulator.requests(vendor);
    requests.iter().any(|request| request.method == "POST")
}
