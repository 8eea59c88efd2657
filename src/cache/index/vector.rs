//! What a vector has to be, and how alike two of them are.

use thiserror::Error;

/// How far a norm may be from 1. Embedders normalise in f32, which leaves
/// some 1e-6; a vector that was not normalised at all is far outside.
const NORM_TOLERANCE: f32 = 1e-4;

/// How many components of a vector are summed up side by side: two registers
/// of baseline x86-64.
const LANES: usize = 8;

/// How many vectors are compared with one query at a time, so that a piece of
/// the query is loaded once for all of them.
pub(super) const ROWS: usize = 4;

/// Why a vector is refused.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum VectorError {
    /// It belongs to another space.
    #[error("the vector has {found} dimensions, not {expected}")]
    Dimensions {
        /// Those of the index.
        expected: usize,
        /// Those of the vector.
        found: usize,
    },
    /// A component is infinite or not a number.
    #[error("a component of the vector is not finite")]
    NotFinite,
    /// Its norm is not 1; that of zeros is 0.
    #[error("the vector's norm is {0}, not 1")]
    Norm(f32),
}

/// Accepts finite vectors of unit norm and the right dimension alone, so that
/// no similarity is ever infinite or not a number.
pub(super) fn check(vector: &[f32], dimensions: usize) -> Result<(), VectorError> {
    if vector.len() != dimensions {
        return Err(VectorError::Dimensions {
            expected: dimensions,
            found: vector.len(),
        });
    }
    if !vector.iter().all(|component| component.is_finite()) {
        return Err(VectorError::NotFinite);
    }
    // The squares of large components overflow, to an infinite norm.
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if (norm - 1.0).abs() > NORM_TOLERANCE {
        return Err(VectorError::Norm(norm));
    }
    Ok(())
}

/// Returns the cosine of two checked vectors. It is the same number, to the
/// last bit, as [`cosines`] returns for them.
pub(super) fn cosine(query: &[f32], vector: &[f32]) -> f32 {
    let [cosine, ..] = cosines(query, [vector; ROWS]);
    cosine
}

/// Returns the cosines of a checked vector with four others, −1 to 1.
///
/// Four at a time, each with 8 sums, took 34 ns a vector of 384 dimensions in
/// baseline code, one at a time with 16 sums 46; 16-bit integers, which would
/// halve the memory, 32 (2026-11-26, 1,000 vectors, shared machine).
pub(super) fn cosines(query: &[f32], vectors: [&[f32]; ROWS]) -> [f32; ROWS] {
    let (parts, rest) = query.as_chunks::<LANES>();
    let pieces = vectors.map(|vector| vector.as_chunks::<LANES>());
    let [(a, _), (b, _), (c, _), (d, _)] = pieces;
    let mut sums = [[0.0; LANES]; ROWS];
    let [in_a, in_b, in_c, in_d] = &mut sums;
    for ((((part, a), b), c), d) in parts.iter().zip(a).zip(b).zip(c).zip(d) {
        add_products(in_a, part, a);
        add_products(in_b, part, b);
        add_products(in_c, part, c);
        add_products(in_d, part, d);
    }
    let mut cosines = sums.map(|sums| total(&sums));
    for (cosine, (_, own_rest)) in cosines.iter_mut().zip(pieces) {
        let products = rest.iter().zip(own_rest).map(|(one, other)| one * other);
        // Rounding may lead past 1.
        *cosine = (*cosine + products.sum::<f32>()).clamp(-1.0, 1.0);
    }
    cosines
}

fn add_products(sums: &mut [f32; LANES], one: &[f32; LANES], other: &[f32; LANES]) {
    for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
        *sum += one * other;
    }
}

/// Adds up in pairs. When this is inlined, LLVM lets its order into the loop
/// before it, which takes twice the time then.
#[inline(never)]
pub(super) fn total(sums: &[f32]) -> f32 {
    let (quads, _) = sums.as_chunks::<4>();
    let mut sum = [0.0; 4];
    for quad in quads {
        for (sum, value) in sum.iter_mut().zip(quad) {
            *sum += value;
        }
    }
    let [a, b, c, d] = sum;
    (a + b) + (c + d)
}
