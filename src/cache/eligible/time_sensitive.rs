//! Prompts whose answer changes with the day.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Phrases whose answer changes with the day.
const PHRASES: &str = include_str!("time_sensitive.txt");

/// A prompt of more words may be a text to work on rather than a question
/// about the day. Chosen: without it, a word in a story kept .5 % of the
/// requests of the development stream from the exact tier.
const MAX_SHORT: usize = 30;

/// A last sentence of fewer words is a name or the like; the one before asks.
const MIN_ASKING: usize = 3;

/// So it is with thanks of no more words.
const MAX_THANKS: usize = 6;

/// How a prompt hangs on the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timing {
    /// Not that one knows.
    Timeless,
    /// It holds a phrase of the day, maybe within a text to work on.
    Mentioned,
    /// It asks about the day.
    Asked,
}

/// Returns how a prompt hangs on the day. Takes time linear in it.
pub(super) fn timing(prompt: &str) -> Timing {
    let words: Vec<String> = super::words(prompt).collect();
    if !has_phrase(prompt, &words) {
        return Timing::Timeless;
    }
    if words.len() <= MAX_SHORT {
        return Timing::Asked;
    }
    let mut last_has = true;
    for sentence in sentences(prompt) {
        let words: Vec<String> = super::words(sentence).collect();
        let has_phrase = has_phrase(sentence, &words);
        if has_phrase && sentence.ends_with(['?', '？', '؟']) {
            return Timing::Asked;
        }
        let asks = words.len() >= MIN_ASKING || sentence.contains(is_unspaced);
        if has_phrase || (asks && !is_thanks(&words)) {
            last_has = has_phrase;
        }
    }
    if last_has {
        Timing::Asked
    } else {
        Timing::Mentioned
    }
}

fn is_thanks(words: &[String]) -> bool {
    let first = words.first().map_or("", String::as_str);
    words.len() <= MAX_THANKS && matches!(first, "thank" | "thanks" | "many" | "please")
}

/// Splits a text after the marks and line ends that close sentences.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.char_indices().find_map(|(at, c)| {
            let next = rest.get(at + c.len_utf8()..)?.chars().next();
            let ends = match c {
                '!' | '?' | '\n' | '。' | '！' | '？' | '؟' | '।' => true,
                '.' => next.is_none_or(char::is_whitespace),
                _ => false,
            };
            ends.then_some(at + c.len_utf8())
        });
        let (sentence, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = after;
        (!sentence.is_empty()).then_some(sentence)
    })
}

/// The phrases, by their first words.
struct Phrases {
    spaced: HashMap<&'static str, Vec<Phrase>>,
    /// Of scripts that write words without blanks.
    unspaced: Vec<&'static str>,
}

struct Phrase {
    rest: Vec<&'static str>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    OfTheDay,
    /// Only looks so.
    Exception,
}

static TABLE: LazyLock<Phrases> = LazyLock::new(|| {
    let mut spaced: HashMap<_, Vec<Phrase>> = HashMap::new();
    let mut unspaced = Vec::new();
    let lines = PHRASES.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (phrase, kind) = match line.strip_prefix("- ") {
            Some(phrase) => (phrase, Kind::Exception),
            None => (line, Kind::OfTheDay),
        };
        if phrase.contains(is_unspaced) {
            unspaced.push(phrase);
            continue;
        }
        let mut words = phrase.split(' ');
        if let Some(first) = words.next() {
            let rest = words.collect();
            spaced.entry(first).or_default().push(Phrase { rest, kind });
        }
    }
    Phrases { spaced, unspaced }
});

fn has_phrase(text: &str, words: &[String]) -> bool {
    if !text.is_ascii() && TABLE.unspaced.iter().any(|phrase| text.contains(phrase)) {
        return true;
    }
    // What an exception covers counts for no other phrase.
    let mut is_covered = vec![false; words.len()];
    for at in 0..words.len() {
        for length in phrases_at(words, at, Kind::Exception) {
            for covered in is_covered.iter_mut().skip(at).take(length) {
                *covered = true;
            }
        }
    }
    (0..words.len()).any(|at| {
        phrases_at(words, at, Kind::OfTheDay).any(|length| {
            !is_covered
                .iter()
                .skip(at)
                .take(length)
                .any(|&covered| covered)
        })
    })
}

/// Returns the lengths in words of the phrases, or exceptions, that begin at
/// a word.
fn phrases_at(words: &[String], at: usize, kind: Kind) -> impl Iterator<Item = usize> {
    let first = words.get(at).map_or("", String::as_str);
    let phrases = TABLE.spaced.get(first).map_or(&[][..], Vec::as_slice);
    phrases.iter().filter_map(move |phrase| {
        let found = words.get(at + 1..)?.get(..phrase.rest.len())?;
        (phrase.kind == kind && found == phrase.rest).then_some(1 + phrase.rest.len())
    })
}

/// A letter of a script that writes words without blanks or joins particles.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af)
}
