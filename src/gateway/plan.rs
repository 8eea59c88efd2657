//! Whom to ask next, given who has failed.

use std::collections::VecDeque;

use crate::domain::{Candidate, Catalogue, ProviderErrorKind, Target};

/// The targets that are left to try, in order.
#[derive(Debug)]
pub(super) struct Plan {
    queue: VecDeque<Candidate>,
}

impl Plan {
    pub(super) fn new(candidates: impl IntoIterator<Item = Candidate>) -> Self {
        Self {
            queue: candidates.into_iter().collect(),
        }
    }

    pub(super) fn next(&mut self) -> Option<Candidate> {
        self.queue.pop_front()
    }

    pub(super) fn has_another(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Draws the conclusions from a failure of `failed`.
    ///
    /// A key that is refused, money that is gone and a host that cannot be
    /// reached are so for every model of the vendor, which is dropped: a
    /// vendor that is down costs one attempt. After other faults of the
    /// vendor its models come last. A model that is gone, or too small, is
    /// dropped at every effort.
    pub(super) fn learn(
        &mut self,
        failed: &Target,
        kind: ProviderErrorKind,
        catalogue: &Catalogue,
    ) {
        use ProviderErrorKind as Kind;
        let same_model =
            |next: &Target| next.provider == failed.provider && next.model == failed.model;
        match kind {
            Kind::Transport | Kind::Unauthorized | Kind::QuotaExhausted => {
                self.queue
                    .retain(|next| next.target.provider != failed.provider);
            }
            Kind::ModelUnavailable | Kind::TooLargeForPlan => {
                self.queue.retain(|next| !same_model(&next.target));
            }
            Kind::ContextLength => {
                let window = |target: &Target| {
                    let spec = catalogue.spec(&target.provider, &target.model);
                    spec.map_or(0, |spec| spec.context_window)
                };
                let too_small = window(failed);
                self.queue.retain(|next| window(&next.target) > too_small);
            }
            _ if kind.concerns_whole_provider() => {
                let (last, first): (Vec<_>, Vec<_>) = self
                    .queue
                    .drain(..)
                    .partition(|next| next.target.provider == failed.provider);
                self.queue.extend(first);
                self.queue.extend(last);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{ModelId, ProviderName};

    fn plan(names: &[&str]) -> Plan {
        Plan::new(names.iter().map(|name| candidate(name)))
    }

    fn candidate(name: &str) -> Candidate {
        Candidate {
            target: target(name),
            utility: 0.0,
            quality: 0.0,
            cost: None,
            latency: Duration::ZERO,
            reliability: 0.0,
            filtered_by: None,
        }
    }

    fn target(name: &str) -> Target {
        let (provider, model) = name.split_once('/').unwrap();
        Target {
            provider: ProviderName::new(provider),
            model: ModelId::new(model),
            effort: None,
        }
    }

    fn rest(mut plan: Plan) -> Vec<String> {
        std::iter::from_fn(|| plan.next())
            .map(|next| next.target.to_string())
            .collect()
    }

    #[test]
    fn a_vendor_that_cannot_be_reached_is_not_asked_again() {
        let mut plan = plan(&["a/1", "b/2", "a/3"]);

        plan.learn(
            &target("a/0"),
            ProviderErrorKind::Transport,
            &Catalogue::default(),
        );

        assert_eq!(rest(plan), ["b/2"]);
    }

    #[test]
    fn a_vendor_that_failed_comes_last() {
        let mut plan = plan(&["a/1", "b/2", "a/3", "c/4"]);

        plan.learn(
            &target("a/0"),
            ProviderErrorKind::Server,
            &Catalogue::default(),
        );

        assert_eq!(rest(plan), ["b/2", "c/4", "a/1", "a/3"]);
    }

    #[test]
    fn a_model_that_is_gone_leaves_the_vendors_other_models() {
        let mut plan = plan(&["a/1", "a/0", "b/2"]);

        plan.learn(
            &target("a/0"),
            ProviderErrorKind::ModelUnavailable,
            &Catalogue::default(),
        );

        assert_eq!(rest(plan), ["a/1", "b/2"]);
    }
}
