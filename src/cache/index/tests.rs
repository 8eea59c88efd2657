mod cloud;
mod model;

use super::*;
use cloud::{Cloud, unit};

/// Small enough for a test to see a graph come and go.
const SMALL: IndexLimits = IndexLimits {
    graph_above: 40,
    tail: 10,
};

fn filled(limits: IndexLimits, count: u32) -> (VectorIndex<u32>, Cloud) {
    let mut cloud = Cloud::new(16, 8);
    let mut index = VectorIndex::with_limits(16, limits);
    for key in 0..count {
        index.insert(key, &cloud.vector()).unwrap();
    }
    (index, cloud)
}

fn rebuild(index: &mut VectorIndex<u32>) {
    let job = index.rebuild().unwrap();
    let _ = index.install(job.run());
}

fn keys(found: Vec<(u32, f32)>) -> Vec<u32> {
    found.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn the_best_comes_first_and_of_equal_ones_the_oldest() {
    let mut index = VectorIndex::new(2);
    for (key, vector) in [(5, [0.6, 0.8]), (9, [1.0, 0.0]), (1, [1.0, 0.0])] {
        index.insert(key, &vector).unwrap();
    }

    let found = index.nearest(&[1.0, 0.0], 0.0, 3).unwrap();

    assert_eq!(found, [(9, 1.0), (1, 1.0), (5, 0.6)]);
}

#[test]
fn a_replaced_entry_is_the_newest() {
    let mut index = VectorIndex::new(2);
    for key in [1, 2, 1] {
        index.insert(key, &[1.0, 0.0]).unwrap();
    }

    assert_eq!(index.len(), 2);
    assert_eq!(keys(index.nearest(&[1.0, 0.0], 0.0, 5).unwrap()), [2, 1]);
}

#[test]
fn floor_and_limit_are_kept() {
    let mut index = VectorIndex::new(2);
    for (key, vector) in [(1, [0.6, 0.8]), (2, [1.0, 0.0]), (3, [0.8, 0.6])] {
        index.insert(key, &vector).unwrap();
    }
    let find = |floor, limit| keys(index.nearest(&[1.0, 0.0], floor, limit).unwrap());

    assert_eq!(find(0.7, 5), [2, 3]);
    assert_eq!(find(0.8, 5), [2, 3]);
    assert_eq!(find(0.0, 1), [2]);
    assert_eq!(find(0.0, usize::MAX), [2, 3, 1]);
    assert!(find(0.0, 0).is_empty());
    assert!(find(f32::NAN, 5).is_empty());
}

#[test]
fn what_is_no_vector_of_the_space_is_refused() {
    let mut index = VectorIndex::new(2);
    index.insert(1, &[1.0, 0.0]).unwrap();
    let dimensions = VectorError::Dimensions {
        expected: 2,
        found: 3,
    };
    let cases: [(&[f32], _); 7] = [
        (&[1.0, 0.0, 0.0], dimensions),
        (&[f32::NAN, 0.0], VectorError::NotFinite),
        (&[f32::INFINITY, 0.0], VectorError::NotFinite),
        (&[0.0, 0.0], VectorError::Norm(0.0)),
        (&[0.5, 0.0], VectorError::Norm(0.5)),
        (&[3.0, 4.0], VectorError::Norm(5.0)),
        (&[f32::MAX, 0.0], VectorError::Norm(f32::INFINITY)),
    ];

    for (vector, error) in cases {
        assert_eq!(index.insert(1, vector), Err(error));
        assert_eq!(index.nearest(vector, 0.0, 1), Err(error));
    }
    assert_eq!(index.nearest(&[1.0, 0.0], 0.5, 1).unwrap(), [(1, 1.0)]);
    assert!(VectorIndex::new(0).insert(1, &[]).is_err());
}

#[test]
fn few_entries_take_little_memory() {
    let mut cloud = Cloud::new(384, 8);
    let mut index = VectorIndex::new(384);

    index.insert(0_u64, &cloud.vector()).unwrap();
    assert!(index.bytes() < 2_400, "{}", index.bytes());
    for key in 1..1_000 {
        index.insert(key, &cloud.vector()).unwrap();
    }
    assert!(index.bytes() < 1_000 * 1_750, "{}", index.bytes());
    for key in 3..1_000 {
        assert!(index.remove(&key));
    }
    assert!(index.bytes() < 20_000, "{}", index.bytes());
    assert_eq!(index.len(), 3);
}

#[test]
fn a_graph_finds_the_nearest_of_many() {
    let limits = IndexLimits {
        graph_above: 700,
        ..SMALL
    };
    let (mut index, mut cloud) = (VectorIndex::with_limits(32, limits), Cloud::new(32, 40));
    let vectors: Vec<_> = (0..800).map(|_| cloud.vector()).collect();
    for (key, vector) in (0_u32..).zip(&vectors) {
        index.insert(key, vector).unwrap();
    }

    rebuild(&mut index);

    assert!(index.graph.is_some());
    assert_eq!((index.len(), index.flat.len()), (800, 0));
    let hits = (0_u32..).zip(&vectors).filter(|(key, vector)| {
        let found = index.nearest(&cloud.near(vector), 0.7, 1).unwrap();
        found.first().is_some_and(|(found, _)| found == key)
    });
    let hits = hits.count();
    assert!(hits >= 784, "{hits} of 800");
}

#[test]
fn what_happens_during_a_rebuild_is_not_lost() {
    let (mut index, mut cloud) = filled(SMALL, 60);
    let (replaced, added) = (cloud.vector(), cloud.vector());

    let job = index.rebuild().unwrap();
    index.remove(&3);
    index.insert(4, &replaced).unwrap();
    index.insert(100, &added).unwrap();
    index.insert(101, &added).unwrap();
    index.remove(&101);
    assert!(index.rebuild().is_none(), "one at a time");
    let _ = index.install(job.run());

    assert_eq!(index.len(), 60);
    assert_eq!(index.flat.len(), 2);
    assert_eq!(index.nearest(&replaced, 0.999, 1).unwrap()[0].0, 4);
    assert_eq!(index.nearest(&added, 0.999, 9).unwrap()[0].0, 100);
    assert!(!index.remove(&3));
    assert!(!index.remove(&101));
    assert!(index.rebuild().is_none(), "nothing is due");
}

#[test]
fn the_dead_are_passed_over_and_then_left_behind() {
    let (mut index, _) = filled(SMALL, 100);
    rebuild(&mut index);

    for key in 0..25 {
        assert!(index.remove(&key));
    }
    assert!(index.rebuild().is_none());
    index.remove(&25);
    rebuild(&mut index);

    let living = index.graph.as_ref().unwrap();
    assert_eq!((living.graph.len(), living.dead), (74, 0));
    assert_eq!(index.len(), 74);
}

#[test]
fn a_crowd_of_dead_does_not_hide_the_living() {
    let (mut index, _) = filled(SMALL, 0);
    let query = unit(vec![1.0; 16]);
    for key in 0..400_u32 {
        // The more of the first dimension, the farther.
        let mut vector = vec![1.0; 16];
        vector[0] += key as f32 / 100.0;
        index.insert(key, &unit(vector)).unwrap();
    }
    rebuild(&mut index);

    for key in 0..140 {
        index.remove(&key);
    }

    assert_eq!(keys(index.nearest(&query, 0.0, 2).unwrap()), [140, 141]);
}

#[test]
fn a_graph_goes_when_few_are_left() {
    let (mut index, mut cloud) = filled(SMALL, 60);
    rebuild(&mut index);
    let tail = cloud.vector();
    index.insert(60, &tail).unwrap();
    for key in 15..60 {
        index.remove(&key);
    }

    let job = index.rebuild().unwrap();
    index.remove(&0);
    let _ = index.install(job.run());

    assert!(index.graph.is_none());
    assert_eq!(index.len(), 15);
    assert_eq!(index.nearest(&tail, 0.999, 1).unwrap()[0].0, 60);
}

#[test]
fn a_long_tail_asks_for_a_rebuild() {
    let (mut index, mut cloud) = filled(SMALL, 60);
    rebuild(&mut index);

    for key in 60..70 {
        index.insert(key, &cloud.vector()).unwrap();
    }
    assert!(index.rebuild().is_none());
    index.insert(70, &cloud.vector()).unwrap();
    rebuild(&mut index);

    assert_eq!((index.len(), index.flat.len()), (71, 0));
}

#[test]
fn a_lost_rebuild_is_followed_by_another() {
    let (mut index, _) = filled(SMALL, 60);

    drop(index.rebuild());
    drop(index.rebuild().unwrap().run());
    rebuild(&mut index);

    assert_eq!((index.len(), index.flat.len()), (60, 0));
}

#[test]
fn another_index_has_no_use_for_a_rebuild() {
    let (mut index, _) = filled(SMALL, 60);
    let (mut other, _) = filled(SMALL, 50);
    let (_own, strange) = (index.rebuild().unwrap(), other.rebuild().unwrap());

    let _ = index.install(strange.run());

    assert_eq!((index.len(), index.flat.len()), (60, 60));
}
