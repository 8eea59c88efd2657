//! Similar questions, where a store looks for them.

use ai_gateway::domain::{
    CacheKey, NearestQuery, NearestSearch, StoredAnswer, StoredVector, VectorSpace,
};
use ai_gateway::stores::Store;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::answers::{answer, walk};
use crate::book::{hours, now};
use crate::place::{HandClock, Place};

/// How far the cosines of two ways to add up may be apart.
const SLACK: f32 = 1e-5;

/// Gives a vector unit norm.
pub(crate) fn unit(mut values: Vec<f32>) -> Vec<f32> {
    values[0] += 1e-3;
    let norm = dot(&values, &values).sqrt();
    values.iter_mut().for_each(|value| *value /= norm);
    values
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// Asserts that a store finds what a look at all of `stored` finds.
pub(crate) async fn assert_nearest(
    store: &dyn Store,
    stored: &[StoredAnswer],
    query: &StoredVector,
    floor: f32,
    now: Timestamp,
) {
    let candidates = stored.iter().filter(|answer| answer.expires_at > now);
    let mut cosines: Vec<f32> = candidates
        .filter_map(|answer| answer.vector.as_ref())
        .filter(|vector| vector.space == query.space && vector.values.len() == query.values.len())
        .map(|vector| dot(&vector.values, &query.values))
        .filter(|cosine| *cosine >= floor)
        .collect();
    cosines.sort_by(|one, other| other.total_cmp(one));
    cosines.truncate(5);

    let nearest = NearestQuery {
        space: query.space,
        vector: &query.values,
        floor,
        limit: 5,
        now,
    };
    let found = store.nearest(nearest).await.unwrap();

    assert_eq!(found.len(), cosines.len());
    for ((answer, cosine), wanted) in found.iter().zip(&cosines) {
        assert!((cosine - wanted).abs() < SLACK, "{cosine} {wanted}");
        let known = stored
            .iter()
            .find(|known| (known.scope, known.key) == (answer.scope, answer.key));
        let known = known.unwrap();
        let vector = known.vector.as_ref().unwrap();
        assert_eq!(vector.space, query.space);
        assert!((dot(&vector.values, &query.values) - cosine).abs() < SLACK);
        let without = StoredAnswer {
            vector: None,
            ..known.clone()
        };
        assert_eq!(*answer, without);
    }
}

/// Draws unit vectors, the same ones each time.
fn drawn(runner: &mut TestRunner, length: usize) -> Vec<f32> {
    let values = vec(-1.0_f32..1.0, length).prop_map(unit);
    values.new_tree(runner).unwrap().current()
}

pub(crate) async fn the_nearest_are_found_exactly_and_within_their_space<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    assert_eq!(store.nearest_search(), P::SEARCH);
    let mut runner = TestRunner::deterministic();
    let mut stored = Vec::new();
    for number in 0..400_u16 {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        let space = VectorSpace([(number % 3) as u8; 32]);
        stored.push(StoredAnswer {
            key: CacheKey(key),
            vector: Some(StoredVector {
                space,
                values: drawn(&mut runner, 384),
            }),
            expires_at: now() + hours(1 + u64::from(number % 2)),
            ..answer((number % 3) as u8, 0, "body")
        });
    }
    for answer in &stored {
        store.put(answer).await.unwrap();
    }

    for number in 0..30_u8 {
        let query = StoredVector {
            // Of the fourth space there is nothing.
            space: VectorSpace([number % 4; 32]),
            values: drawn(&mut runner, 384),
        };
        if P::SEARCH == NearestSearch::Shared {
            for (floor, at) in [(-1.0, now()), (0.05, now()), (-1.0, now() + hours(1))] {
                assert_nearest(&*store, &stored, &query, floor, at).await;
            }
        } else {
            assert_nearest(&*store, &[], &query, -1.0, now()).await;
        }
    }
}

pub(crate) async fn what_cannot_be_compared_is_passed_over<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let space = VectorSpace([7; 32]);
    let vectors = [
        vec![1.0, 0.0],
        vec![1.0, 0.0, 0.0],
        vec![0.0, 0.0],
        vec![],
        vec![f32::NAN, 0.0],
        vec![f32::INFINITY, 0.0],
        vec![0.5; 20_000],
    ];
    let mut stored: Vec<StoredAnswer> = (0..)
        .zip(&vectors)
        .map(|(key, values)| StoredAnswer {
            vector: Some(StoredVector {
                space,
                values: values.clone(),
            }),
            ..answer(1, key, "body")
        })
        .collect();

    for answer in &stored {
        store.put(answer).await.unwrap();
    }

    // All are kept, the first three with vectors.
    for answer in &mut stored[3..] {
        answer.vector = None;
    }
    if P::SEARCH == NearestSearch::Missing {
        stored.iter_mut().for_each(|answer| answer.vector = None);
    }
    stored.reverse();
    assert_eq!(walk(&*store, 2, now()).await, stored);
    for vector in &vectors {
        let query = NearestQuery {
            space,
            vector,
            floor: 0.5,
            limit: 5,
            now: now(),
        };
        let found = store.nearest(query).await.unwrap();
        let is_first = *vector == vectors[0] || *vector == vectors[1];
        let wanted = usize::from(is_first && P::SEARCH == NearestSearch::Shared);
        assert_eq!(found.len(), wanted, "{vector:?}");
    }
}
