//! The commands, and what they refuse.

use serde_json::{Value, json};
use vendor_sim::{Fault, Vendor};

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

#[tokio::test]
async fn catalog_lists_every_model_and_asks_the_configured_vendors() {
    let (simulator, server) = simulated().await;
    let run = async |arguments: &[&str]| {
        let output = command()
            .arg("catalog")
            .args(arguments)
            .env("ANTHROPIC_API_KEY", "canary")
            .env("ANTHROPIC_BASE_URL", server.base_url(Vendor::Anthropic))
            .output()
            .await
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };

    let text = run(&[]).await;
    let offline = run(&["--offline"]).await;
    let json: Value = serde_json::from_str(&run(&["--json"]).await).unwrap();

    for part in [
        "* anthropic/claude-opus-5-5",
        "written $/M",
        "5, 8 for an hour",
        "genai-prices 0.2.3; cache_write_1h: LiteLLM 1.109.1",
        "google/gemini-3.1-pro-preview: $4 / $18 / $0.4 / - for all tokens once",
        "  groq/openai/gpt-oss-20b",
        "gemini-pro = google/gemini-3.8-flash",
        "What anthropic says\n  all of ours are among its",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!offline.contains("What anthropic says"), "{offline}");
    assert_eq!(simulator.requests(Vendor::Anthropic).len(), 2);
    assert_eq!(json["models"].as_array().unwrap().len(), 46);
    assert_eq!(json["vendors"][0]["provider"], "anthropic");
    assert_eq!(json["vendors"][0]["differences"], json!([]));
    let luna = &json["models"][4];
    assert_eq!(luna["id"], "gpt-6-luna");
    assert_eq!(luna["is_configured"], false);
    assert!(luna["price"]["input_usd_per_million"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn catalog_says_which_vendor_gave_no_list() {
    let (simulator, server) = simulated().await;
    simulator.set_standing(Vendor::OpenAi, Some(Fault::Status { status: 401 }));

    let output = command()
        .arg("catalog")
        .env("OPENAI_API_KEY", "sk-canary")
        .env("OPENAI_BASE_URL", server.base_url(Vendor::OpenAi))
        .output()
        .await
        .unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(
        text.contains("What openai says\n  no list: unauthorized"),
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn catalog_needs_no_key() {
    let output = command().arg("catalog").output().await.unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.contains("  openai/gpt-6-luna "), "{text}");
    assert!(!text.contains("* openai/"), "{text}");
    assert!(!text.contains(" says\n"), "{text}");
}

#[tokio::test]
async fn catalog_refuses_a_faulty_configuration() {
    let output = command()
        .args(["catalog", "--offline"])
        .env("GATEWAY__ROUTING__WEIGHTS__COST", "-1")
        .output()
        .await
        .unwrap();

    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("weights"), "{text}");
}
