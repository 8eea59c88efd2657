//! What the operator allows to whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{Budget, BudgetWindow, Caller, LimitScope, ModelSpec, NanoUsd};

/// Limits of one caller, of a group, or of all. What is `None` or empty does
/// not limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Calls per minute, 1 or more.
    pub requests_per_minute: Option<u64>,
    /// The most calls at once; as many as per minute if `None`.
    pub burst: Option<u64>,
    /// Input and output tokens per minute, 1 or more.
    pub tokens_per_minute: Option<u64>,
    /// Calls in flight in this process, 1 or more.
    pub max_concurrent: Option<u64>,
    /// Amounts per period, all of which must hold.
    pub budgets: Vec<(NanoUsd, BudgetWindow)>,
    /// Models as `provider/id`, or `provider/*`; `None` allows all.
    pub models: Option<Vec<String>>,
}

/// What is said of one caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallerRules {
    /// Its own limits. What they leave open, the default says.
    pub rules: Rules,
    /// The group that it belongs to.
    pub group: Option<Arc<str>>,
    /// Whether it sees what everybody does.
    pub is_admin: bool,
}

/// All limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// For callers, where they say nothing else.
    pub default: Rules,
    /// For all callers together.
    pub global: Rules,
    /// For groups.
    pub groups: BTreeMap<Arc<str>, Rules>,
    /// For callers.
    pub callers: BTreeMap<String, CallerRules>,
    /// Whether limits shrink towards a vendor that throttles.
    pub is_adaptive: bool,
    /// Whether routing turns to cheaper models where money goes faster than
    /// its period.
    pub is_paced: bool,
}

/// Which models a caller may use.
#[derive(Debug)]
pub struct Permit(Terms);

/// What holds for one caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Terms {
    /// The limits with whose they are: the caller's own, the group's, all's.
    pub(super) scopes: Vec<(LimitScope, Rules)>,
    pub(super) group: Option<Arc<str>>,
    pub(super) is_admin: bool,
}

impl Rules {
    fn limits_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Takes from `default` what is left open.
    fn or(&self, default: &Self) -> Self {
        let own = self.clone();
        Self {
            requests_per_minute: own.requests_per_minute.or(default.requests_per_minute),
            // A burst belongs to the rate that it stands beside.
            burst: match own.requests_per_minute {
                Some(_) => own.burst,
                None => default.burst,
            },
            tokens_per_minute: own.tokens_per_minute.or(default.tokens_per_minute),
            max_concurrent: own.max_concurrent.or(default.max_concurrent),
            budgets: if own.budgets.is_empty() {
                default.budgets.clone()
            } else {
                own.budgets
            },
            models: own.models.or_else(|| default.models.clone()),
        }
    }

    fn allows(&self, spec: &ModelSpec) -> bool {
        let Some(models) = &self.models else {
            return true;
        };
        let name = spec.canonical();
        models.iter().any(|allowed| {
            allowed == "*"
                || *allowed == name
                || allowed.strip_suffix("/*") == Some(spec.provider.as_str())
        })
    }
}

impl Policy {
    /// Returns what holds for `caller`.
    pub(super) fn terms(&self, caller: &Caller) -> Terms {
        let said = self.callers.get(caller.as_str());
        let own = match said {
            Some(said) => said.rules.or(&self.default),
            None => self.default.clone(),
        };
        let group = said.and_then(|said| said.group.clone());
        let of_group = group.as_ref().and_then(|name| {
            let rules = self.groups.get(name)?.clone();
            Some((LimitScope::Group(Arc::clone(name)), rules))
        });
        let scopes = [
            Some((LimitScope::Caller(caller.clone()), own)),
            of_group,
            Some((LimitScope::Global, self.global.clone())),
        ];
        let scopes = scopes.into_iter().flatten();
        Terms {
            scopes: scopes
                .filter(|(_, rules)| !rules.limits_nothing())
                .collect(),
            group,
            is_admin: said.is_some_and(|said| said.is_admin),
        }
    }
}

impl Permit {
    pub(super) const fn of(terms: Terms) -> Self {
        Self(terms)
    }

    /// Tells whether the caller may use a model.
    pub fn allows(&self, spec: &ModelSpec) -> bool {
        self.0.allow(spec)
    }
}

impl Terms {
    /// Tells whether the caller may use a model.
    pub(super) fn allow(&self, spec: &ModelSpec) -> bool {
        self.scopes.iter().all(|(_, rules)| rules.allows(spec))
    }

    /// Lists the budgets, in the order of their scopes.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        let mut budgets: Vec<Budget> = self
            .scopes
            .iter()
            .flat_map(|(scope, rules)| {
                rules.budgets.iter().map(|(cap, window)| Budget {
                    scope: scope.clone(),
                    window: *window,
                    cap: *cap,
                })
            })
            .collect();
        budgets.sort_by(|a, b| (&a.scope, a.window).cmp(&(&b.scope, b.window)));
        budgets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_keeps_the_defaults_that_it_does_not_replace() {
        let policy = Policy {
            default: Rules {
                requests_per_minute: Some(600),
                burst: Some(10),
                budgets: vec![(NanoUsd::new(5), BudgetWindow::Day)],
                ..Rules::default()
            },
            callers: BTreeMap::from([(
                "alice".to_owned(),
                CallerRules {
                    rules: Rules {
                        requests_per_minute: Some(60),
                        ..Rules::default()
                    },
                    ..CallerRules::default()
                },
            )]),
            ..Policy::default()
        };

        let terms = policy.terms(&Caller::new("alice"));

        let [(scope, rules)] = &terms.scopes[..] else {
            panic!("one scope")
        };
        assert_eq!(scope.to_string(), "caller:alice");
        assert_eq!(rules.requests_per_minute, Some(60));
        assert_eq!(rules.burst, None);
        assert_eq!(rules.budgets.len(), 1);
        assert_eq!(
            policy.terms(&Caller::new("bob")).scopes[0].1.burst,
            Some(10)
        );
    }

    #[test]
    fn nothing_limits_whom_nobody_limits() {
        assert_eq!(Policy::default().terms(&Caller::new("x")), Terms::default());
    }
}
