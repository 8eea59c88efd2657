//! Keys and headers that let nobody in.

use http::Request;

use super::issuer::{Issuer, checked_by_cloud_run, claims, now, with};
use super::visitor::{ALICES_DIGEST, ALICES_KEY, BOSS_KEY, DOORS, House};

type Headers = Vec<(&'static str, String)>;

/// Tries one proof at every door: each says the same as to someone without a
/// proof, reads nothing, asks nobody, and leaves one line with the reason.
pub(super) async fn refuse(name: &str, modes: &str, headers: Headers, reason: &str) {
    let house = House::with(modes, &[]);
    let borrowed: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    for (count, door) in (1..).zip(DOORS) {
        let (answer, was_read) = house.visit(door, &borrowed).await;

        assert_eq!(answer.status, 401, "{name}, {door:?}: {}", answer.text);
        assert!(!was_read, "{name}, {door:?}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(
            challenge.starts_with("Bearer resource_metadata=\"http://localhost/.well-known/"),
            modes.contains("oidc"),
            "{name}: {challenge}"
        );
        assert!(challenge.starts_with("Bearer"), "{name}: {challenge}");
        let body = answer.json();
        assert_eq!(body["error"]["message"], "this needs a valid key or token");
        assert_eq!(body["error"]["type"], "authentication_error");
        let is_anthropics = door.1.starts_with("/v1/messages");
        assert_eq!(body["type"] == "error", is_anthropics, "{name}, {door:?}");
        let refusals = house.refusals();
        assert_eq!(refusals.len(), count, "{name}, {door:?}");
        assert_eq!(refusals[count - 1], reason, "{name}, {door:?}");
    }
    let proofs: Vec<String> = headers.into_iter().map(|(_, value)| value).collect();
    house.stayed_closed(&proofs);
}

fn authorization(value: impl Into<String>) -> Headers {
    vec![("authorization", value.into())]
}

fn bearer(proof: impl AsRef<str>) -> Headers {
    authorization(format!("Bearer {}", proof.as_ref()))
}

fn key(proof: impl Into<String>) -> Headers {
    vec![("x-api-key", proof.into())]
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_nobodys_or_none_let_nobody_in() {
    let cases: [(&str, Headers, &str); 21] = [
        ("no proof", vec![], "missing"),
        ("empty bearer", bearer(""), "malformed"),
        ("bearer alone", authorization("Bearer"), "malformed"),
        ("empty header", authorization(""), "malformed"),
        ("empty key", key(""), "malformed"),
        (
            "unknown",
            bearer("a-key-that-nobody-has-ever-had"),
            "unknown_key",
        ),
        (
            "unknown in x-api-key",
            key("a-key-that-nobody-has-ever-had"),
            "unknown_key",
        ),
        (
            "lower-case scheme",
            authorization(format!("bearer {ALICES_KEY}")),
            "malformed",
        ),
        (
            "another scheme",
            authorization(format!("Basic {ALICES_KEY}")),
            "malformed",
        ),
        ("no scheme", authorization(ALICES_KEY), "malformed"),
        (
            "two blanks",
            authorization(format!("Bearer  {ALICES_KEY}")),
            "malformed",
        ),
        (
            "upper case",
            bearer(ALICES_KEY.to_uppercase()),
            "unknown_key",
        ),
        (
            "truncated",
            bearer(&ALICES_KEY[..ALICES_KEY.len() - 1]),
            "unknown_key",
        ),
        ("longer", bearer(format!("{ALICES_KEY}x")), "unknown_key"),
        ("digest as a key", bearer(ALICES_DIGEST), "unknown_key"),
        (
            "entry as a key",
            bearer(format!("alice:{ALICES_DIGEST}")),
            "unknown_key",
        ),
        ("name as a key", key("alice"), "malformed"),
        ("SQL", bearer("' OR 1=1 --aaaaaaaaaaaaaaaaaaa"), "malformed"),
        (
            "SQL without blanks",
            key("'/**/OR/**/'1'='1';DROP/**/TABLE/**/keys;--"),
            "unknown_key",
        ),
        ("oversize", bearer("k".repeat(201)), "malformed"),
        ("100 kB", bearer("k".repeat(100_000)), "malformed"),
    ];
    for (name, headers, reason) in cases {
        refuse(name, "api-key", headers, reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn several_proofs_at_once_let_nobody_in() {
    let good = format!("Bearer {ALICES_KEY}");
    let cases: [(&str, Headers, &str); 8] = [
        (
            "twice the same",
            vec![
                ("authorization", good.clone()),
                ("authorization", good.clone()),
            ],
            "ambiguous",
        ),
        (
            "a good and a bad",
            vec![
                ("authorization", good.clone()),
                ("authorization", "Bearer x".into()),
            ],
            "ambiguous",
        ),
        (
            "comma-joined",
            authorization(format!("{good}, Bearer {BOSS_KEY}")),
            "malformed",
        ),
        (
            "x-api-key twice",
            vec![
                ("x-api-key", ALICES_KEY.into()),
                ("x-api-key", ALICES_KEY.into()),
            ],
            "ambiguous",
        ),
        (
            "two callers",
            vec![
                ("authorization", good.clone()),
                ("x-api-key", BOSS_KEY.into()),
            ],
            "ambiguous",
        ),
        (
            "a good key beside another scheme",
            vec![
                ("authorization", "Basic YTpi".into()),
                ("x-api-key", ALICES_KEY.into()),
            ],
            "ambiguous",
        ),
        (
            "a trailing blank",
            authorization(format!("{good} ")),
            "malformed",
        ),
        (
            "a tab within",
            authorization("Bearer alices-key\tof-twenty-and-more"),
            "malformed",
        ),
    ];
    for (name, headers, reason) in cases {
        refuse(name, "api-key", headers, reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_of_a_mode_that_is_off_is_none() {
    let issuer = Issuer::new();
    let cases: [(&str, &str, Headers, &str); 9] = [
        ("key to oidc", "oidc", bearer(ALICES_KEY), "malformed"),
        ("x-api-key to oidc", "oidc", key(ALICES_KEY), "missing"),
        (
            "token in x-api-key",
            "oidc,api-key",
            key(issuer.token()),
            "malformed",
        ),
        (
            "token to keys",
            "api-key",
            bearer(issuer.token()),
            "malformed",
        ),
        (
            "checked token, not on Cloud Run",
            "oidc",
            bearer(checked_by_cloud_run(&claims())),
            "signature",
        ),
        (
            "serverless header, not on Cloud Run",
            "api-key,oidc",
            vec![(
                "x-serverless-authorization",
                format!("Bearer {}", checked_by_cloud_run(&claims())),
            )],
            "missing",
        ),
        (
            "assertion without iap",
            "api-key",
            vec![("x-goog-iap-jwt-assertion", issuer.assertion())],
            "missing",
        ),
        (
            "the e-mail that IAP writes beside it",
            "iap",
            vec![(
                "x-goog-authenticated-user-email",
                "accounts.google.com:boss@example.com".into(),
            )],
            "missing",
        ),
        (
            "names in other headers",
            "api-key",
            vec![
                ("x-forwarded-user", "boss".into()),
                ("x-real-ip", "127.0.0.1".into()),
                ("forwarded", "for=127.0.0.1;host=localhost".into()),
            ],
            "missing",
        ),
    ];
    for (name, modes, headers, reason) in cases {
        refuse(name, modes, headers, reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cloud_run_did_not_check_is_refused() {
    let issuer = Issuer::new();
    let expired = with(claims(), "exp", (now() - 61).into());
    let timeless = with(claims(), "exp", serde_json::Value::Null);
    let nameless = with(
        with(claims(), "email_verified", false.into()),
        "sub",
        serde_json::Value::Null,
    );
    let checked = checked_by_cloud_run(&claims());
    let cases: [(&str, Headers, &str); 8] = [
        ("whole signature", bearer(issuer.token()), "unchecked"),
        (
            "whole signature in its own header",
            vec![(
                "x-serverless-authorization",
                format!("Bearer {}", issuer.token()),
            )],
            "unchecked",
        ),
        (
            "a bad one beside a good one",
            vec![
                (
                    "x-serverless-authorization",
                    format!("Bearer {}", issuer.token()),
                ),
                ("authorization", format!("Bearer {checked}")),
            ],
            "unchecked",
        ),
        (
            "mark with more behind",
            bearer(format!("{checked}x")),
            "unchecked",
        ),
        (
            "mark in small letters",
            bearer(checked.to_lowercase()),
            "malformed",
        ),
        ("expired", bearer(checked_by_cloud_run(&expired)), "expired"),
        (
            "without end",
            bearer(checked_by_cloud_run(&timeless)),
            "expired",
        ),
        (
            "without name",
            bearer(checked_by_cloud_run(&nameless)),
            "nameless",
        ),
    ];
    for (name, headers, reason) in cases {
        refuse(name, "cloud-run-iam", headers, reason).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_host_is_refused_before_identity_with_a_good_key_too() {
    let house = House::with("api-key", &[]);
    let proof = format!("Bearer {ALICES_KEY}");
    for host in [
        "evil.example.com",
        "localhost@evil.example.com",
        "x/#@localhost",
        "",
    ] {
        let headers = [("host", host), ("authorization", proof.as_str())];
        let (answer, was_read) = house.visit(DOORS[1], &headers).await;

        assert_eq!(answer.status, 403, "{host}");
        assert!(!was_read);
    }
    house.stayed_closed(&[]);
}

#[tokio::test(start_paused = true)]
async fn a_path_that_only_looks_like_an_open_one_is_not_open() {
    let house = House::with("api-key", &[]);
    for path in [
        "//mcp",
        "/mcp/../metrics",
        "/health/../metrics",
        "/%6detrics",
        "/metrics;x=/health",
        "/METRICS",
        "/v1/models/../../metrics",
    ] {
        let request = Request::get(path).header("host", "localhost");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = house.rig.send(request).await;

        assert!([401, 404].contains(&answer.status.as_u16()), "{path}");
        assert!(!answer.text.contains("gateway_calls"), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn figures_are_for_admins() {
    let house = House::with("api-key", &[]);
    let visit = async |key| {
        let (answer, _) = house
            .visit(("GET", "/metrics"), &[("x-api-key", key)])
            .await;
        answer
    };

    let alice = visit(ALICES_KEY).await;
    let boss = visit(BOSS_KEY).await;

    assert_eq!(alice.status, 403);
    assert_eq!(alice.json()["error"]["type"], "permission_error");
    assert_eq!(alice.json()["error"]["code"], "policy_blocked");
    assert_eq!(alice.header("www-authenticate"), "");
    assert_eq!(house.refusals(), ["forbidden"]);
    assert_eq!(boss.status, 200);
    assert!(
        boss.text
            .contains("gateway_auth_refused_total{reason=\"forbidden\"} 1"),
        "{}",
        boss.text
    );
}
