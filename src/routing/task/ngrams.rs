//! Words, pairs of words, opening words and spellings as hashed buckets.

use super::text::{HEAD, Piece, TAIL, WINDOW, cut, ending, lower, pieces};

const FNV_OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01B3;
/// Opening words hash apart from all others.
const LEAD_OFFSET: u64 = 0x9E37_79B9_7F4A_7C15;
const LEAD_WORDS: usize = 12;
/// How many characters, and how many of a word, are taken letter by letter.
const SPELLED: usize = 800;
const SPELLED_WORD: usize = 20;
const CUT_MARK: char = '\u{1}';

/// Occurrences of buckets; one that occurs twice stands twice.
#[derive(Debug, Default)]
pub(in crate::routing) struct Buckets {
    /// Sorted.
    indices: Vec<u32>,
}

impl Buckets {
    /// Words and pairs of words of the head and the tail, in 2^`bits` buckets.
    pub(in crate::routing) fn words(prompt: &str, bits: u32) -> Self {
        let (head, rest) = cut(prompt, HEAD);
        let mut hashes: Vec<u64> = pieces(head).map(|piece| hash(piece, FNV_OFFSET)).collect();
        if !rest.is_empty() {
            hashes.push(hash(Piece::Mark(CUT_MARK), FNV_OFFSET));
            let tail = ending(rest, TAIL);
            hashes.extend(pieces(tail).map(|piece| hash(piece, FNV_OFFSET)));
        }
        Self::grams(&hashes, 2, bits)
    }

    /// One to three of the opening words in a row, in 2^`bits` buckets.
    pub(super) fn lead(prompt: &str, bits: u32) -> Self {
        let opening = pieces(cut(prompt, WINDOW).0).take(LEAD_WORDS);
        let hashes: Vec<u64> = opening.map(|piece| hash(piece, LEAD_OFFSET)).collect();
        Self::grams(&hashes, 3, bits)
    }

    /// 3-grams and 4-grams of characters within the words of the opening, a
    /// space on either side, in 2^`bits` buckets.
    pub(super) fn spelled(prompt: &str, bits: u32) -> Self {
        let mut indices = Vec::with_capacity(2 * SPELLED.min(prompt.len()));
        let mut word = [' '; SPELLED_WORD + 2];
        for piece in pieces(cut(prompt, SPELLED).0) {
            let Piece::Word(text) = piece else { continue };
            let mut length = 1;
            for (slot, c) in word.iter_mut().skip(1).zip(text.chars().take(SPELLED_WORD)) {
                *slot = fold(c);
                length += 1;
            }
            if let Some(slot) = word.get_mut(length) {
                *slot = ' ';
            }
            let spelled = word.get(..=length).unwrap_or(&word);
            for size in [3, 4] {
                for gram in spelled.windows(size) {
                    let state = gram.iter().fold(FNV_OFFSET, |state, &c| add(state, c));
                    indices.push(bucket(mix(state), bits));
                }
            }
        }
        indices.sort_unstable();
        Self { indices }
    }

    fn grams(hashes: &[u64], longest: usize, bits: u32) -> Self {
        let mut indices = Vec::with_capacity(hashes.len() * longest);
        for start in 0..hashes.len() {
            let mut gram = 0_u64;
            for (length, next) in (1..).zip(hashes.iter().skip(start).take(longest)) {
                gram = mix(gram ^ next ^ length);
                indices.push(bucket(gram, bits));
            }
        }
        indices.sort_unstable();
        Self { indices }
    }

    /// Keeps one occurrence of each: a word said ten times is no stronger sign
    /// of a kind of work than one said once.
    pub(super) fn distinct(mut self) -> Self {
        self.indices.dedup();
        self
    }

    /// Returns each occurrence's bucket.
    pub(in crate::routing) fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// Returns the Euclidean norm of the counts; 1 if there are none.
    pub(in crate::routing) fn norm(&self) -> f64 {
        let runs = self.indices.chunk_by(|a, b| a == b);
        let squares: f64 = runs.map(|run| (run.len() as f64).powi(2)).sum();
        if squares > 0.0 { squares.sqrt() } else { 1.0 }
    }
}

fn bucket(hash: u64, bits: u32) -> u32 {
    u32::try_from(hash >> (64 - bits)).unwrap_or_default()
}

/// FNV-1a over lower case, each digit as 0.
fn hash(piece: Piece<'_>, offset: u64) -> u64 {
    match piece {
        Piece::Word(word) => word.chars().map(fold).fold(offset, add),
        Piece::Mark(mark) => add(offset, mark),
    }
}

fn fold(c: char) -> char {
    if c.is_ascii_digit() { '0' } else { lower(c) }
}

fn add(state: u64, c: char) -> u64 {
    let mut buffer = [0; 4];
    let bytes = c.encode_utf8(&mut buffer).bytes();
    bytes.fold(state, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
    })
}

/// The finaliser of `MurmurHash3` (Appleby, public domain).
const fn mix(mut state: u64) -> u64 {
    state ^= state >> 33;
    state = state.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    state ^= state >> 33;
    state = state.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    state ^ (state >> 33)
}
