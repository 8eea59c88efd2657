//! Prompts whose answer changes with the day.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::canonical;
use super::super::lexicon::Entry;
use super::{Class, class};

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
    let prompt = &*canonical::fold(prompt);
    let mut count = 0;
    let mut has_any = false;
    let mut is_asked = false;
    let mut last_has = true;
    for sentence in sentences(prompt) {
        let words = said(sentence);
        count += words.len();
        let has_phrase = has_phrase(sentence, &words);
        has_any |= has_phrase;
        let asks = sentence.ends_with(['?', '？', '؟']) || is_order(&words);
        is_asked |= has_phrase && asks;
        let is_whole = words.len() >= MIN_ASKING || sentence.contains(is_unspaced);
        if has_phrase || (is_whole && !is_thanks(&words)) {
            last_has = has_phrase;
        }
    }
    if !has_any {
        Timing::Timeless
    } else if count <= MAX_SHORT || is_asked || last_has {
        Timing::Asked
    } else {
        Timing::Mentioned
    }
}

/// A word, in lower case and without 's.
struct Said {
    text: String,
    /// May be a name: with a capital, or none of the words that have a meaning
    /// of their own.
    is_name: bool,
}

fn said(sentence: &str) -> Vec<Said> {
    let mut has_capital = false;
    let words = sentence.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let words = words.filter(|word| !word.is_empty()).enumerate();
    let mut words: Vec<Said> = words
        .map(|(at, word)| {
            let text = word.trim_matches('\'').to_lowercase();
            let text = text.strip_suffix("'s").map_or(text.clone(), str::to_owned);
            let is_name = at > 0 && word.starts_with(char::is_uppercase) && text != "i";
            has_capital |= is_name;
            Said { text, is_name }
        })
        .collect();
    let unmarked = if has_capital { 1 } else { words.len() };
    for word in words.iter_mut().take(unmarked) {
        word.is_name |= is_nameless(&word.text);
    }
    words
}

/// Tells whether a word has no meaning of its own, as far as known.
fn is_nameless(word: &str) -> bool {
    word.len() > 2
        && class(word) == Class::Content
        && Entry::of(word).is_none_or(|entry| !entry.has_senses())
}

/// Tells whether a sentence begins as what wants an answer does.
fn is_order(words: &[Said]) -> bool {
    let mut words = words.iter().map(|word| word.text.as_str());
    let first = words.find(|word| {
        !matches!(
            *word,
            "please" | "hi" | "hello" | "hey" | "can" | "could" | "would" | "you" | "and"
        )
    });
    first.is_some_and(|first| {
        matches!(
            first,
            "tell"
                | "give"
                | "list"
                | "show"
                | "find"
                | "check"
                | "name"
                | "report"
                | "what"
                | "which"
                | "who"
                | "when"
                | "where"
                | "how"
        )
    })
}

fn is_thanks(words: &[Said]) -> bool {
    let first = words.first().map_or("", |word| word.text.as_str());
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

/// What stands in a phrase for the end of the sentence, some words, a name and
/// a number.
const END: &str = "$";
const ANY: &str = "*";
const NAME: &str = "^";
const NUMBER: &str = "#";

/// `*` stands for no more words.
const MAX_ANY: usize = 3;

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

fn has_phrase(text: &str, words: &[Said]) -> bool {
    if !text.is_ascii() && TABLE.unspaced.iter().any(|phrase| text.contains(phrase)) {
        return true;
    }
    let words = without_please(words);
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

/// Drops what closes a sentence and asks for nothing.
fn without_please(words: &[Said]) -> &[Said] {
    let mut words = words;
    while let Some((last, before)) = words.split_last()
        && matches!(
            &*last.text,
            "please" | "thanks" | "bitte" | "there" | "here"
        )
    {
        words = before;
    }
    words
}

/// Returns the lengths in words of the phrases, or exceptions, that begin at
/// a word.
fn phrases_at(words: &[Said], at: usize, kind: Kind) -> impl Iterator<Item = usize> {
    let first = words.get(at).map_or("", |word| word.text.as_str());
    let of = |first| TABLE.spaced.get(first).map_or(&[][..], Vec::as_slice);
    let named = words.get(at).filter(|word| word.is_name).map(|_| of(NAME));
    let phrases = of(first).iter().chain(named.unwrap_or_default());
    let rest = words.get(at + 1..).unwrap_or_default();
    phrases
        .filter(move |phrase| phrase.kind == kind)
        .filter_map(move |phrase| Some(1 + matched(&phrase.rest, rest)?))
}

/// Returns how many words a pattern takes from the start.
fn matched(pattern: &[&str], words: &[Said]) -> Option<usize> {
    let Some((first, pattern)) = pattern.split_first() else {
        return Some(0);
    };
    let after = |taken: usize| Some(taken + matched(pattern, words.get(taken..)?)?);
    let word = words.first();
    match *first {
        END => word.is_none().then_some(0),
        ANY => (1..=MAX_ANY).find_map(after),
        NAME => word.filter(|word| word.is_name).and_then(|_| after(1)),
        NUMBER => word
            .filter(|word| is_number(&word.text))
            .and_then(|_| after(1)),
        text => word.filter(|word| word.text == text).and_then(|_| after(1)),
    }
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        || matches!(
            word,
            "few" | "two" | "three" | "four" | "five" | "six" | "seven" | "ten" | "twelve"
        )
}

/// A letter of a script that writes words without blanks or joins particles.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af)
}
