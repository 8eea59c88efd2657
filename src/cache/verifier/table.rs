//! The trees as one flat table.
//!
//! Little-endian: `AGVT`, version u16, features u16, trees u32, nodes u32,
//! base f64, threshold f64, SHA-256 of the training rows, length u16 and text
//! of the features' names; the root of each tree u32; then the nodes: feature
//! u8, threshold f32, left u16, right u16 (both relative to the root), value
//! f32. A node whose `left` is 0 is a leaf.

use thiserror::Error;

use super::super::features::{FEATURES, Features, NAMES};

const VERSION: u16 = 1;
const NODE_BYTES: usize = 13;

/// Why weights are refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TableError {
    /// The bytes end early, go on too long or point outside.
    #[error("the verifier's weights are damaged")]
    Damaged,
    /// They are of another format.
    #[error("the verifier's weights have format {0}, not {VERSION}")]
    Format(u16),
    /// They were trained on other features.
    #[error("the verifier's weights belong to other features")]
    Features,
}

/// Checked trees.
#[derive(Clone, Debug)]
pub(super) struct Table {
    base: f64,
    threshold: f64,
    training_rows: [u8; 32],
    trees: Vec<Vec<Node>>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    feature: u8,
    left: u16,
    right: u16,
    threshold: f32,
    value: f32,
}

impl Table {
    pub(super) fn try_new(bytes: &[u8]) -> Result<Self, TableError> {
        let mut bytes = Bytes(bytes);
        if bytes.take::<4>()? != *b"AGVT" {
            return Err(TableError::Damaged);
        }
        let version = u16::from_le_bytes(bytes.take()?);
        if version != VERSION {
            return Err(TableError::Format(version));
        }
        let features = usize::from(u16::from_le_bytes(bytes.take()?));
        let trees = bytes.count()?;
        let nodes = bytes.count()?;
        let base = f64::from_le_bytes(bytes.take()?);
        let threshold = f64::from_le_bytes(bytes.take()?);
        let training_rows = bytes.take()?;
        let length = usize::from(u16::from_le_bytes(bytes.take()?));
        let names = bytes.slice(length)?;
        if features != FEATURES || names != NAMES.join(",").as_bytes() {
            return Err(TableError::Features);
        }
        // A threshold below one half would serve what is more likely wrong.
        if !base.is_finite() || !(0.5..1.0).contains(&threshold) {
            return Err(TableError::Damaged);
        }
        Ok(Self {
            base,
            threshold,
            training_rows,
            trees: read_trees(bytes, trees, nodes)?,
        })
    }

    pub(super) fn threshold(&self) -> f64 {
        self.threshold
    }

    pub(super) fn training_rows(&self) -> [u8; 32] {
        self.training_rows
    }

    /// Returns base + the leaves that a row falls into.
    pub(super) fn sum(&self, row: &Features) -> f64 {
        let leaves = self.trees.iter().map(|tree| f64::from(leaf(tree, row)));
        self.base + leaves.sum::<f64>()
    }
}

/// Children come after their parent, as was checked, so this ends.
fn leaf(tree: &[Node], row: &Features) -> f32 {
    let mut node = tree.first();
    while let Some(here) = node {
        if here.left == 0 {
            return here.value;
        }
        let value = row.get(usize::from(here.feature)).copied();
        let goes_left = value.unwrap_or_default() <= here.threshold;
        let next = if goes_left { here.left } else { here.right };
        node = tree.get(usize::from(next));
    }
    0.0
}

fn read_trees(
    mut bytes: Bytes<'_>,
    trees: usize,
    nodes: usize,
) -> Result<Vec<Vec<Node>>, TableError> {
    let roots = bytes.slice(trees.checked_mul(4).ok_or(TableError::Damaged)?)?;
    let body = bytes.slice(nodes.checked_mul(NODE_BYTES).ok_or(TableError::Damaged)?)?;
    if !bytes.0.is_empty() {
        return Err(TableError::Damaged);
    }
    let mut starts = Vec::new();
    let mut roots = Bytes(roots);
    for _ in 0..trees {
        starts.push(roots.count()?);
    }
    let ends = starts.iter().skip(1).copied().chain([nodes]);
    let mut read = Vec::new();
    for (index, (start, end)) in starts.iter().copied().zip(ends).enumerate() {
        let is_first = index > 0 || start == 0;
        let tree = body.get(start.saturating_mul(NODE_BYTES)..end.saturating_mul(NODE_BYTES));
        let tree = tree.filter(|tree| is_first && !tree.is_empty());
        read.push(read_tree(tree.ok_or(TableError::Damaged)?)?);
    }
    Ok(read)
}

fn read_tree(bytes: &[u8]) -> Result<Vec<Node>, TableError> {
    let mut rest = Bytes(bytes);
    let count = bytes.len() / NODE_BYTES;
    let mut nodes = Vec::with_capacity(count);
    for at in 0..count {
        let [feature] = rest.take()?;
        let node = Node {
            feature,
            threshold: f32::from_le_bytes(rest.take()?),
            left: u16::from_le_bytes(rest.take()?),
            right: u16::from_le_bytes(rest.take()?),
            value: f32::from_le_bytes(rest.take()?),
        };
        let is_child = |child: u16| (at + 1..count).contains(&usize::from(child));
        let is_sound = if node.left == 0 {
            node.value.is_finite()
        } else {
            is_child(node.left)
                && is_child(node.right)
                && usize::from(feature) < FEATURES
                && node.threshold.is_finite()
        };
        if !is_sound {
            return Err(TableError::Damaged);
        }
        nodes.push(node);
    }
    Ok(nodes)
}

/// Bytes that are still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], TableError> {
        let taken = self.slice(N)?;
        taken.try_into().map_err(|_| TableError::Damaged)
    }

    fn count(&mut self) -> Result<usize, TableError> {
        let count = u32::from_le_bytes(self.take()?);
        usize::try_from(count).map_err(|_| TableError::Damaged)
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], TableError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(TableError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }
}
