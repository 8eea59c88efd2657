//! The commands, and what they refuse.

use crate::gateway::{Gateway, command, simulated};

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
