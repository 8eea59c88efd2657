//! How right the classifier is, slice by slice, with intervals.

use super::draws::interval;
use crate::domain::TaskLabel;
use crate::routing::LABELS;

const CLASSES: usize = LABELS.len();
/// Bins of the calibration error.
const BINS: usize = 10;
/// The two-sided 95 % quantile of the normal distribution.
const Z: f64 = 1.96;

/// What a prompt is, and what it was taken for, as places in [`LABELS`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess<'a> {
    pub(super) slice: &'a str,
    /// `None` for a label that nobody knows: never right.
    pub(super) truth: Option<usize>,
    pub(super) guess: Option<usize>,
    pub(super) confidence: f64,
}

/// Returns the lines of a table; none without labels.
pub(super) fn summary(guesses: &[Guess<'_>]) -> Vec<String> {
    if guesses.is_empty() {
        return Vec::new();
    }
    let mut slices: Vec<&str> = guesses.iter().map(|guess| guess.slice).collect();
    slices.sort_unstable();
    slices.dedup();
    let mut lines = vec![
        "slice: n | 6 classes: accuracy [95 %], macro-F1 [95 %] | 5 classes, analysis as \
         reasoning: the same | ECE"
            .to_owned(),
        line("all", guesses),
    ];
    for slice in slices {
        let own = guesses.iter().filter(|guess| guess.slice == slice);
        lines.push(line(slice, &own.copied().collect::<Vec<_>>()));
    }
    lines
}

fn line(slice: &str, guesses: &[Guess<'_>]) -> String {
    let six = pairs(guesses, |label| label);
    let five = pairs(guesses, fold);
    format!(
        "{slice}: {} | {} | {} | {:.3}",
        guesses.len(),
        scores(&six),
        scores(&five),
        calibration_error(guesses)
    )
}

type Pair = (Option<usize>, Option<usize>);

fn pairs(guesses: &[Guess<'_>], name: impl Fn(usize) -> usize) -> Vec<Pair> {
    let pairs = guesses.iter();
    pairs
        .map(|it| (it.truth.map(&name), it.guess.map(&name)))
        .collect()
}

fn fold(label: usize) -> usize {
    let place = |label| LABELS.iter().position(|other| *other == label);
    if Some(label) == place(TaskLabel::Analysis) {
        place(TaskLabel::Reasoning).unwrap_or(label)
    } else {
        label
    }
}

fn scores(pairs: &[Pair]) -> String {
    let right = pairs.iter().filter(|pair| is_right(pair)).count();
    let accuracy = right as f64 / pairs.len() as f64;
    let (low, high) = wilson(right, pairs.len());
    let (from, to) = f1_interval(pairs);
    let f1 = macro_f1(pairs.iter());
    format!("{accuracy:.3} [{low:.3}, {high:.3}], {f1:.3} [{from:.3}, {to:.3}]")
}

fn is_right(pair: &Pair) -> bool {
    pair.0.is_some() && pair.0 == pair.1
}

/// The 95 % interval of a share (Wilson, 1927).
fn wilson(right: usize, of: usize) -> (f64, f64) {
    let (share, n) = (right as f64 / of as f64, of as f64);
    let wide = 1.0 + Z * Z / n;
    let centre = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    (
        ((centre - half) / wide).max(0.0),
        ((centre + half) / wide).min(1.0),
    )
}

/// The mean F1 of the classes that occur.
fn macro_f1<'a>(pairs: impl Iterator<Item = &'a Pair>) -> f64 {
    let (mut right, mut truths, mut guesses) = ([0.0; CLASSES], [0.0; CLASSES], [0.0; CLASSES]);
    let add = |counts: &mut [f64; CLASSES], place: Option<usize>| {
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count += 1.0;
        }
    };
    for pair in pairs {
        add(&mut truths, pair.0);
        add(&mut guesses, pair.1);
        add(&mut right, pair.0.filter(|_| is_right(pair)));
    }
    let classes = right.iter().zip(truths.iter().zip(&guesses));
    let present = classes.filter(|(_, (truths, _))| **truths > 0.0);
    let each = present.map(|(right, (truths, guesses))| 2.0 * right / (truths + guesses));
    let (sum, count) = each.fold((0.0, 0.0_f64), |(sum, count), f1| (sum + f1, count + 1.0));
    sum / count.max(1.0)
}

fn f1_interval(pairs: &[Pair]) -> (f64, f64) {
    interval(pairs.len(), |sample| {
        macro_f1(sample.iter().filter_map(|row| pairs.get(*row)))
    })
}

/// The expected calibration error over ten bins of confidence.
fn calibration_error(guesses: &[Guess<'_>]) -> f64 {
    let mut bins = [(0.0, 0.0); BINS];
    for guess in guesses {
        // Upper bounds belong to their bin.
        let bin = (guess.confidence * BINS as f64).ceil() as usize;
        if let Some((sure, right)) = bins.get_mut(bin.saturating_sub(1).min(BINS - 1)) {
            *sure += guess.confidence;
            *right += f64::from(u8::from(is_right(&(guess.truth, guess.guess))));
        }
    }
    let gaps = bins
        .iter()
        .map(|(sure, right): &(f64, f64)| (sure - right).abs());
    gaps.sum::<f64>() / guesses.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(truth: usize, guess: usize, confidence: f64) -> Guess<'static> {
        Guess {
            slice: "s",
            truth: Some(truth),
            guess: Some(guess),
            confidence,
        }
    }

    #[test]
    fn figures_are_those_of_the_field() {
        let guesses = [
            guess(0, 0, 0.9),
            guess(0, 2, 0.6),
            guess(2, 2, 0.8),
            guess(2, 3, 0.55),
        ];
        let (six, five) = (pairs(&guesses, |it| it), pairs(&guesses, fold));

        // F1 of code and reasoning: 2/3 and 1/2; folded 2/3 and 4/5.
        assert!((macro_f1(six.iter()) - 7.0 / 12.0).abs() < 1e-12);
        assert!((macro_f1(five.iter()) - 11.0 / 15.0).abs() < 1e-12);
        assert!((calibration_error(&guesses) - 1.45 / 4.0).abs() < 1e-12);
        let (low, high) = wilson(2, 4);
        assert!((low - 0.1500).abs() < 1e-4 && (high - 0.8500).abs() < 1e-4);
        let (from, to) = f1_interval(&six);
        assert!(from < 7.0 / 12.0 && to > 7.0 / 12.0);
    }

    #[test]
    fn without_labels_there_is_nothing_to_say() {
        assert!(summary(&[]).is_empty());
        let unknown = Guess {
            truth: None,
            ..guess(0, 0, 1.0)
        };
        assert_eq!(summary(&[unknown]).len(), 3);
    }
}
