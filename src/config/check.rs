//! What settings must keep to beyond their types: ranges and references.

use std::collections::BTreeSet;

use config::Value;
use http::HeaderValue;

use super::fault::Report;
use super::path::Path;
use super::settings::SettingsForm;
use super::{document, fault_at, models, typed};
use crate::domain::Weights;
use crate::http::{is_host, is_origin};
use crate::routing::Scale;
use crate::{gateway, telemetry};

/// Records every fault of the settings.
///
/// `names` are the canonical names of all models, `limit_faults` what is wrong
/// with the sections of limits.
pub(super) fn check(
    form: &SettingsForm,
    origins: Origins<'_>,
    names: &BTreeSet<String>,
    limit_faults: Vec<(Path, String)>,
    report: &mut Report,
) {
    let mut checker = Checker { origins, report };
    for (path, value, low, high) in ranges(form) {
        checker.range(path, value, low, high);
    }
    checker.server(form);
    checker.routing(form, names);
    checker.rest(form);
    for (path, reason) in limit_faults {
        checker.fault(&path, reason);
    }
}

/// The numbers and what they may be, both ends included.
fn ranges(form: &SettingsForm) -> [(&'static str, u64, u64, u64); 31] {
    const MINUTES_10: u64 = 600_000;
    let (server, gateway) = (&form.server, &form.gateway);
    let (routing, timeouts) = (&form.routing, &form.providers.timeouts);
    let bytes = |size: usize| size as u64;
    [
        (
            "server.max_mcp_body_bytes",
            bytes(server.max_mcp_body_bytes),
            1 << 10,
            1 << 28,
        ),
        (
            "server.max_v1_body_bytes",
            bytes(server.max_v1_body_bytes),
            1 << 10,
            1 << 28,
        ),
        (
            "server.max_connections",
            bytes(server.max_connections),
            1,
            1_000_000,
        ),
        (
            "server.header_read_timeout_ms",
            server.header_read_timeout_ms,
            1,
            MINUTES_10,
        ),
        (
            "server.keep_alive_timeout_ms",
            server.keep_alive_timeout_ms,
            1,
            MINUTES_10,
        ),
        (
            "server.body_read_timeout_ms",
            server.body_read_timeout_ms,
            1,
            MINUTES_10,
        ),
        ("server.v1_timeout_ms", server.v1_timeout_ms, 1, MINUTES_10),
        (
            "server.shutdown_drain_ms",
            server.shutdown_drain_ms,
            0,
            MINUTES_10,
        ),
        ("cache.ttl_s", form.cache.ttl_s, 60, 31_536_000),
        ("cache.max_bytes", form.cache.max_bytes, 1 << 20, 1 << 40),
        (
            "cache.max_answer_bytes",
            form.cache.max_answer_bytes,
            1 << 10,
            1 << 24,
        ),
        (
            "embedding.sessions",
            u64::from(form.embedding.sessions),
            1,
            8,
        ),
        ("store.retention_days", form.store.retention_days, 1, 3_650),
        (
            "store.connections",
            u64::from(form.store.connections),
            1,
            1_000,
        ),
        ("store.cache_max_mb", form.store.cache_max_mb, 1, 1_000_000),
        (
            "gateway.default_timeout_ms",
            gateway.default_timeout_ms,
            1,
            MINUTES_10,
        ),
        (
            "gateway.max_attempts",
            u64::from(gateway.max_attempts),
            1,
            16,
        ),
        (
            "gateway.max_in_flight",
            bytes(gateway.max_in_flight),
            1,
            1_000_000,
        ),
        (
            "server.max_body_bytes_in_flight",
            bytes(server.max_body_bytes_in_flight),
            1 << 20,
            1 << 34,
        ),
        (
            "gateway.max_in_flight_per_provider",
            bytes(gateway.max_in_flight_per_provider),
            1,
            1_000_000,
        ),
        (
            "gateway.idempotency_run_on_ms",
            gateway.idempotency_run_on_ms,
            0,
            MINUTES_10,
        ),
        (
            "gateway.idempotency_keep_ms",
            gateway.idempotency_keep_ms,
            0,
            86_400_000,
        ),
        (
            "gateway.idempotency_max_calls",
            bytes(gateway.idempotency_max_calls),
            1,
            100_000,
        ),
        (
            "gateway.probe_interval_ms",
            probe_interval(gateway.probe_interval_ms),
            30_000,
            86_400_000,
        ),
        (
            "gateway.probe_timeout_ms",
            gateway.probe_timeout_ms,
            1,
            60_000,
        ),
        (
            "routing.expected_output_tokens",
            u64::from(routing.expected_output_tokens),
            1,
            1_000_000,
        ),
        (
            "providers.timeouts.connect_ms",
            timeouts.connect_ms,
            1,
            60_000,
        ),
        (
            "providers.timeouts.first_byte_ms",
            timeouts.first_byte_ms,
            0,
            MINUTES_10,
        ),
        (
            "providers.timeouts.idle_ms",
            timeouts.idle_ms,
            1,
            MINUTES_10,
        ),
        (
            "providers.timeouts.total_ms",
            timeouts.total_ms,
            1,
            MINUTES_10,
        ),
        ("server.port", u64::from(server.port), 0, 65_535),
    ]
}

/// Takes 0, which means never, for a value in range.
const fn probe_interval(interval_ms: u64) -> u64 {
    if interval_ms == 0 {
        30_000
    } else {
        interval_ms
    }
}

/// Where values were said.
pub(super) struct Origins<'a> {
    /// The merged layers, whose values know their sources.
    pub(super) merged: &'a Value,
    /// Where members were taken out because they did not fit their types.
    pub(super) taken: &'a [Path],
}

struct Checker<'a> {
    origins: Origins<'a>,
    report: &'a mut Report,
}

impl Checker<'_> {
    fn fault(&mut self, path: &Path, reason: impl Into<String>) {
        let path = typed::restored(path, self.origins.taken);
        let source = document::origin_at(self.origins.merged, &path).unwrap_or("gateway.yaml");
        fault_at(self.report, source, &path, reason);
    }

    fn range(&mut self, path: &str, value: u64, low: u64, high: u64) {
        if !(low..=high).contains(&value) {
            let zero = if path == "gateway.probe_interval_ms" {
                ", or 0 for never"
            } else {
                ""
            };
            let reason = format!("{value} is not within {low}..={high}{zero}");
            self.fault(&Path::dotted(path), reason);
        }
    }

    fn server(&mut self, form: &SettingsForm) {
        let server = Path::dotted("server");
        if form.server.auth_modes.is_empty() {
            self.fault(
                &server.key("auth_modes"),
                "names no mode; the modes are none, api-key, oidc, cloud-run-iam and iap",
            );
        }
        for (index, host) in form.server.allowed_hosts.iter().enumerate() {
            if !is_host(host) {
                let path = server.key("allowed_hosts").index(index);
                self.fault(
                    &path,
                    "must be a host name, with or without :port, and no wildcard",
                );
            }
        }
        for (index, origin) in form.server.allowed_origins.iter().enumerate() {
            if !is_origin(origin) {
                let path = server.key("allowed_origins").index(index);
                let reason = "must be http:// or https:// and a host, with or without :port, \
                              no path and no wildcard";
                self.fault(&path, reason);
            }
        }
    }

    fn routing(&mut self, form: &SettingsForm, names: &BTreeSet<String>) {
        let routing = Path::dotted("routing");
        let weights = &form.routing.weights;
        let all = [
            ("quality", weights.quality),
            ("cost", weights.cost),
            ("latency", weights.latency),
            ("reliability", weights.reliability),
        ];
        let mut is_usable = true;
        for (key, weight) in all {
            if !weight.is_finite() || weight < 0.0 {
                let reason = format!("{weight} is not a weight: it must be 0 or more");
                self.fault(&routing.key("weights").key(key), reason);
                is_usable = false;
            }
        }
        let weights = Weights {
            quality: weights.quality,
            cost: weights.cost,
            latency: weights.latency,
            reliability: weights.reliability,
        };
        if is_usable && weights.normalised().is_none() {
            self.fault(
                &routing.key("weights"),
                "must not all be 0, nor too large to add up",
            );
        }
        let share = form.routing.exploration_share;
        if !(0.0..=0.2).contains(&share) {
            let reason = format!("{share} is out of range: it must be 0 to 0.2");
            self.fault(&routing.key("exploration_share"), reason);
        }
        self.scale(&routing.key("cost_scale_usd"), form.routing.cost_scale_usd);
        let latency = form.routing.latency_scale_seconds;
        self.scale(&routing.key("latency_scale_seconds"), latency);
        let known: Vec<String> = names.iter().cloned().collect();
        for (name, others) in &form.routing.fallbacks {
            let path = routing.key("fallbacks").key(name);
            if !names.contains(name) {
                self.fault(&path, models::no_model(name, &known));
            }
            for (index, other) in others.iter().enumerate() {
                if !names.contains(other) {
                    self.fault(&path.index(index), models::no_model(other, &known));
                } else if other == name {
                    self.fault(&path.index(index), "a model is no fallback for itself");
                }
            }
        }
    }

    fn scale(&mut self, path: &Path, scale: Scale) {
        let Scale { low, high } = scale;
        if !(low > 0.0 && low < high && high.is_finite()) {
            let reason = format!("low {low} and high {high} must be 0 < low < high");
            self.fault(path, reason);
        }
    }

    fn rest(&mut self, form: &SettingsForm) {
        if let Err(fault) = telemetry::check_filter(&form.telemetry.log_filter) {
            self.fault(&Path::dotted("telemetry.log_filter"), fault);
        }
        let semantic = &form.cache.semantic;
        let shares = [
            ("cache.semantic.min_confidence", semantic.min_confidence),
            ("cache.semantic.max_wrong_share", semantic.max_wrong_share),
        ];
        for (path, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                self.fault(&Path::dotted(path), format!("{share} is not within 0 to 1"));
            }
        }
        let daily = form.background.daily_usd;
        if daily != 0.0 && gateway::daily_budget(daily).is_none() {
            let reason = format!("{daily} is no amount of US dollars, 0 or more");
            self.fault(&Path::dotted("background.daily_usd"), reason);
        }
        let version = &form.providers.anthropic_version;
        let is_date = version.parse::<jiff::civil::Date>().is_ok();
        if !is_date || version.len() != 10 || HeaderValue::from_str(version).is_err() {
            let path = Path::dotted("providers.anthropic_version");
            self.fault(&path, "must be a date, as in 2023-06-01");
        }
    }
}
