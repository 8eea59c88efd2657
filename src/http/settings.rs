//! Where the server listens and what it lets in.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

/// Where the keys of Identity-Aware Proxy are (Google Cloud, "Securing your
/// app with signed headers").
pub(super) const IAP_KEYS: &str = "https://www.gstatic.com/iap/verify/public_key-jwk";

/// Settings of the server (`server` in `gateway.yaml`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The address to listen on (`HOST`).
    pub host: IpAddr,
    /// The port to listen on (`PORT`); 0 takes a free one.
    pub port: u16,
    /// How callers prove who they are (`AUTH_MODE`).
    pub auth_modes: Vec<AuthMode>,
    /// Whose tokens mode `oidc` takes.
    pub oidc: OidcSettings,
    /// What mode `iap` takes.
    pub iap: IapSettings,
    /// How clients reach the server, `https://gateway.example.com`, for the
    /// metadata that mode `oidc` publishes (`PUBLIC_URL`); without it, by the
    /// name that a request was sent to.
    pub public_url: Option<String>,
    /// Names besides loopback by which the server may be called
    /// (`ALLOWED_HOSTS`): `gateway.example.com`, optionally with `:port`.
    pub allowed_hosts: Vec<String>,
    /// Web origins besides loopback that may call (`ALLOWED_ORIGINS`):
    /// `https://app.example.com`, optionally with a port.
    pub allowed_origins: Vec<String>,
    /// The largest body on `/mcp`, in bytes, `1_024..=268_435_456`.
    pub max_mcp_body_bytes: usize,
    /// The largest body on `/v1`, in bytes, `1_024..=268_435_456`.
    pub max_v1_body_bytes: usize,
    /// The most bytes of all bodies whose requests are under way,
    /// `1_048_576..=17_179_869_184`; beyond it, `gateway_overloaded`.
    pub max_body_bytes_in_flight: usize,
    /// The most open connections, `1..=1_000_000`; further ones wait to be
    /// accepted.
    pub max_connections: usize,
    /// How long a fresh connection may take to send its first request's
    /// header block, in milliseconds, `1..=600_000`.
    pub header_read_timeout_ms: u64,
    /// How long a connection may rest between two requests, in milliseconds,
    /// `1..=600_000`.
    pub keep_alive_timeout_ms: u64,
    /// How long a client may pause while it sends its body, of which the
    /// whole may take eight times as long, in milliseconds,
    /// `1..=600_000`.
    pub body_read_timeout_ms: u64,
    /// How long a client of `/v1` waits that says nothing about it, all
    /// attempts together, in milliseconds, `1..=600_000`.
    pub v1_timeout_ms: u64,
    /// How long calls in flight may go on after SIGTERM before they end with
    /// `gateway_timeout`, in milliseconds, `0..=600_000`. Cloud Run kills
    /// after 10 s in all; about 3 s of that are needed afterwards.
    pub shutdown_drain_ms: u64,
}

impl Settings {
    /// Returns where keys are asked for that the modes need, not all of them
    /// to the last path.
    pub fn key_urls(&self) -> Vec<&str> {
        let has = |mode| self.auth_modes.contains(&mode);
        let oidc = self.oidc.jwks_url.as_ref().or(self.oidc.issuer.as_ref());
        let oidc = oidc.filter(|_| has(AuthMode::Oidc)).map(String::as_str);
        oidc.into_iter()
            .chain(has(AuthMode::Iap).then_some(IAP_KEYS))
            .collect()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8080,
            auth_modes: vec![AuthMode::None],
            oidc: OidcSettings::default(),
            iap: IapSettings::default(),
            public_url: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_mcp_body_bytes: 1 << 20,
            max_v1_body_bytes: 4 << 20,
            max_body_bytes_in_flight: 64 << 20,
            max_connections: 2_000,
            header_read_timeout_ms: 10_000,
            // Longer than clients keep theirs, so that they close first.
            keep_alive_timeout_ms: 100_000,
            body_read_timeout_ms: 15_000,
            // What the vendors' own clients wait.
            v1_timeout_ms: 600_000,
            shutdown_drain_ms: 6_500,
        }
    }
}

/// Whose tokens are taken (`server.oidc`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcSettings {
    /// Who makes the tokens, to the letter as in their `iss` (`OIDC_ISSUER`).
    pub issuer: Option<String>,
    /// Whom the tokens are for; one of these must be in their `aud`
    /// (`OIDC_AUDIENCE`).
    pub audiences: Vec<String>,
    /// Where the issuer's keys are (`OIDC_JWKS_URL`); without it, as the
    /// issuer's discovery document says.
    pub jwks_url: Option<String>,
    /// Who may call: names of callers, or `@domain` for verified addresses;
    /// everybody with a good token if empty (`OIDC_ALLOWED`).
    pub allowed: Vec<String>,
}

/// What is taken from Identity-Aware Proxy (`server.iap`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IapSettings {
    /// Whom the assertions are for; one of these must be in their `aud`
    /// (`IAP_AUDIENCE`): `/projects/N/locations/R/services/S`.
    pub audiences: Vec<String>,
}

/// A way for callers to prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthMode {
    /// Nobody proves anything; the server then listens on loopback alone.
    None,
    /// With a key of the gateway's own.
    ApiKey,
    /// With a token of an OpenID Connect issuer.
    Oidc,
    /// With a token that Cloud Run checked at its door.
    CloudRunIam,
    /// With an assertion of Google's Identity-Aware Proxy.
    Iap,
}
