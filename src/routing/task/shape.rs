//! What a prompt looks like from afar.

use super::text::{TAIL, WINDOW, cut, ending, is_space};

/// How many features there are.
pub(super) const SHAPE_COUNT: usize = 14;
/// Beyond this many characters all prompts are equally long.
const COUNTED: usize = 8_000;

/// Computes the features; `shape` of `models/task/features.py` names each.
pub(super) fn features(prompt: &str) -> [f64; SHAPE_COUNT] {
    let (seen, _) = cut(prompt, WINDOW);
    let length = prompt.chars().take(COUNTED).count() as f64;
    let counts = Counts::of(seen);
    let share = |count: usize| count as f64 / counts.all.max(1) as f64;
    let capped = |value: f64, cap: f64| value.min(cap);
    let flag = |is: bool| if is { 1.0 } else { 0.0 };
    [
        length / 2_000.0,
        length.ln_1p() / 8.0,
        4.0 * share(counts.beyond_latin),
        20.0 * share(counts.accented),
        capped(seen.matches("```").count() as f64, 3.0),
        capped(counts.code as f64 / 20.0, 3.0),
        capped(20.0 * share(counts.digits), 3.0),
        capped(counts.lines as f64 / 10.0, 3.0),
        flag(counts.question),
        capped(counts.formula as f64 / 20.0, 3.0),
        flag(counts.words < 12),
        flag(counts.words > 150),
        capped(counts.choices as f64, 4.0) / 2.0,
        flag(ends_asking(prompt)),
    ]
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    beyond_latin: usize,
    accented: usize,
    code: usize,
    digits: usize,
    lines: usize,
    formula: usize,
    words: usize,
    /// "a)", "B." or "c:" that stand alone, as in a choice of answers.
    choices: usize,
    question: bool,
}

impl Counts {
    fn of(seen: &str) -> Self {
        let mut counts = Self::default();
        let (mut before, mut last) = (' ', ' ');
        for c in seen.chars() {
            counts.all += 1;
            match c {
                '{' | '}' | ';' => counts.code += 1,
                '$' | '\\' | '^' | '=' => counts.formula += 1,
                '0'..='9' => counts.digits += 1,
                '\n' => counts.lines += 1,
                '?' => counts.question = true,
                '\u{C0}'..='\u{24F}' => counts.accented += 1,
                '\u{250}'.. => counts.beyond_latin += 1,
                _ => {}
            }
            if is_space(last) && !is_space(c) {
                counts.words += 1;
            }
            let is_choice = matches!(last, 'a'..='d' | 'A'..='D');
            if is_choice
                && matches!(c, ')' | '.' | ':')
                && matches!(before, ' ' | '\n' | '\t' | '(')
            {
                counts.choices += 1;
            }
            (before, last) = (last, c);
        }
        counts
    }
}

fn ends_asking(prompt: &str) -> bool {
    ending(prompt, TAIL).chars().rev().find(|&c| !is_space(c)) == Some('?')
}
