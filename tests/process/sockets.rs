//! Calls over real sockets, whole and broken.

use serde_json::json;
use tokio::time::timeout;
use vendor_sim::{Fault, Vendor};

use crate::gateway::{END, Gateway, simulated, until};

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
async fn a_client_that_leaves_ends_its_call_on_either_door() {
    let (simulator, server) = simulated().await;
    let gateway = Gateway::start(&server, &[]).await;
    simulator.set_standing(Vendor::OpenAi, Some(Fault::Hang));
    let params =
        json!({"name": "unified_completion", "arguments": {"prompt": "hi", "model": "gpt-6-luna"}});
    let mcp = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let chat = json!({"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hi"}]});

    for (left, path, body) in [(1, "/mcp", mcp), (2, "/v1/chat/completions", chat)] {
        let body = body.to_string();
        tokio::select! {
            answer = gateway.post(path, &body) => panic!("{answer:?}"),
            () = until(|| simulator.stats(Vendor::OpenAi).faults.get("hang") == Some(&left)) => {}
        }
        let counted = format!(r#"gateway_calls_total{{outcome="abandoned"}} {left}"#);
        let seen = async {
            let ask = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            while !gateway.exchange(ask).await.unwrap().contains(&counted) {}
        };
        timeout(END, seen).await.expect(path);
    }
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
