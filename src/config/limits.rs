//! The sections `limits` and `callers`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::models::{self, Models};
use super::path::Path;
use crate::domain::{BudgetWindow, Caller, NanoUsd};
use crate::gateway;
use crate::limit::{CallerRules, Policy, Rules};

/// The section `limits`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsForm {
    /// Whether limits shrink towards a vendor that throttles.
    adaptive: bool,
    /// Whether `auto` turns to cheaper models where money goes too fast.
    pacing: bool,
    /// For callers, where they say nothing else.
    default: RulesForm,
    /// For all callers together.
    global: RulesForm,
    /// For callers that name the group, together.
    groups: BTreeMap<String, RulesForm>,
}

impl Default for LimitsForm {
    fn default() -> Self {
        Self {
            adaptive: true,
            pacing: true,
            default: RulesForm::default(),
            global: RulesForm::default(),
            groups: BTreeMap::new(),
        }
    }
}

/// What may be used, and in the section `callers` what a caller is besides.
/// One form, for two with a common part would be flattened, and such a form
/// cannot refuse unknown keys. Numbers are read as `f64`, so that a negative
/// one gets a reason of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RulesForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    burst: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_minute: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_window: Option<BudgetWindow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    budgets: Vec<BudgetForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<String>>,
    /// Of callers alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Of callers alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<bool>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetForm {
    usd: f64,
    window: BudgetWindow,
}

/// Makes the policy, and lists what is wrong with the sections. Tokens name
/// callers as their issuers like, keys as we do.
pub(super) fn read(
    limits: &LimitsForm,
    callers: &BTreeMap<String, RulesForm>,
    models: &Models,
    takes_tokens: bool,
) -> (Policy, Vec<(Path, String)>) {
    let mut reader = Reader {
        models,
        faults: Vec::new(),
    };
    let root = Path::dotted("limits");
    let mut policy = Policy {
        default: reader.common_rules(&limits.default, &root.key("default")),
        global: reader.common_rules(&limits.global, &root.key("global")),
        is_adaptive: limits.adaptive,
        is_paced: limits.pacing,
        ..Policy::default()
    };
    for (name, group) in &limits.groups {
        let path = root.key("groups").key(name);
        let rules = reader.common_rules(group, &path);
        policy.groups.insert(Arc::from(name.as_str()), rules);
    }
    for (name, caller) in callers {
        let path = Path::dotted("callers").key(name);
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
        let is_tokens_name = (1..=256).contains(&name.len())
            && name.chars().all(is_plain)
            && !Caller::is_reserved(name);
        let may_call = Caller::is_name(name) || (takes_tokens && is_tokens_name);
        if !may_call {
            let reason = if takes_tokens {
                "a caller's name has 1 to 256 bytes, no blanks and no \"gateway:\" first"
            } else {
                "a caller's name has 1 to 64 of a-z 0-9 . _ @ -, a letter or digit first"
            };
            reader.fault(path.clone(), reason);
        }
        if let Some(group) = &caller.group
            && !limits.groups.contains_key(group)
        {
            let reason = format!("there is no group {group:?} under limits.groups");
            reader.fault(path.key("group"), reason);
        }
        let rules = CallerRules {
            rules: reader.rules(caller, &path),
            group: caller.group.as_deref().map(Arc::from),
            is_admin: caller.admin == Some(true),
        };
        policy.callers.insert(name.clone(), rules);
    }
    (policy, reader.faults)
}

/// Holds what the gateway asks by itself to `daily_usd` a day.
pub(super) fn add_background(policy: &mut Policy, daily_usd: f64) {
    let budget = gateway::daily_budget(daily_usd).unwrap_or(NanoUsd::ZERO);
    let rules = Rules {
        budgets: vec![(budget, BudgetWindow::Day)],
        ..Rules::default()
    };
    let rules = CallerRules {
        rules,
        ..CallerRules::default()
    };
    policy.callers.insert(gateway::BACKGROUND.to_owned(), rules);
}

struct Reader<'a> {
    models: &'a Models,
    faults: Vec<(Path, String)>,
}

impl Reader<'_> {
    fn fault(&mut self, path: Path, reason: impl Into<String>) {
        self.faults.push((path, reason.into()));
    }

    /// Reads rules that more than one caller is held to.
    fn common_rules(&mut self, form: &RulesForm, path: &Path) -> Rules {
        for (key, is_there) in [
            ("group", form.group.is_some()),
            ("admin", form.admin.is_some()),
        ] {
            if is_there {
                self.fault(path.key(key), "belongs to an entry of callers");
            }
        }
        self.rules(form, path)
    }

    fn rules(&mut self, form: &RulesForm, path: &Path) -> Rules {
        if form.burst.is_some() && form.requests_per_minute.is_none() {
            let reason = "has no meaning without requests_per_minute";
            self.fault(path.key("burst"), reason);
        }
        if form.budget_window.is_some() && form.budget_usd.is_none() {
            let reason = "has no meaning without budget_usd";
            self.fault(path.key("budget_window"), reason);
        }
        if form.budget_usd.is_some() && !form.budgets.is_empty() {
            let reason = "says the same as budgets does; name all of them there";
            self.fault(path.key("budget_usd"), reason);
        }
        Rules {
            requests_per_minute: self.count(form.requests_per_minute, path, "requests_per_minute"),
            burst: self.count(form.burst, path, "burst"),
            tokens_per_minute: self.count(form.tokens_per_minute, path, "tokens_per_minute"),
            max_concurrent: self.count(form.max_concurrent, path, "max_concurrent"),
            budgets: self.budgets(form, path),
            models: form
                .models
                .as_ref()
                .map(|names| self.models(names, &path.key("models"))),
        }
    }

    fn count(&mut self, count: Option<f64>, path: &Path, key: &str) -> Option<u64> {
        let count = count?;
        if !(1.0..=1e9).contains(&count) || count.fract() != 0.0 {
            let reason = "must be a whole number, 1 to 1000000000";
            self.fault(path.key(key), reason);
            return None;
        }
        Some(count as u64)
    }

    fn budgets(&mut self, form: &RulesForm, path: &Path) -> Vec<(NanoUsd, BudgetWindow)> {
        let scalar = form.budget_usd.map(|usd| {
            let window = form.budget_window.unwrap_or(BudgetWindow::Month);
            (path.key("budget_usd"), usd, window)
        });
        let listed = form.budgets.iter().enumerate().map(|(index, budget)| {
            let place = path.key("budgets").index(index).key("usd");
            (place, budget.usd, budget.window)
        });
        let mut budgets: Vec<(NanoUsd, BudgetWindow)> = Vec::new();
        for (place, usd, window) in scalar.into_iter().chain(listed) {
            let Some(cap) = NanoUsd::try_from_usd(usd) else {
                self.fault(place, "must be an amount of US dollars, 0 or more");
                continue;
            };
            if budgets.iter().any(|(_, known)| *known == window) {
                let reason = format!("there is another budget per {}", window.as_str());
                self.fault(place, reason);
                continue;
            }
            budgets.push((cap, window));
        }
        budgets
    }

    /// Returns canonical names, and `provider/*` as it stands.
    fn models(&mut self, names: &[String], path: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let known = self.canonical(name);
            if known.is_empty() {
                let all: Vec<String> = self.models.names.iter().cloned().collect();
                self.fault(path.index(index), models::no_model(name, &all));
            }
            found.extend(known);
        }
        found
    }

    fn canonical(&self, name: &str) -> Vec<String> {
        let specs = &self.models.specs;
        let is_whole_provider = name
            .strip_suffix("/*")
            .is_some_and(|provider| crate::domain::ProviderName::KNOWN.contains(&provider));
        if name == "*" || is_whole_provider || self.models.names.contains(name) {
            return vec![name.to_owned()];
        }
        let by_id = specs.iter().filter(|spec| spec.id.as_str() == name);
        let by_id: Vec<String> = by_id.map(|spec| spec.canonical()).collect();
        if !by_id.is_empty() {
            return by_id;
        }
        self.models.aliases.get(name).cloned().into_iter().collect()
    }
}
