//! What two prompts have in common and what is left over on either side.

use super::lexicon::{Entry, UNKNOWN};
use super::words::Word;

/// Left-over words beyond this are not paired.
const MAX_LEFT: usize = 24;

/// A content word of a prompt.
#[derive(Clone, Debug)]
pub(super) struct Content {
    /// The word itself, in lower case.
    pub(super) text: String,
    /// Its base form.
    pub(super) lemma: String,
    /// Where it stands among the prompt's words.
    pub(super) at: usize,
    /// Capital inside a sentence.
    pub(super) is_name: bool,
    /// 0 (frequent) to 12 (unknown).
    pub(super) rarity: u8,
    /// What is known of it.
    pub(super) entry: Option<Entry>,
    /// The preposition that it depends on, or "".
    pub(super) role: &'static str,
}

/// How words of one side that the other lacks pair off with each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Residue<'a> {
    /// Left over after pairing.
    pub(super) hard_a: Vec<&'a Content>,
    pub(super) hard_b: Vec<&'a Content>,
    /// Pairs that ask for the same, by our list.
    pub(super) same: usize,
    /// Pairs of one WordNet synset.
    pub(super) synonyms: usize,
    /// Pairs of one derivation (robot, robotics).
    pub(super) derived: usize,
    /// A word and its misspelling.
    pub(super) typos: usize,
    /// Two known, or two unknown, words of nearly the same letters.
    pub(super) close: usize,
    /// Opposites.
    pub(super) opposites: usize,
}

impl<'a> Residue<'a> {
    /// Compares the distinct content words of two prompts.
    pub(super) fn of(a: &'a [Content], b: &'a [Content], words: [&[Word]; 2]) -> Self {
        let [words_a, words_b] = words;
        let mut left_a = left_over(a, b, words_b);
        let mut left_b = left_over(b, a, words_a);
        let mut residue = Self::default();
        left_a.truncate(MAX_LEFT);
        left_b.truncate(MAX_LEFT);
        residue.same = pair_off(&mut left_a, &mut left_b, |a, b| {
            relate(a, b, Entry::asks_the_same)
        });
        residue.derived = pair_off(&mut left_a, &mut left_b, is_derived);
        residue.typos = pair_off(&mut left_a, &mut left_b, is_typo);
        residue.synonyms = pair_off(&mut left_a, &mut left_b, |a, b| {
            relate(a, b, Entry::is_synonym)
        });
        residue.hard_a = left_a;
        residue.hard_b = left_b;
        let hard = |test: fn(&Content, &Content) -> bool| {
            let with = |a: &&&Content| residue.hard_b.iter().any(|b| test(a, b));
            residue.hard_a.iter().filter(with).count()
        };
        let (close, opposites) = (hard(is_close), hard(is_opposite));
        residue.close = close;
        residue.opposites = opposites;
        residue
    }

    /// Counts the left-over words of both sides that pass a test.
    pub(super) fn hard_that(&self, test: impl Fn(&Content) -> bool) -> usize {
        let all = self.hard_a.iter().chain(&self.hard_b);
        all.filter(|content| test(content)).count()
    }
}

/// Returns the distinct words of `mine` that the other text has in no form,
/// nor written as two words or as initials.
fn left_over<'a>(mine: &'a [Content], theirs: &[Content], words: &[Word]) -> Vec<&'a Content> {
    let mut left: Vec<&Content> = Vec::new();
    for content in mine {
        let is_there = theirs.iter().any(|other| other.lemma == content.lemma)
            || left.iter().any(|other| other.lemma == content.lemma)
            || is_spelled_out(content, words)
            || words.iter().any(|word| word.text == content.text);
        if !is_there {
            left.push(content);
        }
    }
    // A part of a word that the other text writes as one.
    let joined: Vec<bool> = left
        .iter()
        .map(|content| is_part(content, mine, theirs))
        .collect();
    let mut joined = joined.into_iter();
    left.retain(|_| !joined.next().unwrap_or(false));
    left
}

/// "smartphone" against "smart phone", "un" against "united nations".
fn is_spelled_out(content: &Content, words: &[Word]) -> bool {
    let text = content.text.as_str();
    let two = words.windows(2).any(|pair| match pair {
        [first, second] => text
            .strip_prefix(first.text.as_str())
            .is_some_and(|rest| rest == second.text || rest == second.lemma),
        _ => false,
    });
    two || ((2..=5).contains(&text.len())
        && text.is_ascii()
        && words.windows(text.len()).any(|run| is_initials(text, run)))
}

fn is_initials(text: &str, run: &[Word]) -> bool {
    run.iter()
        .zip(text.bytes())
        .all(|(word, letter)| word.text.len() > 2 && word.text.as_bytes().first() == Some(&letter))
}

/// "smart" or "phone" against "smartphone", "united" against "un".
fn is_part(content: &Content, mine: &[Content], theirs: &[Content]) -> bool {
    let index = mine.iter().position(|other| other.at == content.at);
    let near = |offset: isize| {
        let at = index?.checked_add_signed(offset)?;
        mine.get(at)
    };
    let joins = |first: Option<&Content>, second: Option<&Content>| match (first, second) {
        (Some(first), Some(second)) => theirs.iter().any(|other| {
            let rest = other.text.strip_prefix(first.text.as_str());
            rest.is_some_and(|rest| rest == second.text || rest == second.lemma)
                || (other.text.len() == 2 && initials_are(&other.text, first, second))
        }),
        _ => false,
    };
    joins(near(-1), near(0)) || joins(near(0), near(1))
}

fn initials_are(text: &str, first: &Content, second: &Content) -> bool {
    let initial = |content: &Content| content.text.bytes().next();
    first.at + 1 == second.at
        && text.bytes().next() == initial(first)
        && text.as_bytes().get(1).copied() == initial(second)
}

/// Takes related words off both sides, and counts them.
fn pair_off<'a>(
    left_a: &mut Vec<&'a Content>,
    left_b: &mut Vec<&'a Content>,
    related: impl Fn(&Content, &Content) -> bool,
) -> usize {
    let before = left_a.len();
    left_a.retain(|a| {
        let Some(at) = left_b.iter().position(|b| related(a, b)) else {
            return true;
        };
        left_b.remove(at);
        false
    });
    before - left_a.len()
}

fn relate(a: &Content, b: &Content, related: fn(&Entry, &Entry) -> bool) -> bool {
    match (&a.entry, &b.entry) {
        (Some(a), Some(b)) => related(a, b),
        _ => false,
    }
}

/// Tells words of one root by their endings: robot and robotics, but not
/// employer and employee, nor care and careless.
fn is_derived(a: &Content, b: &Content) -> bool {
    const ENDINGS: [&str; 34] = [
        "", "e", "y", "s", "es", "ed", "ing", "er", "or", "ers", "ion", "ation", "ition", "ations",
        "ment", "al", "ial", "ical", "ally", "ly", "ic", "ics", "ity", "ive", "ness", "n", "an",
        "ian", "ist", "able", "ance", "ence", "i", "ily",
    ];
    let (a, b) = (a.lemma.as_str(), b.lemma.as_str());
    let shared: usize = a
        .chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    let ends = |word: &str, at: usize| word.get(at..).is_some_and(|end| ENDINGS.contains(&end));
    let roles = |a: &str, b: &str| a.ends_with("ee") && b.ends_with("er");
    shared >= 4
        && !roles(a, b)
        && !roles(b, a)
        && (0..=1).any(|back| ends(a, shared - back) && ends(b, shared - back))
}

/// Tells a known word and an unknown one that a slip of the finger makes of
/// it. A wrong letter counts only if its key is near the right one: "nitrite"
/// is no slip of "nitrate".
fn is_typo(a: &Content, b: &Content) -> bool {
    let one_known = (a.rarity == UNKNOWN) != (b.rarity == UNKNOWN);
    let plain = |word: &str| word.len() > 3 && word.bytes().all(|b| b.is_ascii_lowercase());
    one_known && plain(&a.text) && plain(&b.text) && slip(a.text.as_bytes(), b.text.as_bytes()) > 1
}

fn is_close(a: &Content, b: &Content) -> bool {
    a.text.len() > 3 && b.text.len() > 3 && slip(a.text.as_bytes(), b.text.as_bytes()) > 0
}

fn is_opposite(a: &Content, b: &Content) -> bool {
    const PREFIXES: [&str; 8] = ["un", "in", "im", "ir", "il", "dis", "non", "mis"];
    let negates = |a: &str, b: &str| PREFIXES.iter().any(|p| a.strip_prefix(p) == Some(b));
    relate(a, b, Entry::is_opposite) || negates(&a.text, &b.text) || negates(&b.text, &a.text)
}

/// Returns 2 if one slip (a letter missing, doubled or added, two exchanged, a
/// neighbouring key) makes one word of the other, 1 if one wrong letter does.
fn slip(a: &[u8], b: &[u8]) -> u8 {
    let front = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (
        a.get(front..).unwrap_or_default(),
        b.get(front..).unwrap_or_default(),
    );
    let back = a.iter().rev().zip(b.iter().rev());
    let back = back.take_while(|(a, b)| a == b).count();
    let core = |word: &'_ [u8]| word.len().saturating_sub(back);
    match (
        a.get(..core(a)).unwrap_or_default(),
        b.get(..core(b)).unwrap_or_default(),
    ) {
        ([], [_]) | ([_], []) => 2,
        ([a1, a2], [b1, b2]) if a1 == b2 && a2 == b1 => 2,
        ([a], [b]) if are_neighbours(*a, *b) => 2,
        ([_], [_]) => 1,
        _ => 0,
    }
}

fn are_neighbours(a: u8, b: u8) -> bool {
    const ROWS: [&[u8]; 3] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    ROWS.iter().any(|row| {
        let at = |letter| row.iter().position(|&key| key == letter);
        matches!((at(a), at(b)), (Some(a), Some(b)) if a.abs_diff(b) == 1)
    })
}
