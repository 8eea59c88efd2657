//! Answers against a model of them.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use ai_gateway::domain::{
    CacheKey, CacheScope, Caller, NearestSearch, StoredAnswer, StoredVector, VectorSpace,
};
use ai_gateway::stores::Store;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::answers::walk;
use super::nearest::{assert_nearest, unit};
use crate::book::now;
use crate::place::{HandClock, Place};

const OWNERS: [&str; 3] = ["alice", "bob", "carol"];

/// What may be done. Few keys and times, so that it comes to collisions.
#[derive(Clone, Debug)]
enum Step {
    Put(StoredAnswer),
    Evict(CacheScope, CacheKey),
    EvictOwner(&'static str),
    Tidy,
    Wait(u64),
}

fn scope() -> impl Strategy<Value = CacheScope> {
    (0..2_u8).prop_map(|byte| CacheScope([byte; 32]))
}

fn key() -> impl Strategy<Value = CacheKey> {
    (0..6_u8).prop_map(|byte| CacheKey([byte; 32]))
}

fn vector() -> impl Strategy<Value = StoredVector> {
    let values = vec(-1.0_f32..1.0, 8).prop_map(unit);
    (0..2_u8, values).prop_map(|(space, values)| StoredVector {
        space: VectorSpace([space; 32]),
        values,
    })
}

fn stored() -> impl Strategy<Value = StoredAnswer> {
    let alias_of = prop_oneof![2 => Just(None), 1 => key().prop_map(Some)];
    (
        (scope(), key(), alias_of, prop::sample::select(&OWNERS[..])),
        (0..5_u64, prop_oneof![Just(9), 1..20_u64]),
        (vec(any::<u8>(), 0..40), prop::option::of(vector())),
    )
        .prop_map(
            |((scope, key, alias_of, owner), (age, lasts), (body, vector))| StoredAnswer {
                scope,
                key,
                alias_of,
                owner: Caller::new(owner),
                body,
                vector,
                stored_at: now() - Duration::from_secs(age),
                expires_at: now() + Duration::from_secs(lasts),
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => stored().prop_map(Step::Put),
        3 => (scope(), key()).prop_map(|(scope, key)| Step::Evict(scope, key)),
        1 => prop::sample::select(&OWNERS[..]).prop_map(Step::EvictOwner),
        1 => Just(Step::Tidy),
        2 => (1..3_u64).prop_map(Step::Wait),
    ]
}

/// Answers as a map.
#[derive(Default)]
struct Model {
    entries: HashMap<(CacheScope, CacheKey), StoredAnswer>,
    now: Timestamp,
}

impl Model {
    fn take(&mut self, step: &Step) {
        match step {
            Step::Put(answer) => self.put(answer.clone()),
            Step::Evict(scope, key) => self.remove(*scope, *key),
            Step::EvictOwner(owner) => {
                let owner = Caller::new(*owner);
                self.remove_those(|answer| answer.owner == owner);
            }
            Step::Tidy => {
                let now = self.now;
                self.remove_those(|answer| answer.expires_at < now);
            }
            Step::Wait(seconds) => self.now += Duration::from_secs(*seconds),
        }
    }

    fn put(&mut self, mut answer: StoredAnswer) {
        let place = (answer.scope, answer.key);
        let older = self.entries.get(&place);
        let what = |answer: &StoredAnswer| (answer.stored_at, answer.expires_at, answer.alias_of);
        match older.filter(|older| what(older) == what(&answer)) {
            Some(same) => answer.vector = answer.vector.or_else(|| same.vector.clone()),
            None => self.remove(answer.scope, answer.key),
        }
        let entry = |key| self.entries.contains_key(&(answer.scope, key));
        if answer.alias_of.is_none_or(entry) {
            self.entries.insert(place, answer);
        }
    }

    fn remove_those(&mut self, is_meant: impl Fn(&StoredAnswer) -> bool) {
        let meant = self.entries.values().filter(|answer| is_meant(answer));
        let meant: Vec<_> = meant.map(|answer| (answer.scope, answer.key)).collect();
        for (scope, key) in meant {
            self.remove(scope, key);
        }
    }

    /// Removes an entry, its aliases and theirs.
    fn remove(&mut self, scope: CacheScope, key: CacheKey) {
        if self.entries.remove(&(scope, key)).is_some() {
            let of_it =
                |answer: &StoredAnswer| answer.scope == scope && answer.alias_of == Some(key);
            self.remove_those(of_it);
        }
    }

    fn find(&self, scope: CacheScope, key: CacheKey) -> Option<StoredAnswer> {
        let entry = self.entries.get(&(scope, key))?;
        (entry.expires_at > self.now).then(|| StoredAnswer {
            vector: None,
            ..entry.clone()
        })
    }

    fn walk(&self, search: NearestSearch) -> Vec<StoredAnswer> {
        let fresh = |answer: &&StoredAnswer| answer.expires_at > self.now;
        let mut all: Vec<_> = self.entries.values().filter(fresh).cloned().collect();
        all.sort_by_key(|answer| Reverse((answer.stored_at, answer.scope, answer.key)));
        if search == NearestSearch::Missing {
            all.iter_mut().for_each(|answer| answer.vector = None);
        }
        all
    }
}

pub(crate) async fn whatever_is_done_to_answers_they_are_as_in_a_map<P: Place>() {
    let place = P::new().await;
    let clock = HandClock::at(now());
    let store = place.open(clock.clone()).await;
    let mut runner = TestRunner::deterministic();
    for _ in 0..40 {
        for owner in OWNERS {
            store.evict_owner(&Caller::new(owner)).await.unwrap();
        }
        clock.set(now());
        let mut model = Model {
            now: now(),
            ..Model::default()
        };
        let steps = vec(step(), 1..40).new_tree(&mut runner).unwrap().current();
        for (number, step) in steps.iter().enumerate() {
            take(&*store, &clock, step).await;
            model.take(step);
            if let Step::Put(StoredAnswer { scope, key, .. }) | Step::Evict(scope, key) = step {
                let found = store.find(*scope, *key, model.now).await.unwrap();
                assert_eq!(found, model.find(*scope, *key), "{:#?}", &steps[..=number]);
            }
        }
        let wanted = model.walk(P::SEARCH);
        for page in [1, 3, 100] {
            let walked = walk(&*store, page, model.now).await;
            assert_eq!(walked, wanted, "{steps:#?}");
        }
        if P::SEARCH == NearestSearch::Shared {
            let query = vector().new_tree(&mut runner).unwrap().current();
            assert_nearest(&*store, &wanted, &query, -1.0, model.now).await;
        }
    }
}

async fn take(store: &dyn Store, clock: &HandClock, step: &Step) {
    match step {
        Step::Put(answer) => store.put(answer).await.unwrap(),
        Step::Evict(scope, key) => store.evict(*scope, *key).await.unwrap(),
        Step::EvictOwner(owner) => store.evict_owner(&Caller::new(*owner)).await.unwrap(),
        Step::Tidy => store.tidy().await.unwrap(),
        Step::Wait(seconds) => clock.advance(Duration::from_secs(*seconds)),
    }
}
