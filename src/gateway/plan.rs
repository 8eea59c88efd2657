//! Whom to ask next, given who has failed.

use std::collections::VecDeque;

use crate::domain::{Candidate, Catalogue, ProviderErrorKind, Target};

/// The targets that are left to try, in order, as places in the list of
/// candidates.
#[derive(Debug)]
pub(super) struct Plan {
    queue: VecDeque<usize>,
}

impl Plan {
    pub(super) fn new(places: impl IntoIterator<Item = usize>) -> Self {
        Self {
            queue: places.into_iter().collect(),
        }
    }

    /// Takes the next candidate off the plan.
    pub(super) fn next<'a>(&mut self, candidates: &'a [Candidate]) -> Option<&'a Candidate> {
        candidates.get(self.queue.pop_front()?)
    }

    /// Finds the place of the first candidate like that.
    pub(super) fn find(
        &self,
        candidates: &[Candidate],
        mut is_meant: impl FnMut(&Candidate) -> bool,
    ) -> Option<usize> {
        let mut places = self.queue.iter().copied();
        places.find(|place| candidates.get(*place).is_some_and(&mut is_meant))
    }

    /// Takes a candidate off the plan.
    pub(super) fn remove(&mut self, place: usize) {
        self.queue.retain(|next| *next != place);
    }

    /// Drops candidates that are not wanted.
    pub(super) fn retain(
        &mut self,
        candidates: &[Candidate],
        is_wanted: impl Fn(&Candidate) -> bool,
    ) {
        self.queue
            .retain(|place| candidates.get(*place).is_some_and(&is_wanted));
    }

    /// Returns the place of the candidate with the least bound.
    pub(super) fn cheapest<T: Ord>(
        &self,
        candidates: &[Candidate],
        bound: impl Fn(&Candidate) -> Option<T>,
    ) -> Option<usize> {
        let places = self.queue.iter().copied();
        let bounds = places.filter_map(|place| Some((bound(candidates.get(place)?)?, place)));
        bounds.min().map(|(_, place)| place)
    }

    /// Puts a candidate at the end.
    pub(super) fn put(&mut self, place: usize) {
        self.queue.push_back(place);
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
        candidates: &[Candidate],
        catalogue: &Catalogue,
    ) {
        use ProviderErrorKind as Kind;
        let target = |place: &usize| candidates.get(*place).map(|next| &next.target);
        let same_provider =
            |place: &usize| target(place).is_some_and(|next| next.provider == failed.provider);
        let same_model = |place: &usize| {
            same_provider(place) && target(place).is_some_and(|next| next.model == failed.model)
        };
        match kind {
            Kind::Transport | Kind::Unauthorized | Kind::QuotaExhausted => {
                self.queue.retain(|next| !same_provider(next));
            }
            Kind::ModelUnavailable | Kind::TooLargeForPlan => {
                self.queue.retain(|next| !same_model(next));
            }
            Kind::ContextLength => {
                let window = |target: &Target| {
                    let spec = catalogue.spec(&target.provider, &target.model);
                    spec.map_or(0, |spec| spec.context_window)
                };
                let too_small = window(failed);
                self.queue
                    .retain(|next| target(next).map_or(0, window) > too_small);
            }
            _ if kind.concerns_whole_provider() => {
                // The sort is stable: the order within each half stays.
                self.queue.make_contiguous().sort_by_key(same_provider);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ModelId, ProviderName};

    fn candidate(name: &str) -> Candidate {
        Candidate::unknown(target(name))
    }

    fn target(name: &str) -> Target {
        let (provider, model) = name.split_once('/').unwrap();
        Target {
            provider: ProviderName::new(provider),
            model: ModelId::new(model),
            effort: None,
        }
    }

    /// Returns what is left to try when `a/0` has failed like that.
    fn rest(names: &[&str], kind: ProviderErrorKind) -> Vec<String> {
        let candidates: Vec<Candidate> = names.iter().map(|name| candidate(name)).collect();
        let mut plan = Plan::new(0..candidates.len());
        plan.learn(&target("a/0"), kind, &candidates, &Catalogue::default());
        std::iter::from_fn(|| plan.next(&candidates))
            .map(|next| next.target.to_string())
            .collect()
    }

    #[test]
    fn a_vendor_that_cannot_be_reached_is_not_asked_again() {
        let rest = rest(&["a/1", "b/2", "a/3"], ProviderErrorKind::Transport);

        assert_eq!(rest, ["b/2"]);
    }

    #[test]
    fn a_vendor_that_failed_comes_last() {
        let rest = rest(&["a/1", "b/2", "a/3", "c/4"], ProviderErrorKind::Server);

        assert_eq!(rest, ["b/2", "c/4", "a/1", "a/3"]);
    }

    #[test]
    fn a_model_that_is_gone_leaves_the_vendors_other_models() {
        let rest = rest(&["a/1", "a/0", "b/2"], ProviderErrorKind::ModelUnavailable);

        assert_eq!(rest, ["a/1", "b/2"]);
    }

    #[test]
    fn a_conversation_that_did_not_fit_goes_to_larger_windows_only() {
        // None of these is in the catalogue, so all windows are equal.
        let rest = rest(&["a/1", "b/2"], ProviderErrorKind::ContextLength);

        assert_eq!(rest, [""; 0]);
    }
}
