//! What the verifier knows of two prompts: a row of numbers, the same for
//! (a, b) and (b, a).
//!
//! Most features tell the shape of the difference (how much is left on which
//! side, where it stands, how rare it is), because lists of words do not carry
//! over to words that they lack. A change here needs new weights.

mod shape;
mod swap;

use self::shape::{descents, edges, inversions, multiset_distance, overlap};
use super::frames::Frame;
use super::prompt::Prompt;
use super::residue::{Content, Residue};
use super::words::{Class, Word};

/// How many features there are.
pub const FEATURES: usize = 51;

/// One row, in the order of [`NAMES`].
pub type Features = [f32; FEATURES];

/// The features' names; the weights record them.
pub const NAMES: [&str; FEATURES] = [
    "cos",
    "jac_c",
    "hard_min",
    "hard_max",
    "same",
    "synonyms",
    "derived",
    "typos",
    "close",
    "opposites",
    "inflected",
    "rare_min",
    "rare_max",
    "num_mis",
    "numw_mis",
    "neg_mis",
    "neg_one",
    "name_one",
    "name_both",
    "frame_mis",
    "frame_hard",
    "strict",
    "order",
    "descents",
    "exchange",
    "swap",
    "crossed",
    "names_turned",
    "recount",
    "role_mis",
    "role_one",
    "way_mis",
    "by_one",
    "slot",
    "bigram",
    "tri",
    "edges",
    "len_ratio",
    "log_len",
    "prep_mis",
    "modal_mis",
    "tense_mis",
    "third_mis",
    "self_mis",
    "joint_mis",
    "func_min",
    "func_max",
    "sign_mis",
    "sentences",
    "exact",
    "numbers",
];

/// Describes how `a` and `b` differ; `cosine` is that of their vectors.
///
/// Every number is finite, whatever the prompts.
#[must_use]
pub fn features(a: &Prompt, b: &Prompt, cosine: f32) -> Features {
    let residue = Residue::of(&a.content, &b.content, [&a.words, &b.words]);
    let common = common(&a.content, &b.content);
    let mut row = Row::default();
    row.push(if cosine.is_finite() {
        cosine.clamp(-1.0, 1.0)
    } else {
        0.0
    });
    likeness(&mut row, a, b);
    leftovers(&mut row, &residue, &common);
    let numbers = a.numbers.differ(&b.numbers);
    row.flag(numbers.in_digits);
    row.flag(numbers.in_words && !numbers.in_digits);
    row.flag(a.negations % 2 != b.negations % 2);
    row.flag((a.negations == 0) != (b.negations == 0));
    names(&mut row, &residue);
    row.flag(a.frame != b.frame);
    row.flag(frames_clash(a.frame, b.frame));
    row.count(
        residue.hard_that(|content| super::strict::is_strict(&content.text)),
        3,
    );
    order(&mut row, &residue, &common, a, b);
    form(&mut row, a, b);
    grammar(&mut row, a, b);
    row.count(multiset_distance(&a.signs, &b.signs), 4);
    row.count(a.sentences.abs_diff(b.sentences), 3);
    row.flag(
        a.words
            .iter()
            .map(|w| &w.text)
            .eq(b.words.iter().map(|w| &w.text)),
    );
    row.flag(!a.numbers.is_empty() || !b.numbers.is_empty());
    row.values
}

#[derive(Debug)]
struct Row {
    values: Features,
    at: usize,
}

impl Default for Row {
    fn default() -> Self {
        Self {
            values: [0.0; FEATURES],
            at: 0,
        }
    }
}

impl Row {
    fn push(&mut self, value: f32) {
        if let Some(place) = self.values.get_mut(self.at) {
            *place = value;
        }
        self.at += 1;
    }

    fn flag(&mut self, is_so: bool) {
        self.push(f32::from(u8::from(is_so)));
    }

    fn count(&mut self, count: usize, cap: u8) {
        self.push(f32::from(u8::try_from(count).unwrap_or(u8::MAX).min(cap)));
    }

    /// Pushes the smaller count, then the larger one.
    fn counts(&mut self, a: usize, b: usize, cap: u8) {
        self.count(a.min(b), cap);
        self.count(a.max(b), cap);
    }
}

/// Common words beyond this are not tried against each other.
const MAX_CROSSED: usize = 24;

/// A word that both prompts have, as each has it.
type Common<'a> = Vec<(&'a Content, &'a Content)>;

fn common<'a>(a: &'a [Content], b: &'a [Content]) -> Common<'a> {
    let mut common: Common<'a> = Vec::new();
    for word in a {
        let is_new = common.iter().all(|(seen, _)| seen.lemma != word.lemma);
        let other = b.iter().find(|other| other.lemma == word.lemma);
        if let (true, Some(other)) = (is_new, other) {
            common.push((word, other));
        }
    }
    common
}

fn likeness(row: &mut Row, a: &Prompt, b: &Prompt) {
    row.push(overlap(&a.lemma_set, &b.lemma_set));
}

fn leftovers(row: &mut Row, residue: &Residue<'_>, common: &Common<'_>) {
    row.counts(residue.hard_a.len(), residue.hard_b.len(), 5);
    row.count(residue.same, 3);
    row.count(residue.synonyms, 3);
    row.count(residue.derived, 3);
    row.count(residue.typos, 3);
    row.count(residue.close, 3);
    row.count(residue.opposites, 3);
    row.count(common.iter().filter(|(a, b)| a.text != b.text).count(), 3);
    let rarest = |left: &[&Content]| left.iter().map(|c| c.rarity + 1).max().unwrap_or(0);
    let (a, b) = (rarest(&residue.hard_a), rarest(&residue.hard_b));
    row.counts(a.into(), b.into(), 20);
}

fn names(row: &mut Row, residue: &Residue<'_>) {
    let count = |left: &[&Content]| left.iter().filter(|content| content.is_name).count();
    let (a, b) = (count(&residue.hard_a), count(&residue.hard_b));
    row.count(a + b, 3);
    row.flag(a > 0 && b > 0);
}

/// Frames whose answers have nothing in common.
fn frames_clash(a: Frame, b: Frame) -> bool {
    let own = |frame| {
        matches!(
            frame,
            Frame::Why | Frame::When | Frame::Where | Frame::Who | Frame::Quantity | Frame::YesNo
        )
    };
    // "What do owls eat" asks for a thing, "how do owls eat" for a way.
    let object = |one, other| one == Frame::Object && matches!(other, Frame::How | Frame::HowIs);
    a != b && (own(a) || own(b) || object(a, b) || object(b, a))
}

fn order(row: &mut Row, residue: &Residue<'_>, common: &Common<'_>, a: &Prompt, b: &Prompt) {
    let back: Common<'_> = self::common(&b.content, &a.content);
    let places =
        |common: &Common<'_>| -> Vec<usize> { common.iter().map(|(_, other)| other.at).collect() };
    let (there, home) = (places(common), places(&back));
    row.push(inversions(&there));
    row.push(descents(&there).max(descents(&home)));
    let exchanged = exchange(common, &there, a).max(exchange(&back, &home, b));
    row.count(exchanged, 3);
    row.count(swap::swap(&a.words, &b.words), 2);
    let (crossed, names) = crossed(common, [&a.words, &b.words]);
    row.count(crossed, 2);
    row.count(names, 2);
    let recounted = |(in_a, in_b): &&(&Content, &Content)| {
        let count = |content: &[Content]| {
            let same = content.iter().filter(|c| c.lemma == in_a.lemma);
            same.count()
        };
        in_a.lemma == in_b.lemma && count(&a.content) != count(&b.content)
    };
    row.count(common.iter().filter(recounted).count(), 3);
    let roles = |one_lacks: bool| {
        let differ = |(a, b): &&(&Content, &Content)| {
            a.role != b.role && (a.role.is_empty() || b.role.is_empty()) == one_lacks
        };
        common.iter().filter(differ).count()
    };
    row.count(roles(false), 4);
    row.count(roles(true), 4);
    row.count(turned(common), 2);
    let by = |(a, b): &&(&Content, &Content)| (a.role == "by") != (b.role == "by");
    row.count(common.iter().filter(by).count(), 2);
    // A word in the very place of another is put for it.
    let mut slot = 0;
    for left in &residue.hard_a {
        let (before, after) = neighbours(a, left.at);
        for right in &residue.hard_b {
            let (before_b, after_b) = neighbours(b, right.at);
            slot = slot.max(usize::from(before == before_b) + usize::from(after == after_b));
        }
    }
    row.count(slot, 2);
}

/// Counts the pairs of words that have taken each other's prepositions, and the
/// pairs of names that stand in the other order without "and" or "or" between.
fn crossed(common: &Common<'_>, words: [&[Word]; 2]) -> (usize, usize) {
    let linked = |words: &[Word], first: usize, second: usize| {
        let (from, to) = (first.min(second), first.max(second));
        let between = words.get(from + 1..to).unwrap_or_default();
        let is_link = |word: &Word| matches!(word.text.as_str(), "and" | "or" | "vs" | "versus");
        between.len() <= 3 && between.iter().any(is_link)
    };
    let [words_a, words_b] = words;
    let (mut crossed, mut names) = (0, 0);
    for (index, (x_a, x_b)) in common.iter().enumerate().take(MAX_CROSSED) {
        for (y_a, y_b) in common.iter().take(MAX_CROSSED).skip(index + 1) {
            if x_a.role != y_a.role && x_a.role == y_b.role && y_a.role == x_b.role {
                crossed += 1;
            }
            let is_turned = (x_a.at < y_a.at) != (x_b.at < y_b.at);
            let are_names = (x_a.is_name || x_b.is_name) && (y_a.is_name || y_b.is_name);
            let is_list = linked(words_a, x_a.at, y_a.at) && linked(words_b, x_b.at, y_b.at);
            if is_turned && are_names && x_a.role == x_b.role && y_a.role == y_b.role && !is_list {
                names += 1;
            }
        }
    }
    (crossed, names)
}

/// Counts the words that one prompt goes to and the other comes from.
fn turned(common: &Common<'_>) -> usize {
    let is_turned = |(a, b): &&(&Content, &Content)| {
        matches!((a.role, b.role), ("from", "to") | ("to", "from"))
    };
    common.iter().filter(is_turned).count()
}

/// Returns the words before and after a place.
fn neighbours(prompt: &Prompt, at: usize) -> (Option<&str>, Option<&str>) {
    let text = |at: Option<usize>| {
        let word = at.and_then(|at| prompt.words.get(at));
        word.map(|word| word.lemma.as_str())
    };
    (text(at.checked_sub(1)), text(at.checked_add(1)))
}

/// Returns 0 if common words stand in one order, 1 if two that "and" or "or"
/// links have changed places, 2 if other two have, 3 for any other order.
fn exchange(common: &Common<'_>, places: &[usize], a: &Prompt) -> usize {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    let moved = sorted.iter().zip(places).zip(common);
    let mut moved = moved
        .filter(|((to, from), _)| to != from)
        .map(|(_, pair)| pair);
    let (Some((first, _)), second) = (moved.next(), moved.next()) else {
        return 0;
    };
    match (second, moved.next()) {
        (Some((second, _)), None) => {
            let between = a.words.get(first.at + 1..second.at).unwrap_or_default();
            let is_link =
                |word: &Word| matches!(word.text.as_str(), "and" | "or" | "vs" | "versus" | "with");
            if between.len() <= 2 && between.iter().any(is_link) {
                1
            } else {
                2
            }
        }
        _ => 3,
    }
}

fn form(row: &mut Row, a: &Prompt, b: &Prompt) {
    row.push(overlap(&a.bigrams, &b.bigrams));
    row.push(overlap(&a.trigrams, &b.trigrams));
    row.push(edges(&a.words, &b.words));
    let (short, long) = match (a.words.len(), b.words.len()) {
        (a, b) if a < b => (a, b),
        (a, b) => (b, a),
    };
    let as_float = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    row.push(if long == 0 {
        1.0
    } else {
        as_float(short) / as_float(long)
    });
    row.push(as_float(long).ln_1p());
}

fn grammar(row: &mut Row, a: &Prompt, b: &Prompt) {
    let distance = |pick: fn(&Word) -> Option<&'static str>| {
        let of = |prompt: &Prompt| {
            let mut found: Vec<_> = prompt.words.iter().filter_map(pick).collect();
            found.sort_unstable();
            found
        };
        multiset_distance(&of(a), &of(b))
    };
    row.count(distance(|word| shape::preposition(&word.text)), 4);
    row.count(distance(|word| shape::modality(&word.text)), 3);
    row.count(distance(|word| shape::tense(&word.text)), 3);
    row.count(distance(|word| shape::third_person(&word.text)), 3);
    row.count(distance(|word| shape::asker(&word.text)), 3);
    row.count(distance(|word| shape::joint(&word.text)), 3);
    let only = |mine: &Prompt, theirs: &Prompt| {
        let counts = |class| !matches!(class, Class::Content | Class::Filler);
        let lacks = |text: &str| theirs.words.iter().all(|word| word.text != text);
        let words = mine.words.iter().filter(|word| counts(word.class));
        words.filter(|word| lacks(&word.text)).count()
    };
    row.counts(only(a, b), only(b, a), 5);
}

/// Returns one feature of a row.
pub(super) fn named(row: &Features, name: &str) -> f32 {
    let mut named = NAMES.iter().zip(row);
    named
        .find_map(|(known, value)| (*known == name).then_some(*value))
        .unwrap_or_default()
}
