//! Features as they are kept: small, and as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::Features;

/// The embedding as signed bytes, which moves cosines by less than .01, and
/// words with their counts as shares of the largest one.
#[derive(Serialize, Deserialize)]
pub(super) struct Packed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dense: Option<String>,
    words: String,
}

impl From<Features> for Packed {
    fn from(features: Features) -> Self {
        let dense = features.embedding().map(|vector| {
            let largest = largest(vector.iter().copied());
            let bytes = vector.iter().map(|value| {
                let scaled = (value / largest * 127.0).round() as i8;
                scaled.cast_unsigned()
            });
            BASE64.encode(bytes.collect::<Vec<u8>>())
        });
        let most = largest(features.words().iter().map(|(_, value)| *value));
        let words = features.words().iter().flat_map(|(bucket, value)| {
            let [low, high] = bucket.to_le_bytes();
            [low, high, (value / most * 255.0).round() as u8]
        });
        Self {
            dense,
            words: BASE64.encode(words.collect::<Vec<u8>>()),
        }
    }
}

impl From<Packed> for Features {
    /// What was damaged counts as not there.
    fn from(packed: Packed) -> Self {
        let dense = packed.dense.and_then(|text| BASE64.decode(text).ok());
        let dense = dense.map(|bytes| {
            let values = bytes.iter().map(|byte| f32::from(byte.cast_signed()));
            values.collect::<Vec<f32>>()
        });
        let words = BASE64.decode(packed.words).unwrap_or_default();
        let (words, _) = words.as_chunks::<3>();
        let words = words
            .iter()
            .map(|[low, high, value]| (u16::from_le_bytes([*low, *high]), f32::from(*value)));
        Self::from_parts(dense.as_deref(), words.collect())
    }
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_nearly_what_was() {
        let vector: Vec<f32> = (0..384_i16)
            .map(|place| f32::from(place % 17 - 8))
            .collect();
        let features = Features::read("the cat sat on the mat and the dog too", Some(&vector));

        let text = serde_json::to_string(&features).unwrap();
        let again: Features = serde_json::from_str(&text).unwrap();

        let (one, other) = (features.embedding().unwrap(), again.embedding().unwrap());
        let cosine: f32 = one.iter().zip(other).map(|(a, b)| a * b).sum();
        assert!(cosine > 0.999, "{cosine}");
        assert_eq!(features.words().len(), again.words().len());
        for (one, other) in features.words().iter().zip(again.words()) {
            assert!(one.0 == other.0 && (one.1 - other.1).abs() < 0.01);
        }
    }

    #[test]
    fn what_is_damaged_is_not_there() {
        let text = r#"{"dense": "?", "words": "////AAAA"}"#;

        let features: Features = serde_json::from_str(text).unwrap();

        assert_eq!(features.embedding(), None);
        assert!(features.words().is_empty(), "no such bucket");
    }
}
