//! The index of one scope: comparing with all entries beside searching the
//! graph.

use std::time::Instant;

use ai_gateway::cache::{IndexLimits, VectorIndex};

use crate::Fault;
use crate::clock::{cpu_time, each_us, fastest_us, resident_bytes};
use crate::cloud::{Cloud, DIMENSIONS};

const SIZES: [usize; 5] = [1_000, 5_000, 10_000, 20_000, 50_000];
/// As the cache asks for: the five nearest of cosine .70 and more.
const LIMIT: usize = 5;
const FLOOR: f32 = 0.7;
/// How many queries are timed, and how many are checked: their nearest entry
/// by the graph against that of all.
const TIMED: usize = 50;
const CHECKED: usize = 1_000;

/// An index that is never asked for a rebuild, and one that always is.
const EXACT: IndexLimits = IndexLimits {
    graph_above: usize::MAX,
    tail: usize::MAX,
};
const GRAPH: IndexLimits = IndexLimits {
    graph_above: 0,
    tail: 0,
};

/// What is measured at one size.
struct Row {
    exact_us: f64,
    graph_us: f64,
    insert_us: f64,
    build_s: f64,
    exact_bytes: f64,
    graph_bytes: f64,
    graph_resident: f64,
    recall: f64,
}

pub(crate) fn print() -> Result<(), Fault> {
    print_sizes(&SIZES)
}

/// Prints what takes five minutes.
pub(crate) fn print_100k() -> Result<(), Fault> {
    print_sizes(&[100_000])
}

fn print_sizes(sizes: &[usize]) -> Result<(), Fault> {
    println!(
        "### Index: seeded clustered vectors of {DIMENSIONS} dimensions, near duplicates asked for\n"
    );
    println!(
        "| entries | exact, µs | graph, µs | graph / exact | recall@1 of the graph | insert, µs | \
         build of the graph, s of CPU | bytes an entry, exact | graph | graph, resident |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for size in sizes {
        let row = measure(*size)?;
        println!(
            "| {size} | {:.0} | {:.0} | {:.2} | {:.3} | {:.2} | {:.1} | {:.0} | {:.0} | {:.0} |",
            row.exact_us,
            row.graph_us,
            row.graph_us / row.exact_us,
            row.recall,
            row.insert_us,
            row.build_s,
            row.exact_bytes,
            row.graph_bytes,
            row.graph_resident,
        );
    }
    println!();
    Ok(())
}

fn measure(size: usize) -> Result<Row, Fault> {
    let mut cloud = Cloud::new(1, size);
    let vectors: Vec<_> = (0..size).map(|_| cloud.vector()).collect();
    let mut exact = VectorIndex::with_limits(DIMENSIONS, EXACT);
    let start = Instant::now();
    for (key, vector) in (0_u64..).zip(&vectors) {
        exact.insert(key, vector)?;
    }
    let insert_us = each_us(start.elapsed(), size);
    let step = (size / CHECKED).max(1);
    let asked = vectors.iter().step_by(step).take(CHECKED);
    let queries: Vec<_> = asked.map(|vector| cloud.near(vector)).collect();
    drop(vectors);
    let mut graph = VectorIndex::with_limits(DIMENSIONS, GRAPH);
    let before = resident_bytes()?;
    let build_s = build(&mut graph, size)?;
    let graph_resident = (resident_bytes()? - before) / size as f64;
    let timed = queries.get(..TIMED).unwrap_or(&queries);
    let find = |index: &VectorIndex<u64>, query: &Vec<f32>| index.nearest(query, FLOOR, LIMIT);
    let mut same = 0;
    for query in &queries {
        let best = |found: Vec<(u64, f32)>| found.first().copied();
        same += usize::from(best(find(&exact, query)?) == best(find(&graph, query)?));
    }
    Ok(Row {
        exact_us: fastest_us(timed, |query| find(&exact, query)),
        graph_us: fastest_us(timed, |query| find(&graph, query)),
        insert_us,
        build_s,
        exact_bytes: exact.bytes() as f64 / size as f64,
        graph_bytes: graph.bytes() as f64 / size as f64,
        graph_resident,
        recall: same as f64 / queries.len() as f64,
    })
}

/// Fills an index with the same vectors and makes its graph; returns the
/// seconds of CPU for the latter.
fn build(index: &mut VectorIndex<u64>, size: usize) -> Result<f64, Fault> {
    let mut cloud = Cloud::new(1, size);
    for key in 0..size as u64 {
        index.insert(key, &cloud.vector())?;
    }
    let job = index.rebuild().ok_or("no rebuild is due")?;
    let start = cpu_time()?;
    let rebuilt = job.run();
    let build_s = cpu_time()?.saturating_sub(start).as_secs_f64();
    drop(index.install(rebuilt));
    Ok(build_s)
}
