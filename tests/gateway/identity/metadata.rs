//! What clients learn about where to get a token.

use serde_json::{Value, json};

use super::issuer::ISSUER;
use super::visitor::House;

const PATHS: [&str; 2] = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
];

async fn get(house: &House, path: &str, host: &str) -> (u16, Value) {
    let (answer, _) = house.visit(("GET", path), &[("host", host)]).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test(start_paused = true)]
async fn the_metadata_names_the_issuer_and_the_resource() {
    let extra = [("ALLOWED_HOSTS", "gw.example.com,[::1]:9")];
    let house = House::with("oidc,api-key", &extra);
    for (host, base) in [
        ("gw.example.com", "https://gw.example.com"),
        ("gw.example.com:8443", "https://gw.example.com:8443"),
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1", "http://127.0.0.1"),
    ] {
        for (path, suffix) in PATHS.into_iter().zip(["", "/mcp"]) {
            let (status, body) = get(&house, path, host).await;

            assert_eq!(status, 200);
            assert_eq!(
                body,
                json!({"resource": format!("{base}{suffix}"), "authorization_servers": [ISSUER],
                    "bearer_methods_supported": ["header"], "resource_name": "ai-gateway-mcp"})
            );
        }
    }
    let (status, _) = get(&house, PATHS[0], "evil.example.com").await;
    assert_eq!(status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_configured_address_beats_the_host() {
    let house = House::with("oidc", &[("PUBLIC_URL", "https://gw.example.com")]);

    let (_, body) = get(&house, PATHS[1], "localhost").await;
    let (refused, _) = house.visit(("POST", "/mcp"), &[]).await;
    let (elsewhere, _) = house.visit(("GET", "/v1/models"), &[]).await;

    assert_eq!(body["resource"], "https://gw.example.com/mcp");
    let challenge = "Bearer resource_metadata=\"https://gw.example.com/.well-known/\
                     oauth-protected-resource";
    assert_eq!(
        refused.header("www-authenticate"),
        format!("{challenge}/mcp\"")
    );
    assert_eq!(
        elsewhere.header("www-authenticate"),
        format!("{challenge}\"")
    );
}

#[tokio::test(start_paused = true)]
async fn without_an_issuer_there_is_no_metadata() {
    for modes in ["none", "api-key", "iap"] {
        let house = House::with(modes, &[]);
        for path in PATHS {
            assert_eq!(get(&house, path, "localhost").await.0, 404, "{modes}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn health_and_readiness_need_no_proof() {
    let house = House::with("api-key", &[]);
    for path in ["/health", "/ready"] {
        assert_eq!(get(&house, path, "any.example.com").await.0, 200);
    }
}
