//! Samples of rows, by a fixed sequence, so that the same rows give the same
//! interval.

/// Samples that an interval is drawn from.
const SAMPLES: usize = 400;

/// Places of rows, drawn with replacement.
#[derive(Debug)]
struct Draws {
    state: u64,
    rows: usize,
}

impl Draws {
    fn next(&mut self) -> usize {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let place = (mixed ^ (mixed >> 31)) % self.rows.max(1) as u64;
        usize::try_from(place).unwrap_or_default()
    }
}

/// Returns the 95 % interval of what `figure` says of samples of as many rows;
/// it is told which ones.
pub(super) fn interval(rows: usize, figure: impl Fn(&[usize]) -> f64) -> (f64, f64) {
    let mut draws = Draws {
        state: 0x9E37_79B9_7F4A_7C15,
        rows,
    };
    let samples = (0..SAMPLES).map(|_| {
        let sample: Vec<usize> = (0..rows).map(|_| draws.next()).collect();
        figure(&sample)
    });
    let mut samples: Vec<f64> = samples.collect();
    samples.sort_by(f64::total_cmp);
    let at = |share: usize| samples.get(SAMPLES * share / 1_000).copied();
    (at(25).unwrap_or_default(), at(975).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_the_same_each_time_and_lies_around_the_figure() {
        let mean = |sample: &[usize]| sample.iter().sum::<usize>() as f64 / sample.len() as f64;

        let (low, high) = interval(100, mean);

        assert_eq!((low, high), interval(100, mean));
        // The mean of 0 to 99 is 49.5, its standard error 2.89.
        assert!((low - (49.5 - 1.96 * 2.89)).abs() < 1.0, "{low}");
        assert!((high - (49.5 + 1.96 * 2.89)).abs() < 1.0, "{high}");
        assert_eq!(interval(1, mean), (0.0, 0.0));
    }
}
