//! An index beside a list of all entries that is searched one by one.

use proptest::prelude::*;

use super::super::vector::{cosine, cosines};
use super::*;

const DIMENSIONS: usize = 11;

#[derive(Clone, Debug)]
enum Step {
    Insert(u32, usize),
    Remove(u32),
    Search { at: usize, floor: f32, limit: usize },
    Begin,
    Install,
}

fn step() -> impl Strategy<Value = Step> {
    let search = (0..40_usize, -1.0..1.0_f32, 0..12_usize);
    let search = search.prop_map(|(at, floor, limit)| Step::Search { at, floor, limit });
    prop_oneof![
        10 => (0..120_u32, 0..40_usize).prop_map(|(key, at)| Step::Insert(key, at)),
        3 => (0..120_u32).prop_map(Step::Remove),
        4 => search,
        1 => Just(Step::Begin),
        1 => Just(Step::Install),
    ]
}

/// All entries, the oldest first, with the number of their insertion.
#[derive(Default)]
struct Model {
    entries: Vec<(u32, usize, u64)>,
    inserted: u64,
}

impl Model {
    fn remove(&mut self, key: u32) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(known, ..)| *known != key);
        self.entries.len() < before
    }

    fn insert(&mut self, key: u32, at: usize) {
        self.remove(key);
        self.entries.push((key, at, self.inserted));
        self.inserted += 1;
    }

    fn nearest(&self, pool: &[Vec<f32>], query: &[f32], floor: f32) -> Vec<(u32, f32)> {
        let all = self.entries.iter();
        let all = all.map(|(key, at, _)| (*key, cosine(query, &pool[*at])));
        let mut all: Vec<_> = all.filter(|(_, cosine)| *cosine >= floor).collect();
        all.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        all
    }
}

/// Carries out a history. Asserts that all that is found is right and that
/// nothing is missing that was compared one and all.
fn play(limits: IndexLimits, steps: Vec<Step>) {
    let mut cloud = Cloud::new(DIMENSIONS, 6);
    let pool: Vec<_> = (0..40).map(|_| cloud.vector()).collect();
    let mut index = VectorIndex::with_limits(DIMENSIONS, limits);
    let (mut model, mut job) = (Model::default(), None);
    let (mut begun, mut in_graph_below) = (0, 0);
    for step in steps {
        match step {
            Step::Insert(key, at) => {
                index.insert(key, &pool[at]).unwrap();
                model.insert(key, at);
            }
            Step::Remove(key) => assert_eq!(index.remove(&key), model.remove(key)),
            Step::Begin => {
                if let Some(due) = index.rebuild() {
                    begun = model.inserted;
                    job = Some(due);
                }
            }
            Step::Install => {
                if let Some(job) = job.take() {
                    let _ = index.install(job.run());
                    in_graph_below = index.graph.as_ref().map_or(0, |_| begun);
                }
            }
            Step::Search { at, floor, limit } => {
                let found = index.nearest(&pool[at], floor, limit).unwrap();
                let right = model.nearest(&pool, &pool[at], floor);
                assert_found(&found, &right, limit, |key| {
                    let mut entries = model.entries.iter();
                    entries.any(|(known, _, order)| *known == key && *order >= in_graph_below)
                });
            }
        }
        assert_eq!(index.len(), model.entries.len());
        assert!(index.bytes() >= index.flat.len() * DIMENSIONS * 4);
    }
}

fn assert_found(
    found: &[(u32, f32)],
    right: &[(u32, f32)],
    limit: usize,
    is_in_tail: impl Fn(u32) -> bool,
) {
    assert!(found.len() <= limit);
    // A part of the right answer, in its order, each with its cosine.
    let mut rest = right.iter();
    for hit in found {
        assert!(rest.any(|other| other == hit), "{hit:?} of {right:?}");
    }
    let must = right.iter().take(limit);
    for hit in must.filter(|(key, _)| is_in_tail(*key)) {
        assert!(found.contains(hit), "{hit:?} is not in {found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Without a graph the answers are exact.
    #[test]
    fn few_are_found_exactly(steps in prop::collection::vec(step(), 0..300)) {
        play(IndexLimits::default(), steps);
    }

    /// Across the crossover and back: no dead, no duplicates, exact cosines,
    /// and all that is not in the graph.
    #[test]
    fn whatever_a_graph_finds_is_right(steps in prop::collection::vec(step(), 0..300)) {
        play(IndexLimits { graph_above: 20, tail: 5 }, steps);
    }

    /// Nothing that is not of unit norm gets in, and no answer is outside of
    /// −1 to 1.
    #[test]
    fn no_vector_breaks_it(
        vectors in prop::collection::vec(prop::collection::vec(any::<f32>(), 3), 1..20),
        scales in prop::collection::vec(0.0..2.0_f32, 20),
    ) {
        let mut index = VectorIndex::with_limits(3, IndexLimits { graph_above: 4, tail: 2 });
        let wild = vectors.iter().cloned();
        let tame = vectors.iter().cloned().map(unit);
        let near_tame = tame.clone().zip(scales).map(|(vector, scale)| {
            vector.into_iter().map(|value| value * (1.0 + scale / 1e4)).collect()
        });
        for (key, vector) in (0_u32..).zip(wild.chain(tame).chain(near_tame)) {
            let is_in = index.insert(key, &vector).is_ok();
            if let Some(job) = index.rebuild() {
                let _ = index.install(job.run());
            }
            match index.nearest(&vector, -1.0, 3) {
                Ok(found) => {
                    prop_assert!(is_in);
                    prop_assert!(!found.is_empty());
                    prop_assert!(found.iter().all(|(_, cosine)| (-1.0..=1.0).contains(cosine)));
                }
                Err(_) => prop_assert!(!is_in),
            }
        }
    }

    /// A cosine is the same alone and among others, in either order, and agrees
    /// with that of 64 bits: in registers of any width, and with what is left
    /// beside them.
    #[test]
    fn cosines_are_exact(seed in 0..50_usize, dimensions in 1..200_usize) {
        let mut cloud = Cloud::new(dimensions, seed + 1);
        let query = cloud.vector();
        let vectors: Vec<_> = (0..3).map(|_| cloud.vector()).collect();

        let mut all = Vec::new();
        cosines(&query, vectors.iter().map(Vec::as_slice), |cosine| all.push(cosine));

        prop_assert_eq!(all.len(), vectors.len());
        for (vector, found) in vectors.iter().zip(all) {
            let pairs = query.iter().zip(vector);
            let right: f64 = pairs.map(|(one, other)| f64::from(*one) * f64::from(*other)).sum();
            prop_assert!((f64::from(found) - right).abs() < 1e-6);
            prop_assert_eq!(found.to_bits(), cosine(vector, &query).to_bits());
        }
    }
}
