//! What the modes of identity need.

use super::{Folder, faults, load};
use crate::config::Config;
use crate::http::AuthMode;

const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn every_mode_is_read_with_what_it_needs() {
    let keys = format!("alice:{DIGEST}, ci:{}", DIGEST.replace('a', "b"));

    let config = load(
        &[],
        &[
            ("AUTH_MODE", "api-key, oidc,cloud-run-iam,iap"),
            ("K_SERVICE", "gateway"),
            ("GATEWAY_API_KEYS", &keys),
            ("OIDC_ISSUER", "https://issuer.example.com"),
            ("OIDC_AUDIENCE", "a, b"),
            ("OIDC_JWKS_URL", "http://127.0.0.1:9/keys"),
            ("OIDC_ALLOWED", "alice@example.com,@example.org"),
            ("IAP_AUDIENCE", "/projects/7/locations/r/services/s"),
            ("PUBLIC_URL", "https://gw.example.com"),
        ],
    );

    let server = &config.server;
    assert_eq!(
        server.auth_modes,
        [
            AuthMode::ApiKey,
            AuthMode::Oidc,
            AuthMode::CloudRunIam,
            AuthMode::Iap
        ]
    );
    assert_eq!(server.host.to_string(), "0.0.0.0");
    assert_eq!(config.api_keys.names(), ["alice", "ci"]);
    assert_eq!(server.oidc.audiences, ["a", "b"]);
    assert_eq!(server.oidc.allowed, ["alice@example.com", "@example.org"]);
    assert_eq!(server.iap.audiences, ["/projects/7/locations/r/services/s"]);
    assert!(
        config
            .effective()
            .contains("api_keys:\n  - alice\n  - ci\n")
    );
    assert!(!config.effective().contains(DIGEST));
    assert!(config.warnings()[0].starts_with("AUTH_MODE cloud-run-iam believes"));
}

#[test]
fn a_mode_that_lacks_something_is_a_fault() {
    for (variables, expected) in [
        (
            vec![("AUTH_MODE", "api-key")],
            vec!["environment: GATEWAY_API_KEYS: must hold a key for AUTH_MODE api-key"],
        ),
        (
            vec![("AUTH_MODE", "oidc")],
            vec![
                "environment: OIDC_ISSUER: must name",
                "environment: OIDC_AUDIENCE: must say",
            ],
        ),
        (
            vec![("AUTH_MODE", "iap")],
            vec!["environment: IAP_AUDIENCE: must say"],
        ),
        (
            vec![("AUTH_MODE", "cloud-run-iam")],
            vec!["environment: AUTH_MODE: server.auth_modes: `cloud-run-iam` believes"],
        ),
        (
            vec![
                ("AUTH_MODE", "none,iap"),
                ("IAP_AUDIENCE", "/projects/7/locations/r/services/s"),
            ],
            vec!["environment: AUTH_MODE: server.auth_modes: `none` lets everybody in"],
        ),
        (
            vec![("GATEWAY__SERVER__AUTH_MODES", "[]")],
            vec!["environment: GATEWAY__SERVER__AUTH_MODES: server.auth_modes: names no mode"],
        ),
    ] {
        let found = faults(&[], &variables);

        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (fault, start) in found.iter().zip(expected) {
            assert!(fault.starts_with(start), "{fault}");
        }
    }
}

#[test]
fn addresses_and_lists_are_checked() {
    let found = faults(
        &[],
        &[
            ("OIDC_ISSUER", "http://issuer.example.com"),
            ("OIDC_JWKS_URL", "http://10.0.0.1/keys"),
            ("OIDC_ALLOWED", "@,a b,@example.com"),
            ("PUBLIC_URL", "https://gw.example.com/path"),
        ],
    );

    let starts = [
        "environment: OIDC_ISSUER: server.oidc.issuer: must be https://",
        "environment: OIDC_JWKS_URL: server.oidc.jwks_url: must be https://",
        "environment: PUBLIC_URL: server.public_url: must be",
        "environment: OIDC_ALLOWED: server.oidc.allowed[0]: must be",
        "environment: OIDC_ALLOWED: server.oidc.allowed[1]: must be",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (fault, start) in found.iter().zip(starts) {
        assert!(fault.starts_with(start), "{fault}");
    }
}

#[test]
fn keys_stand_in_a_file_too() {
    let text = format!(
        "# the team\nalice:{DIGEST}   # laptop\n\n  ci:{}\n",
        DIGEST.replace('a', "b")
    );
    let folder = Folder::new(&[("keys", &text)]);
    let path = folder.path("keys");

    let sources = folder.sources(&[("AUTH_MODE", "api-key"), ("GATEWAY_API_KEYS_FILE", &path)]);
    let config = Config::load(&sources).unwrap();

    assert_eq!(config.api_keys.names(), ["alice", "ci"]);
}

#[test]
fn no_fault_shows_a_bad_entry() {
    let text =
        format!("agw_canary-instead-of-an-entry\nAlice:{DIGEST}\nalice:{DIGEST}\nbob:{DIGEST}");
    let folder = Folder::new(&[("keys", &text)]);
    let path = folder.path("keys");
    let found = |variables: &[(&str, &str)]| {
        let faults = Config::load(&folder.sources(variables)).unwrap_err();
        let text = faults.to_string();
        assert!(!text.contains("canary") && !text.contains(DIGEST), "{text}");
        (faults.iter().len(), text)
    };

    let (count, in_file) = found(&[("AUTH_MODE", "api-key"), ("GATEWAY_API_KEYS_FILE", &path)]);
    assert_eq!(count, 3, "{in_file}");
    assert!(in_file.contains("keys: line 1: has no colon"), "{in_file}");
    assert!(in_file.contains("keys: line 4: gives the key"), "{in_file}");
    let listed = text.replace('\n', ",");
    let (count, listed) = found(&[("GATEWAY_API_KEYS", &listed)]);
    assert_eq!(count, 3, "{listed}");
    assert!(
        listed.contains("GATEWAY_API_KEYS: entry 2 has a name"),
        "{listed}"
    );
    let (_, both) = found(&[("GATEWAY_API_KEYS", "x"), ("GATEWAY_API_KEYS_FILE", &path)]);
    assert!(
        both.contains("is set, and so is GATEWAY_API_KEYS_FILE"),
        "{both}"
    );
    let absent = folder.path("absent");
    let (count, absent) = found(&[("AUTH_MODE", "api-key"), ("GATEWAY_API_KEYS_FILE", &absent)]);
    assert_eq!(count, 1, "{absent}");
}

#[test]
fn what_a_mode_that_is_off_would_use_is_a_warning() {
    let keys = format!("alice:{DIGEST}");
    let config = load(
        &[],
        &[
            ("GATEWAY_API_KEYS", &keys),
            ("OIDC_AUDIENCE", "a"),
            ("IAP_AUDIENCE", "b"),
        ],
    );

    assert_eq!(
        config.warnings(),
        [
            "GATEWAY_API_KEYS has no effect without api-key in AUTH_MODE",
            "OIDC_… has no effect without oidc in AUTH_MODE",
            "IAP_AUDIENCE has no effect without iap in AUTH_MODE",
        ]
    );
}
