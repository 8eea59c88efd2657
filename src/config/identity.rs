//! Who may come in: the keys of callers, and whether the modes have what they
//! need.

use std::path::Path as FilePath;

use super::fault::Report;
use super::path::Path;
use super::sources::Sources;
use super::{document, fault_at, files};
use crate::http::{ApiKeys, AuthMode, Settings, is_issuer_url, is_origin};

const KEYS: &str = "GATEWAY_API_KEYS";
const KEYS_FILE: &str = "GATEWAY_API_KEYS_FILE";
/// The largest file of keys, in bytes: some 10,000 entries.
const LARGEST_FILE: u64 = 1 << 20;

/// Reads the entries `NAME:<sha256 hex>` in `GATEWAY_API_KEYS`, with commas
/// between them, or in the file that `GATEWAY_API_KEYS_FILE` names, one a
/// line. No fault shows an entry.
pub(super) fn read_keys(sources: &Sources, report: &mut Report) -> ApiKeys {
    let mut keys = ApiKeys::default();
    let listed = sources.variable(KEYS, report);
    match (listed, sources.variable(KEYS_FILE, report)) {
        (Some(_), Some(_)) => {
            report.variable(KEYS, format!("is set, and so is {KEYS_FILE}; unset one"));
        }
        (Some(entries), None) => {
            let entries = (1..).zip(entries.split(','));
            for (number, entry) in entries.filter(|(_, entry)| !entry.trim().is_empty()) {
                report.hide(entry.trim());
                if let Err(reason) = keys.insert(entry) {
                    report.variable(KEYS, format!("entry {number} {reason}"));
                }
            }
        }
        (None, Some(path)) => read_file(path, &mut keys, report),
        (None, None) => {}
    }
    keys
}

fn read_file(path: &str, keys: &mut ApiKeys, report: &mut Report) {
    let text = match files::read_text(FilePath::new(path), LARGEST_FILE) {
        Ok(Some(text)) => text,
        Ok(None) => return report.variable(KEYS_FILE, format!("the file {path} does not exist")),
        Err(reason) => return report.variable(KEYS_FILE, format!("the file {path} {reason}")),
    };
    for (number, line) in (1..).zip(text.lines()) {
        let entry = line.split('#').next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        if let Err(reason) = keys.insert(entry) {
            report.fault(path, format!("line {number}"), reason);
        }
    }
}

/// Records what the modes that are on lack, and settings that no mode uses.
pub(super) fn check(
    server: &Settings,
    keys: &ApiKeys,
    sources: &Sources,
    merged: &config::Value,
    report: &mut Report,
) {
    let mut checker = Checker { merged, report };
    checker.modes(server, keys, sources.value("K_SERVICE").is_some());
    checker.addresses(server);
    checker.unused(server, keys);
    if server.auth_modes.contains(&AuthMode::CloudRunIam) {
        checker.report.warn(
            "AUTH_MODE cloud-run-iam believes every token without its signature: this service \
             must require authentication (--no-allow-unauthenticated), or anybody can call \
             it under any name",
        );
    }
}

struct Checker<'a> {
    merged: &'a config::Value,
    report: &'a mut Report,
}

impl Checker<'_> {
    fn fault(&mut self, path: &Path, reason: &str) {
        let source = document::origin_at(self.merged, path).unwrap_or("gateway.yaml");
        fault_at(self.report, source, path, reason);
    }

    fn modes(&mut self, server: &Settings, keys: &ApiKeys, is_on_cloud_run: bool) {
        let has = |mode| server.auth_modes.contains(&mode);
        let modes = Path::dotted("server.auth_modes");
        if has(AuthMode::None) && server.auth_modes.iter().any(|mode| *mode != AuthMode::None) {
            self.fault(
                &modes,
                "`none` lets everybody in and cannot stand beside another mode",
            );
        }
        if has(AuthMode::CloudRunIam) && !is_on_cloud_run {
            self.fault(
                &modes,
                "`cloud-run-iam` believes what Cloud Run checked, and this is not Cloud Run \
                 (K_SERVICE is not set)",
            );
        }
        if has(AuthMode::ApiKey) && keys.is_empty() {
            let reason = format!(
                "must hold a key for AUTH_MODE api-key; `ai-gateway-mcp keys new NAME` makes one, \
                 and {KEYS_FILE} may name a file instead"
            );
            self.missing(KEYS, reason);
        }
        if has(AuthMode::Oidc) && server.oidc.issuer.is_none() {
            let reason = "must name the issuer of tokens for AUTH_MODE oidc";
            self.missing("OIDC_ISSUER", reason);
        }
        if has(AuthMode::Oidc) && server.oidc.audiences.is_empty() {
            let reason = "must say for AUTH_MODE oidc whom tokens are for, as in their `aud`";
            self.missing("OIDC_AUDIENCE", reason);
        }
        if has(AuthMode::Iap) && server.iap.audiences.is_empty() {
            let reason = "must say for AUTH_MODE iap whom assertions are for: \
                          /projects/N/locations/R/services/S";
            self.missing("IAP_AUDIENCE", reason);
        }
    }

    /// Records that a variable must be set, unless it is at fault already.
    fn missing(&mut self, variable: &str, reason: impl Into<String>) {
        let mut at_fault = [variable, KEYS_FILE].into_iter();
        if variable == KEYS && at_fault.any(|name| self.report.has_fault_at("environment", name)) {
            return;
        }
        self.report.variable(variable, reason);
    }

    fn addresses(&mut self, server: &Settings) {
        let oidc = Path::dotted("server.oidc");
        let reason = "must be https://, or http:// on loopback, without user and fragment";
        for (key, url) in [
            ("issuer", &server.oidc.issuer),
            ("jwks_url", &server.oidc.jwks_url),
        ] {
            if url.as_deref().is_some_and(|url| !is_issuer_url(url)) {
                self.fault(&oidc.key(key), reason);
            }
        }
        if let Some(issuer) = &server.oidc.issuer
            && issuer.contains('?')
        {
            self.fault(&oidc.key("issuer"), "must not have a query");
        }
        if server
            .public_url
            .as_deref()
            .is_some_and(|url| !is_origin(url))
        {
            let reason = "must be http:// or https:// and a host, with or without :port, no path";
            self.fault(&Path::dotted("server.public_url"), reason);
        }
        for (index, entry) in server.oidc.allowed.iter().enumerate() {
            let domain = entry.strip_prefix('@').unwrap_or(entry);
            if domain.is_empty() || entry.contains(char::is_whitespace) {
                let reason = "must be a caller's name, or @ and a domain";
                self.fault(&oidc.key("allowed").index(index), reason);
            }
        }
    }

    /// Whoever sets one of these relies on it to keep strangers out.
    fn unused(&mut self, server: &Settings, keys: &ApiKeys) {
        let oidc = &server.oidc;
        let is_oidc_set = oidc.issuer.is_some()
            || oidc.jwks_url.is_some()
            || !oidc.audiences.is_empty()
            || !oidc.allowed.is_empty();
        for (mode, name, is_set, what) in [
            (AuthMode::ApiKey, "api-key", !keys.is_empty(), KEYS),
            (AuthMode::Oidc, "oidc", is_oidc_set, "OIDC_…"),
            (
                AuthMode::Iap,
                "iap",
                !server.iap.audiences.is_empty(),
                "IAP_AUDIENCE",
            ),
        ] {
            if is_set && !server.auth_modes.contains(&mode) {
                self.report
                    .warn(format!("{what} has no effect without {name} in AUTH_MODE"));
            }
        }
    }
}
