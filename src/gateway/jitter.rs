//! Spreads what would else happen at the same moment.

use crate::domain::RequestId;

/// Returns a share, 0 to 1, that depends on the call and on `salt` alone, so
/// that a call replays.
pub(super) fn jitter(id: RequestId, salt: u64) -> f64 {
    let bits = id.bits();
    let mixed = mix((bits >> 64) as u64 ^ mix(bits as u64 ^ mix(salt)));
    // The upper 53 bits are what a double holds.
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Mixes bits well (the finaliser of `SplitMix64`, Steele et al. 2014).
const fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_spread_evenly_and_replay() {
        let share = |bits| jitter(RequestId::from_bits(bits), 1);
        let mean = (0..10_000).map(share).sum::<f64>() / 10_000.0;

        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        assert!(
            (0..10_000)
                .map(share)
                .all(|share| (0.0..1.0).contains(&share))
        );
        assert!(share(7).to_bits() == share(7).to_bits() && share(7) != share(8));
    }
}
