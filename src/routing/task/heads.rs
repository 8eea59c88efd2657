//! The weights: two linear heads out of one file of integers.
//!
//! The file, little-endian: `TASK`, version, and six sizes (`u32`); four
//! numbers of the calibration (`f32`); for each head the scale of every class,
//! its intercept, its weights of the shape (`f32`), and one signed byte per
//! bucket or dimension and class, those of a bucket side by side; last the
//! FNV-1a hash of all before (`u64`). `models/task/weights.py` writes it.

use super::ngrams::Buckets;
use super::shape::SHAPE_COUNT;

/// How many labels there are.
pub(super) const LABEL_COUNT: usize = 6;
/// The length of an embedding.
pub(super) const DIMENSIONS: usize = 384;
const WORD_BITS: u32 = 16;
const LEAD_BITS: u32 = 14;
const CHAR_BITS: u32 = 15;
const LEAD_AT: usize = 1 << WORD_BITS;
const CHAR_AT: usize = LEAD_AT + (1 << LEAD_BITS);
const BUCKETS: usize = CHAR_AT + (1 << CHAR_BITS);
const MAGIC: &[u8] = b"TASK";
const VERSION: u32 = 1;

type Scores = [f64; LABEL_COUNT];

/// Why weights cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// Too short, too long, or not the bytes that were written.
    #[error("the task classifier's weights are cut or damaged")]
    Damaged,
    /// Written for another build.
    #[error("the task classifier's weights are of another version or size")]
    Version,
}

/// What turns scores into chances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calibration {
    /// Divides the logarithms of the linear head alone.
    pub(super) temperature_alone: f64,
    /// Divides those of both heads.
    pub(super) temperature_both: f64,
    /// The share of the head over the embedding, 0 to 1.
    pub(super) dense_weight: f64,
    /// How often the language rule is right, 0 to 1.
    pub(super) rule_share: f64,
}

/// Both heads.
#[derive(Debug)]
pub(super) struct Heads {
    calibration: Calibration,
    linear: Head,
    dense: Head,
}

impl Heads {
    /// Reads and checks a file.
    pub(super) fn try_new(file: &'static [u8]) -> Result<Self, WeightsError> {
        let (body, sum) = file.split_last_chunk::<8>().ok_or(WeightsError::Damaged)?;
        let mut reader = Reader(body);
        if reader.take(MAGIC.len())? != MAGIC || reader.u32()? != VERSION {
            return Err(WeightsError::Version);
        }
        if fnv(body) != u64::from_le_bytes(*sum) {
            return Err(WeightsError::Damaged);
        }
        let sizes = [LABEL_COUNT, SHAPE_COUNT, DIMENSIONS].map(|size| u32::try_from(size).ok());
        let bits = [WORD_BITS, LEAD_BITS, CHAR_BITS].map(Some);
        for expected in bits.into_iter().chain(sizes) {
            if Some(reader.u32()?) != expected {
                return Err(WeightsError::Version);
            }
        }
        let calibration = Calibration {
            temperature_alone: reader.number()?,
            temperature_both: reader.number()?,
            dense_weight: reader.number()?,
            rule_share: reader.number()?,
        };
        let is_usable = calibration.temperature_alone > 0.0
            && calibration.temperature_both > 0.0
            && (0.0..=1.0).contains(&calibration.dense_weight)
            && (0.0..=1.0).contains(&calibration.rule_share);
        let linear = Head::read(&mut reader, BUCKETS)?;
        let dense = Head::read(&mut reader, DIMENSIONS)?;
        if !is_usable || !reader.0.is_empty() {
            return Err(WeightsError::Damaged);
        }
        Ok(Self {
            calibration,
            linear,
            dense,
        })
    }

    /// Returns what turns scores into chances.
    pub(super) const fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// Scores the labels by words and shape.
    pub(super) fn linear(&self, prompt: &str, shape: &[f64; SHAPE_COUNT]) -> Scores {
        let blocks = [
            (Buckets::words(prompt, WORD_BITS).distinct(), 0),
            (Buckets::lead(prompt, LEAD_BITS).distinct(), LEAD_AT),
            (Buckets::spelled(prompt, CHAR_BITS).distinct(), CHAR_AT),
        ];
        let mut scores = self.linear.base(shape);
        for (buckets, offset) in &blocks {
            let mut sums = [0_i32; LABEL_COUNT];
            for &bucket in buckets.indices() {
                let row = self.linear.rows.get(offset + bucket as usize);
                for (sum, weight) in sums.iter_mut().zip(row.into_iter().flatten()) {
                    *sum += i32::from(weight.cast_signed());
                }
            }
            let norm = buckets.norm();
            let scaled = sums.iter().zip(&self.linear.scales);
            for (score, (sum, scale)) in scores.iter_mut().zip(scaled) {
                *score += f64::from(*sum) * scale / norm;
            }
        }
        scores
    }

    /// Scores the labels by the embedding and the shape; `None` if the vector
    /// is not one.
    pub(super) fn dense(&self, vector: &[f32], shape: &[f64; SHAPE_COUNT]) -> Option<Scores> {
        if vector.len() != DIMENSIONS || !vector.iter().all(|value| value.is_finite()) {
            return None;
        }
        let mut sums = [0.0; LABEL_COUNT];
        for (value, row) in vector.iter().zip(self.dense.rows) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += f64::from(*value) * f64::from(weight.cast_signed());
            }
        }
        let mut scores = self.dense.base(shape);
        for (score, (sum, scale)) in scores.iter_mut().zip(sums.iter().zip(&self.dense.scales)) {
            *score += sum * scale;
        }
        scores
            .iter()
            .all(|score| score.is_finite())
            .then_some(scores)
    }
}

/// One head.
#[derive(Debug)]
struct Head {
    scales: Scores,
    intercepts: Scores,
    shape: [[f64; SHAPE_COUNT]; LABEL_COUNT],
    rows: &'static [[u8; LABEL_COUNT]],
}

impl Head {
    fn read(reader: &mut Reader, rows: usize) -> Result<Self, WeightsError> {
        let mut head = Self {
            scales: reader.numbers()?,
            intercepts: reader.numbers()?,
            shape: [[0.0; SHAPE_COUNT]; LABEL_COUNT],
            rows: &[],
        };
        for weights in &mut head.shape {
            *weights = reader.numbers()?;
        }
        head.rows = reader.take(rows * LABEL_COUNT)?.as_chunks().0;
        Ok(head)
    }

    /// The scores before words or dimensions.
    fn base(&self, shape: &[f64; SHAPE_COUNT]) -> Scores {
        let mut scores = self.intercepts;
        for (score, weights) in scores.iter_mut().zip(&self.shape) {
            *score += weights.iter().zip(shape).map(|(w, x)| w * x).sum::<f64>();
        }
        scores
    }
}

struct Reader(&'static [u8]);

impl Reader {
    fn take(&mut self, count: usize) -> Result<&'static [u8], WeightsError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(WeightsError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn four(&mut self) -> Result<[u8; 4], WeightsError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(WeightsError::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, WeightsError> {
        self.four().map(u32::from_le_bytes)
    }

    fn number(&mut self) -> Result<f64, WeightsError> {
        let number = f32::from_le_bytes(self.four()?);
        if number.is_finite() {
            Ok(f64::from(number))
        } else {
            Err(WeightsError::Damaged)
        }
    }

    fn numbers<const N: usize>(&mut self) -> Result<[f64; N], WeightsError> {
        let mut numbers = [0.0; N];
        for number in &mut numbers {
            *number = self.number()?;
        }
        Ok(numbers)
    }
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |state, &byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
