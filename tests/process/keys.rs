//! Keys from the command that makes them to the door that they open.

use vendor_sim::Vendor;

use crate::gateway::{Gateway, command, simulated};

#[tokio::test]
async fn a_fresh_key_is_printed_once_and_opens_the_door() {
    let output = command()
        .args(["keys", "new", "alice"])
        // It needs no configuration that could be used.
        .env("PORT", "http")
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let [key, entry] = printed.lines().collect::<Vec<_>>()[..] else {
        panic!("{printed}");
    };
    assert_eq!(output.status.code(), Some(0));
    assert!(key.starts_with("agw_") && key.len() == 47, "{key}");
    assert!(entry.starts_with("alice:") && entry.len() == 70, "{entry}");
    assert!(!said.contains(key), "{said}");

    let (simulator, server) = simulated().await;
    let extra = [("AUTH_MODE", "api-key"), ("GATEWAY_API_KEYS", entry)];
    let gateway = Gateway::start(&server, &extra).await;
    let ask = async |proof: &str| {
        let body = r#"{"model": "gpt-6-luna", "messages": [{"role": "user", "content": "hi"}]}"#;
        let length = body.len();
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {proof}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        gateway.exchange(&request).await.unwrap()
    };
    let wrong = ask("agw_another-key-of-the-right-form").await;
    let right = ask(key).await;

    assert!(wrong.starts_with("HTTP/1.1 401 "), "{wrong}");
    assert!(right.starts_with("HTTP/1.1 200 "), "{right}");
    gateway.terminate();
    let (_, log) = gateway.end().await;
    assert_eq!(log.matches("a caller was refused").count(), 1, "{log}");
    assert!(!log.contains("agw_"), "{log}");
    let asked = simulator.requests(Vendor::OpenAi);
    assert!(!format!("{asked:?}").contains(key));
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_refused() {
    for name in ["Alice", "a b", "", "a:b"] {
        let output = command()
            .args(["keys", "new", name])
            .output()
            .await
            .unwrap();

        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn a_mode_that_would_let_in_anybody_does_not_start() {
    for variables in [
        vec![("HOST", "0.0.0.0")],
        vec![("K_SERVICE", "gateway")],
        vec![("AUTH_MODE", "cloud-run-iam")],
        vec![("AUTH_MODE", "api-key")],
        vec![("AUTH_MODE", "oidc")],
    ] {
        let output = command().envs(variables.clone()).output().await.unwrap();

        assert_eq!(output.status.code(), Some(2), "{variables:?}");
    }
}
