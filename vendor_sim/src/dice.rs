//! Seeded chance.

/// A source of numbers that depends on nothing but what it was made from.
///
/// SplitMix64 (Steele, Lea, Flood 2014): one word of state, and good enough
/// for choosing faults and spelling identifiers.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64, number: u64, purpose: &str) -> Self {
        Self(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ hash(purpose))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a share in `0.0..1.0`.
    pub(crate) fn share(&mut self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number in `low..=high`, or `low` if the range is empty.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low).saturating_add(1);
        low + self.next() % width
    }

    /// Returns `length` letters and digits.
    pub(crate) fn word(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        (0..length)
            .filter_map(|_| ALPHABET.get((self.next() % 62) as usize))
            .map(|byte| char::from(*byte))
            .collect()
    }
}

/// Returns the FNV-1a hash of `text`, which is the same on every machine.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_origin_gives_the_same_numbers() {
        let roll = |seed, number| Dice::new(seed, number, "id").word(12);

        assert_eq!(roll(1, 7), roll(1, 7));
        assert_ne!(roll(1, 7), roll(1, 8));
        assert_ne!(roll(1, 7), roll(2, 7));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut dice = Dice::new(1, 1, "range");

        assert!((0..1_000).all(|_| (5..=20).contains(&dice.between(5, 20))));
        assert!((0..1_000).all(|_| (0.0..1.0).contains(&dice.share())));
        assert_eq!(dice.between(7, 3), 7);
    }
}
