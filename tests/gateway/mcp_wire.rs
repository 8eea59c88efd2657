//! `/mcp` byte by byte: what clients of both eras rely on.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Rig};

const MODERN: &str = "2026-07-28";

fn rpc(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

fn modern(params: Value) -> Value {
    let mut params = params;
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    params
}

/// Posts to `path` with these headers besides the usual ones; a name with an
/// empty value takes the usual one away.
async fn post(rig: &Rig, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let usual = [
        ("host", "localhost:8080"),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
    ];
    let mut request = Request::post(path);
    for (name, value) in usual {
        if !headers.iter().any(|(given, _)| *given == name) {
            request = request.header(name, value);
        }
    }
    for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
        request = request.header(*name, *value);
    }
    rig.send(request.body(body.into()).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn an_old_client_shakes_hands_without_getting_a_session() {
    let rig = Rig::new();
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let hello = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});

        let answer = rig.mcp(rpc("initialize", hello).to_string()).await;

        let result = &answer.json()["result"];
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["serverInfo"]["name"], "ai-gateway-mcp");
        assert!(result["instructions"].as_str().unwrap().len() > 40);
        assert_eq!(answer.header("mcp-session-id"), "");
    }
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(
        rig.mcp(ready.to_string()).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_client_discovers_and_calls_without_a_handshake() {
    let rig = Rig::new();
    let version = ("mcp-protocol-version", MODERN);

    let discovered = post(
        &rig,
        "/mcp",
        &[version, ("mcp-method", "server/discover")],
        rpc("server/discover", modern(json!({}))).to_string(),
    )
    .await;
    let listed = post(
        &rig,
        "/mcp",
        &[version, ("mcp-method", "tools/list")],
        rpc("tools/list", modern(json!({}))).to_string(),
    )
    .await;
    let call = modern(json!({"name": "unified_completion", "arguments": {"prompt": "say: hi"}}));
    let called = post(
        &rig,
        "/mcp",
        &[
            version,
            ("mcp-method", "tools/call"),
            ("mcp-name", "unified_completion"),
        ],
        rpc("tools/call", call).to_string(),
    )
    .await;

    assert_eq!(discovered.status, 200, "{}", discovered.text);
    assert_eq!(listed.json()["result"]["ttlMs"], 300_000);
    assert_eq!(listed.json()["result"]["cacheScope"], "public");
    let result = &called.json()["result"];
    assert_eq!(result["structuredContent"]["text"], "hi");
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "ai-gateway-mcp"
    );
}

#[tokio::test(start_paused = true)]
async fn headers_that_contradict_the_body_are_refused() {
    let rig = Rig::new();
    let list = rpc("tools/list", modern(json!({}))).to_string();

    let method = post(
        &rig,
        "/mcp",
        &[
            ("mcp-protocol-version", MODERN),
            ("mcp-method", "tools/call"),
        ],
        list.clone(),
    )
    .await;
    let version = post(
        &rig,
        "/mcp",
        &[
            ("mcp-protocol-version", "2099-01-01"),
            ("mcp-method", "tools/list"),
        ],
        list,
    )
    .await;

    assert_eq!(
        (method.status.as_u16(), &method.json()["error"]["code"]),
        (400, &json!(-32020))
    );
    assert_eq!(version.status, 400, "{}", version.text);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_request_gets_a_json_rpc_error() {
    let rig = Rig::new();
    for body in [
        "",
        "{",
        "nonsense",
        "[]",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
        "{\"id\":1}",
        "\u{0}",
        "null",
        "5",
    ] {
        let answer = rig.mcp(body).await;

        assert_eq!(answer.status, 400, "{body:?}: {}", answer.text);
        assert_eq!(
            answer.header("content-type"),
            "application/json",
            "{body:?}"
        );
        let error = answer.json();
        assert_eq!(
            (&error["error"]["code"], &error["id"]),
            (&json!(-32700), &Value::Null),
            "{body:?}"
        );
    }
    let deep = "[".repeat(100_000);
    assert_eq!(rig.mcp(deep).await.status, 400);
    for (method, params) in [
        (
            "tools/call",
            json!({"name": "unified_completion", "arguments": []}),
        ),
        (
            "tools/call",
            json!({"name": "unified_completion", "arguments": "hi"}),
        ),
        ("tools/call", json!({"name": 5})),
        ("tools/call", json!({})),
        ("prompts/get", json!({})),
        ("initialize", json!({})),
    ] {
        let error = &rig
            .mcp(rpc(method, params.clone()).to_string())
            .await
            .json()["error"];
        assert_eq!(error["code"], -32602, "{method} {params}: {error}");
        assert!(
            error["message"].as_str().unwrap().contains(method),
            "{error}"
        );
    }
    let unknown = rig.mcp(rpc("tools/dance", json!({})).to_string()).await;
    assert_eq!(unknown.json()["error"]["code"], -32601);
    let resource = rpc("resources/read", json!({"uri": "x:y"}));
    assert_eq!(
        rig.mcp(resource.to_string()).await.json()["error"]["code"],
        -32601
    );
    let tool = rig
        .mcp(rpc("tools/call", json!({"name": "dance"})).to_string())
        .await;
    assert_eq!(tool.json()["error"]["code"], -32602);
    let metrics = rig.get("/metrics").await.text;
    for (code, count) in [("-32700", 9), ("-32600", 1), ("-32601", 2), ("-32602", 7)] {
        let line = format!(r#"gateway_rpc_errors_total{{code="{code}"}} {count}"#);
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
    let media = post(&rig, "/mcp", &[("content-type", "text/plain")], "{}").await;
    assert_eq!(media.status, 415);
    let accept = post(&rig, "/mcp", &[("accept", "application/json")], "{}").await;
    assert_eq!(accept.status, 406);
}

#[tokio::test(start_paused = true)]
async fn bodies_end_at_a_mebibyte() {
    let rig = Rig::new();
    let sized = |bytes: usize| {
        let empty = rpc(
            "tools/call",
            json!({"name": "unified_completion", "arguments": {"prompt": ""}}),
        )
        .to_string();
        let prompt = "a".repeat(bytes - empty.len());
        rpc(
            "tools/call",
            json!({"name": "unified_completion", "arguments": {"prompt": prompt}}),
        )
        .to_string()
    };

    let fits = rig.mcp(sized(1 << 20)).await;
    let exceeds = rig.mcp(sized((1 << 20) + 1)).await;

    assert_eq!(fits.status, 200);
    assert_eq!(
        fits.json()["result"]["isError"],
        false,
        "{}",
        &fits.text[..300]
    );
    assert_eq!(exceeds.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(exceeds.json()["error"]["code"], -32600);
}

#[tokio::test(start_paused = true)]
async fn both_spellings_of_the_path_work_and_no_other() {
    let rig = Rig::new();
    let list = || rpc("tools/list", json!({})).to_string();

    assert_eq!(post(&rig, "/mcp", &[], list()).await.status, 200);
    assert_eq!(post(&rig, "/mcp/", &[], list()).await.status, 200);
    for path in [
        "//mcp",
        "/MCP",
        "/mcp/x",
        "/mcp%2f",
        "/mcp/../mcp",
        "/mcp;x",
    ] {
        assert_eq!(post(&rig, path, &[], list()).await.status, 404, "{path}");
    }
    assert_eq!(rig.get("/mcp").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(start_paused = true)]
async fn foreign_hosts_and_origins_are_refused_on_every_door() {
    let rig = Rig::with(&[
        ("ALLOWED_HOSTS", "gateway.example.com"),
        ("ALLOWED_ORIGINS", "https://app.example.com"),
    ]);
    let list = || rpc("tools/list", json!({})).to_string();

    for path in ["/mcp", "/v1/chat/completions"] {
        for (header, value) in [
            ("host", "evil.example.com"),
            ("origin", "https://evil.example.com"),
            ("origin", "null"),
        ] {
            let answer = post(&rig, path, &[(header, value)], list()).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path} {header} {value}"
            );
        }
    }
    for (header, value) in [
        ("host", "gateway.example.com"),
        ("host", "127.0.0.1:9999"),
        ("host", "[::1]:80"),
        ("origin", "https://app.example.com"),
        ("origin", "http://localhost:5173"),
    ] {
        let answer = post(&rig, "/mcp", &[(header, value)], list()).await;
        assert_eq!(answer.status, 200, "{header} {value}: {}", answer.text);
    }
    let forwarded = post(
        &rig,
        "/mcp",
        &[
            ("host", "evil.example.com"),
            ("x-forwarded-host", "localhost"),
        ],
        list(),
    )
    .await;
    assert_eq!(forwarded.status, StatusCode::FORBIDDEN);
    let health = Request::get("/health")
        .header("host", "10.0.0.7")
        .body(Body::empty())
        .unwrap();
    assert_eq!(rig.send(health).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_preflight_from_an_allowed_page_passes() {
    let rig = Rig::new();
    let preflight = |origin: &str| {
        Request::options("/mcp")
            .header("host", "localhost")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "accept,authorization,content-type,mcp-protocol-version,mcp-method,mcp-name",
            )
            .body(Body::empty())
            .unwrap()
    };

    let allowed = rig.send(preflight("http://localhost:6274")).await;
    let foreign = rig.send(preflight("https://evil.example.com")).await;

    assert_eq!(allowed.status, 200);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "http://localhost:6274"
    );
    let headers = allowed
        .header("access-control-allow-headers")
        .to_ascii_lowercase();
    for name in [
        "authorization",
        "content-type",
        "accept",
        "mcp-protocol-version",
        "mcp-method",
        "mcp-name",
    ] {
        assert!(headers.contains(name), "{headers}");
    }
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
}
