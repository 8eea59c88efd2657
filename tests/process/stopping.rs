//! The end of the process, with calls and silent clients in the way.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use vendor_sim::{Fault, Vendor};

use crate::gateway::{END, Gateway, VENDORS, is_asked, simulated, until};

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
    assert!(!log.contains("was not kept"), "{log}");
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
async fn a_connection_without_a_request_gives_its_slot_back() {
    let (_simulator, server) = simulated().await;
    let limits = [
        ("GATEWAY__SERVER__MAX_CONNECTIONS", "3"),
        ("GATEWAY__SERVER__HEADER_READ_TIMEOUT_MS", "150"),
    ];
    let gateway = Gateway::start(&server, &limits).await;
    let mut silent = Vec::new();
    for part in ["", "P", "PRI * HTTP/2.0\r\n"] {
        let mut socket = TcpStream::connect(&gateway.address).await.unwrap();
        socket.write_all(part.as_bytes()).await.unwrap();
        silent.push(socket);
    }

    let answer = timeout(END, gateway.complete(json!({"prompt": "say: ok"}))).await;

    assert_eq!(answer.unwrap().unwrap()["text"], "ok");
    for mut socket in silent {
        let mut rest = Vec::new();
        let ended = timeout(END, socket.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "a silent connection is still open");
    }
}

#[tokio::test]
async fn a_second_signal_ends_at_once_with_the_log_written() {
    let (simulator, server) = simulated().await;
    let mut gateway = Gateway::start(&server, &[]).await;
    simulator.set_standing(Vendor::OpenAi, Some(Fault::Hang));

    let call = gateway.complete(json!({"prompt": "hi", "model": "gpt-6-luna"}));
    let stop = async {
        until(|| is_asked(&simulator, Vendor::OpenAi)).await;
        gateway.terminate();
        until(|| std::net::TcpStream::connect(&gateway.address).is_err()).await;
        gateway.terminate();
    };
    let (answer, ()) = tokio::join!(call, stop);
    gateway.saw("draining").await;
    let (status, _) = gateway.end().await;

    assert_eq!(answer, None);
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn a_connection_at_rest_gives_its_slot_back_in_either_version_of_http() {
    let (_simulator, server) = simulated().await;
    let limits = [
        ("GATEWAY__SERVER__MAX_CONNECTIONS", "2"),
        ("GATEWAY__SERVER__KEEP_ALIVE_TIMEOUT_MS", "150"),
    ];
    let gateway = Gateway::start(&server, &limits).await;
    let health = format!("http://{}/health", gateway.address);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = || reqwest::Client::builder().no_proxy().tls_certs_only([]);
    let clients =
        [client(), client().http2_prior_knowledge()].map(|client| client.build().unwrap());
    for client in &clients {
        assert_eq!(client.get(&health).send().await.unwrap().status(), 200);
    }

    // Both slots are taken until the two connections have rested too long.
    let answer = timeout(END, gateway.complete(json!({"prompt": "say: ok"}))).await;

    assert_eq!(answer.unwrap().unwrap()["text"], "ok");
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_no_end() {
    /// Each is a line of the log; together they are more than a pipe holds.
    const CALLS: usize = 1_500;
    let (_simulator, server) = simulated().await;
    let keys = format!("alice:{}", "0".repeat(64));
    let settings = [("AUTH_MODE", "api-key"), ("GATEWAY_API_KEYS", &*keys)];
    let gateway = Gateway::start(&server, &settings).await;
    for _ in 0..CALLS {
        gateway.post("/v1/chat/completions", "{}").await.unwrap();
    }

    gateway.terminate();

    let (_, log) = gateway.end().await;
    let lines = log.lines().count();
    assert!(lines < CALLS, "the pipe took all {lines} lines");
}
