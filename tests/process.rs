//! The built binary over real sockets: starting, refusing to start, stopping.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use vendor_sim::{Fault, Server, Simulator, Vendor};

const VENDORS: [Vendor; 2] = [Vendor::OpenAi, Vendor::Anthropic];
/// The contract's time for the end of the process.
const END: Duration = Duration::from_secs(10);

struct Gateway {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    address: String,
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ai-gateway-mcp"));
    command
        .env_clear()
        .env("GATEWAY_CONFIG_DIR", env!("CARGO_TARGET_TMPDIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Gateway {
    async fn start(server: &Server, extra: &[(&str, &str)]) -> Self {
        let mut child = command()
            .env("PORT", "0")
            .env("OPENAI_API_KEY", "sk-canary")
            .env("OPENAI_BASE_URL", server.base_url(Vendor::OpenAi))
            .env("ANTHROPIC_API_KEY", "canary")
            .env("ANTHROPIC_BASE_URL", server.base_url(Vendor::Anthropic))
            .envs(extra.iter().copied())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = timeout(END, lines.next_line()).await.unwrap().unwrap();
            let line = line.expect("the gateway ended before it listened");
            if let Some((_, rest)) = line.split_once("listening address=") {
                break rest.split(' ').next().unwrap().to_owned();
            }
        };
        Self {
            child,
            lines,
            address,
        }
    }

    fn terminate(&self) {
        let pid = self.child.id().unwrap().to_string();
        let status = std::process::Command::new("kill")
            .args(["-TERM", &pid])
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end, which must come in time, and returns the rest of
    /// the log.
    async fn end(mut self) -> (ExitStatus, String) {
        let status = timeout(END, self.child.wait()).await;
        let status = status.expect("the process outlived SIGTERM").unwrap();
        let mut log = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            log += &line;
            log.push('\n');
        }
        (status, log)
    }

    async fn saw(&mut self, words: &str) {
        loop {
            let line = timeout(END, self.lines.next_line()).await.unwrap().unwrap();
            if line.expect("the log ended").contains(words) {
                return;
            }
        }
    }

    /// Calls `unified_completion`; `None` if the connection was cut.
    async fn complete(&self, arguments: Value) -> Option<Value> {
        let params = json!({"name": "unified_completion", "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let body = self.post("/mcp", &call.to_string()).await?;
        let answer: Value = serde_json::from_str(&body).unwrap();
        Some(answer["result"]["structuredContent"].clone())
    }

    /// Posts over a connection of its own and returns the body.
    async fn post(&self, path: &str, body: &str) -> Option<String> {
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

    async fn exchange(&self, request: &str) -> Option<String> {
        let mut socket = TcpStream::connect(&self.address).await.ok()?;
        socket.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    }
}

async fn simulated() -> (Simulator, Server) {
    let simulator = Simulator::new(1);
    let server = Server::start(simulator.clone()).await.unwrap();
    (simulator, server)
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    timeout(END, wait).await.expect("it never came about");
}

fn is_asked(simulator: &Simulator, vendor: Vendor) -> bool {
    let requests = simulator.requests(vendor);
    requests.iter().any(|request| request.method == "POST")
}

#[tokio::test]
async fn a_call_is_answered_over_real_sockets() {
    let (_simulator, server) = simulated().await;
    let gateway = Gateway::start(&server, &[]).await;

    let answer = gateway
        .complete(json!({"prompt": "say: hello"}))
        .await
        .unwrap();
    gateway.terminate();
    let (status, log) = gateway.end().await;

    assert_eq!(answer["text"], "hello");
    assert!(status.success(), "{log}");
    assert!(log.contains("answered") && log.contains("stopped"), "{log}");
    assert!(!log.contains("canary") && !log.contains("hello"), "{log}");
}

#[tokio::test]
async fn faults_of_real_sockets_fail_over() {
    let (simulator, server) = simulated().await;
    let gateway = Gateway::start(&server, &[]).await;
    let faults = [
        (Fault::Reset, "transport"),
        (Fault::Down, "transport"),
        (Fault::ResetBody { after_bytes: 30 }, "broken"),
        (Fault::ShortBody { after_bytes: 30 }, "broken"),
    ];

    for (fault, outcome) in faults {
        simulator.set_standing(Vendor::OpenAi, Some(fault));
        let asked = json!({"prompt": "say: ok", "model": "gpt-6-luna", "requirements": {"failover_enabled": true}});
        let answer = gateway.complete(asked).await.unwrap();

        let attempts = &answer["routing"]["attempts"];
        assert_eq!(attempts[0]["outcome"], outcome, "{attempts:#}");
        assert_eq!(attempts[1]["provider"], "anthropic");
    }
}

#[tokio::test]
async fn a_call_in_flight_at_sigterm_is_answered() {
    let (simulator, server) = simulated().await;
    let mut gateway = Gateway::start(&server, &[]).await;
    simulator.push(Vendor::OpenAi, Fault::Slow { ms: 600 });

    let asked = json!({"prompt": "say: late", "model": "gpt-6-luna"});
    let address = gateway.address.clone();
    let call = async {
        let answer = gateway.complete(asked).await;
        answer.unwrap()
    };
    let stop = async {
        until(|| is_asked(&simulator, Vendor::OpenAi)).await;
        gateway.terminate();
    };
    let (answer, ()) = tokio::join!(call, stop);
    gateway.saw("draining").await;
    let (status, log) = gateway.end().await;

    assert_eq!(answer["text"], "late");
    assert!(status.success(), "{log}");
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn a_call_that_cannot_end_in_time_ends_as_the_contract_says() {
    let (simulator, server) = simulated().await;
    let drain = ("GATEWAY__SERVER__SHUTDOWN_DRAIN_MS", "200");
    let gateway = Gateway::start(&server, &[drain]).await;
    simulator.set_standing(Vendor::OpenAi, Some(Fault::Hang));
    simulator.set_standing(Vendor::Anthropic, Some(Fault::Hang));

    let chat =
        json!({"model": "claude-haiku-5-5", "messages": [{"role": "user", "content": "hi"}]});
    let asked = json!({"prompt": "hi", "model": "gpt-6-luna"});
    let chat = chat.to_string();
    let calls = async {
        tokio::join!(
            gateway.complete(asked),
            gateway.post("/v1/chat/completions", &chat)
        )
    };
    let stop = async {
        until(|| {
            VENDORS
                .into_iter()
                .all(|vendor| is_asked(&simulator, vendor))
        })
        .await;
        gateway.terminate();
    };
    let ((mcp, v1), ()) = tokio::join!(calls, stop);
    let (status, log) = gateway.end().await;

    let error = &mcp.unwrap()["error"];
    assert_eq!(
        (&error["type"], &error["retryable"]),
        (&json!("gateway_timeout"), &json!(true))
    );
    let v1: Value = serde_json::from_str(&v1.unwrap()).unwrap();
    assert_eq!(v1["error"]["code"], "gateway_timeout");
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn a_client_that_says_nothing_holds_up_neither_calls_nor_the_end() {
    let (_simulator, server) = simulated().await;
    let drain = ("GATEWAY__SERVER__SHUTDOWN_DRAIN_MS", "200");
    let gateway = Gateway::start(&server, &[drain]).await;
    let mut silent = Vec::new();
    for part in [
        "",
        "POST /mcp HTTP/1.1\r\nHo",
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    ] {
        let mut socket = TcpStream::connect(&gateway.address).await.unwrap();
        socket.write_all(part.as_bytes()).await.unwrap();
        silent.push(socket);
    }

    let answer = gateway
        .complete(json!({"prompt": "say: ok"}))
        .await
        .unwrap();
    gateway.terminate();
    let (status, log) = gateway.end().await;

    assert_eq!(answer["text"], "ok");
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_forgotten() {
    let (_simulator, server) = simulated().await;
    let gateway = Gateway::start(&server, &[]).await;
    let many = "X-A: b\r\n".repeat(150);
    let huge = format!("X-A: {}\r\n", "b".repeat(64 << 10));
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), "400"),
        (format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), "431"),
        (format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{huge}\r\n"), "431"),
        ("GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), "403"),
        ("GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n".to_owned(), "403"),
        ("GET http://evil.example.com/v1/models HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n".to_owned(), "403"),
    ] {
        let answer = gateway.exchange(&request).await.unwrap_or_default();
        let shown: String = request.chars().take(60).collect();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{shown}: {answer}");
    }

    let answer = gateway
        .complete(json!({"prompt": "say: ok"}))
        .await
        .unwrap();
    assert_eq!(answer["text"], "ok");
}

#[tokio::test]
async fn faults_in_the_configuration_come_all_at_once_before_a_port_is_bound() {
    let output = command()
        .env("PORT", "http")
        .env("GATEWAY__GATEWAY__MAX_ATTEMPT", "3")
        .env("GATEWAY__ROUTING__WEIGHTS__COST", "-1")
        .env("OPENAI_API_KEY", "sk-canary with blanks")
        .output()
        .await
        .unwrap();

    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    for part in ["PORT", "max_attempt", "weights", "OPENAI_API_KEY"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn check_prints_what_is_in_force_with_keys_masked() {
    let output = command()
        .arg("check")
        .env("OPENAI_API_KEY", "sk-canary-4711")
        .env("GATEWAY__GATEWAY__MAX_ATTEMPTS", "3")
        .output()
        .await
        .unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("max_attempts: 3") && text.contains("***"),
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_to_be() {
    let (_simulator, server) = simulated().await;
    let port = server.address().port().to_string();

    let output = command().env("PORT", &port).output().await.unwrap();

    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("cannot listen on 127.0.0.1:"), "{text}");
}

#[tokio::test]
async fn healthcheck_tells_a_living_gateway_from_none() {
    let (_simulator, server) = simulated().await;
    let gateway = Gateway::start(&server, &[]).await;
    let port = gateway.address.rsplit(':').next().unwrap().to_owned();
    let ask = async |port: &str| {
        command()
            .args(["healthcheck", "--port", port])
            .status()
            .await
            .unwrap()
    };

    let alive = ask(&port).await;
    gateway.terminate();
    gateway.end().await;
    let gone = ask(&port).await;

    assert!(alive.success());
    assert_eq!(gone.code(), Some(1));
}
