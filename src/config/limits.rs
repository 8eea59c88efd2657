//! The sections `limits` and `callers`, which this version reads, checks and
//! then refuses: a limit that is not enforced must not look as if it were.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::path::Path;
use crate::domain::NanoUsd;

/// The section `limits`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsForm {
    /// For callers that have no entry of their own.
    default: CallerForm,
    /// For all callers together.
    global: CallerForm,
    /// For callers that name the group, together.
    groups: BTreeMap<String, CallerForm>,
}

/// What one caller may spend. Numbers are read as `f64`, so that a negative
/// one gets a reason of its own.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CallerForm {
    requests_per_minute: Option<f64>,
    burst: Option<f64>,
    tokens_per_minute: Option<f64>,
    max_concurrent: Option<f64>,
    budget_usd: Option<f64>,
    budget_window: Option<Window>,
    budgets: Vec<BudgetForm>,
    models: Option<Vec<String>>,
    group: Option<String>,
    admin: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetForm {
    usd: f64,
    window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Window {
    Hour,
    Day,
    Month,
    Total,
}

/// Lists what is wrong with the sections, and then that they cannot be kept.
pub(super) fn check(
    limits: &LimitsForm,
    callers: &BTreeMap<String, CallerForm>,
) -> Vec<(Path, String)> {
    let root = Path::dotted("limits");
    let mut faults = limits.default.check(&root.key("default"));
    faults.extend(limits.global.check(&root.key("global")));
    for (name, group) in &limits.groups {
        faults.extend(group.check(&root.key("groups").key(name)));
    }
    for (name, caller) in callers {
        let path = Path::dotted("callers").key(name);
        if !is_caller_name(name) {
            let reason = "a caller's name has 1 to 64 of a-z 0-9 . _ @ -, a letter or digit first";
            faults.push((path.clone(), reason.to_owned()));
        }
        if let Some(group) = &caller.group
            && !limits.groups.contains_key(group)
        {
            let reason = format!("there is no group {group:?} under limits.groups");
            faults.push((path.key("group"), reason));
        }
        faults.extend(caller.check(&path));
    }
    faults
}

fn is_caller_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 64
        && name.starts_with(is_plain)
        && name.chars().all(|c| is_plain(c) || "._@-".contains(c))
}

impl CallerForm {
    fn check(&self, path: &Path) -> Vec<(Path, String)> {
        let mut faults = Vec::new();
        let counts = [
            ("requests_per_minute", self.requests_per_minute),
            ("burst", self.burst),
            ("tokens_per_minute", self.tokens_per_minute),
            ("max_concurrent", self.max_concurrent),
        ];
        for (key, count) in counts {
            if count.is_some_and(|count| count < 1.0 || count.fract() != 0.0 || count > 1e15) {
                let reason = "must be a whole number, 1 or more".to_owned();
                faults.push((path.key(key), reason));
            }
        }
        if self.burst.is_some() && self.requests_per_minute.is_none() {
            let reason = "has no meaning without requests_per_minute".to_owned();
            faults.push((path.key("burst"), reason));
        }
        if self.budget_window.is_some() && self.budget_usd.is_none() {
            let reason = "has no meaning without budget_usd".to_owned();
            faults.push((path.key("budget_window"), reason));
        }
        let budgets = (0..).zip(&self.budgets).map(|(index, budget)| {
            let place = path.key("budgets").index(index).key("usd");
            (place, budget.usd)
        });
        let scalar = self.budget_usd.map(|usd| (path.key("budget_usd"), usd));
        for (place, usd) in scalar.into_iter().chain(budgets) {
            if NanoUsd::try_from_usd(usd).is_none() {
                let reason = "must be an amount of US dollars, 0 or more".to_owned();
                faults.push((place, reason));
            }
        }
        let set = self.set();
        if !set.is_empty() {
            let keys = set.join(", ");
            let reason = format!(
                "this version does not enforce limits, and the gateway does not pretend to: \
                 remove {keys}"
            );
            faults.push((path.clone(), reason));
        }
        faults
    }

    /// Lists the keys that say something.
    fn set(&self) -> Vec<&'static str> {
        let keys = [
            ("requests_per_minute", self.requests_per_minute.is_some()),
            ("burst", self.burst.is_some()),
            ("tokens_per_minute", self.tokens_per_minute.is_some()),
            ("max_concurrent", self.max_concurrent.is_some()),
            ("budget_usd", self.budget_usd.is_some()),
            ("budget_window", self.budget_window.is_some()),
            ("budgets", !self.budgets.is_empty()),
            ("models", self.models.is_some()),
            ("group", self.group.is_some()),
            ("admin", self.admin.is_some()),
        ];
        keys.into_iter()
            .filter_map(|(key, is_set)| is_set.then_some(key))
            .collect()
    }
}
