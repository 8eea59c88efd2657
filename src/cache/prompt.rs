//! A prompt, read once for comparison with others.

use super::frames::{self, Frame};
use super::numbers::Numbers;
use super::residue::Content;
use super::words::{self, Class, Word};

/// Characters beyond this are not compared.
const MAX_CHARS: usize = 4_000;

/// Content words beyond this are not compared.
const MAX_CONTENT: usize = 128;

/// What the features need of one prompt.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub(super) words: Vec<Word>,
    pub(super) content: Vec<Content>,
    pub(super) frame: Frame,
    pub(super) numbers: Numbers,
    pub(super) negations: usize,
    pub(super) sentences: usize,
    /// Sorted, as are those below.
    pub(super) signs: Vec<char>,
    pub(super) lemma_set: Vec<String>,
    pub(super) bigrams: Vec<(String, String)>,
    pub(super) trigrams: Vec<u64>,
    pub(super) scripts: u8,
}

impl Prompt {
    /// Reads a prompt, of which at most 4,000 characters and 400 words count.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let end = text.char_indices().nth(MAX_CHARS).map(|(at, _)| at);
        let text = end.and_then(|end| text.get(..end)).unwrap_or(text);
        let text = without_thanks(text);
        let words = words::split(text);
        let (frame, length) = frames::of(&words);
        let content = content(&words, length);
        let lower: Vec<char> = text.to_lowercase().chars().collect();
        Self {
            frame,
            numbers: Numbers::of(&words),
            negations: words
                .iter()
                .filter(|word| word.class == Class::Negation)
                .count(),
            sentences: sentences(text),
            signs: signs(&lower),
            lemma_set: set(content.iter().map(|content| content.lemma.clone())),
            bigrams: bigrams(&content),
            trigrams: trigrams(&lower),
            scripts: scripts(&lower),
            content,
            words,
        }
    }

    /// Returns the operators and currencies, save those that a word may stand
    /// for; sorted.
    pub(super) fn hard_signs(&self) -> Vec<char> {
        let signs = self.signs.iter().copied();
        signs
            .filter(|sign| !matches!(sign, '/' | '&' | '@' | '~' | '|' | '°'))
            .collect()
    }

    /// Returns how many words name, tell or qualify something.
    #[must_use]
    pub fn content_words(&self) -> usize {
        self.content.len()
    }
}

/// Drops thanks at the end of a text.
fn without_thanks(text: &str) -> &str {
    const THANKS: [&str; 6] = [
        "thanks in advance",
        "thank you",
        "please help",
        "thanks",
        "please",
        "cheers",
    ];
    let is_pause = |c: char| c.is_whitespace() || matches!(c, '.' | '!' | '?' | ',' | ';');
    let mut rest = text;
    loop {
        let trimmed = rest.trim_end_matches(is_pause);
        let cut = THANKS.iter().find_map(|thanks| {
            let at = trimmed.len().checked_sub(thanks.len())?;
            let tail = trimmed.get(at..)?;
            let head = trimmed.get(..at)?;
            // After a sentence only: "how do you say thank you" is a question.
            let ends = head.trim_end().ends_with(['.', '!', '?', ',', ';', '"']);
            (tail.eq_ignore_ascii_case(thanks) && ends).then_some(head)
        });
        match cut {
            Some(head) => rest = head,
            None => return rest,
        }
    }
}

fn set<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}

fn content(words: &[Word], from: usize) -> Vec<Content> {
    let mut content = Vec::new();
    let mut role = "";
    let mut since = 0;
    for (at, word) in words.iter().enumerate() {
        match word.class {
            Class::Content => {
                since += 1;
                if since > 3 {
                    role = "";
                }
                if at >= from && content.len() < MAX_CONTENT {
                    content.push(Content {
                        text: word.text.clone(),
                        lemma: word.lemma.clone(),
                        at,
                        is_name: word.is_name,
                        rarity: word.rarity,
                        entry: word.entry,
                        role,
                    });
                }
            }
            Class::Preposition => {
                role = role_of(&word.text);
                since = 0;
            }
            Class::Filler | Class::Self_ | Class::Third => {}
            Class::Joint if word.text == "and" || word.text == "or" => since = 0,
            _ => role = "",
        }
    }
    content
}

fn role_of(preposition: &str) -> &'static str {
    const ROLES: [&str; 13] = [
        "from", "to", "into", "in", "on", "at", "for", "with", "by", "about", "than", "as", "of",
    ];
    let known = ROLES.into_iter().find(|&role| role == preposition);
    known.map_or("", |role| if role == "into" { "to" } else { role })
}

fn sentences(text: &str) -> usize {
    let pieces = text.split(['.', '!', '?', '\n', ';']);
    let full = pieces.filter(|piece| piece.chars().filter(|c| c.is_alphabetic()).count() > 1);
    full.count()
}

fn signs(text: &[char]) -> Vec<char> {
    let mut signs = Vec::new();
    for (at, &c) in text.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        let is_sign = match c {
            '+' | '*' | '/' | '^' | '=' | '<' | '>' | '%' | '$' | '€' | '£' | '¥' | '|' | '&'
            | '@' | '~' | '°' => true,
            '-' => before.is_none_or(|c| !c.is_alphabetic()),
            _ => false,
        };
        if is_sign {
            signs.push(c);
        }
    }
    signs.sort_unstable();
    signs
}

fn bigrams(content: &[Content]) -> Vec<(String, String)> {
    set(content.windows(2).filter_map(|pair| match pair {
        [first, second] => Some((first.lemma.clone(), second.lemma.clone())),
        _ => None,
    }))
}

/// Packs each run of three characters into a number.
fn trigrams(text: &[char]) -> Vec<u64> {
    let pack = |run: &[char]| run.iter().fold(0, |packed, &c| packed << 21 | u64::from(c));
    let mut trigrams: Vec<u64> = text.windows(3).map(pack).collect();
    trigrams.sort_unstable();
    trigrams
}

/// A bit for each script that letters of the text belong to.
fn scripts(text: &[char]) -> u8 {
    let letters = text.iter().filter(|c| c.is_alphabetic());
    letters.fold(0, |scripts, &c| {
        scripts
            | match u32::from(c) {
                0..=0x24f | 0x1e00..=0x1eff => 1,
                0x370..=0x3ff => 2,
                0x400..=0x52f => 4,
                0x590..=0x8ff => 8,
                0x900..=0xdff => 16,
                0x3040..=0x30ff => 32,
                0x3400..=0x9fff | 0x20000..=0x3ffff => 64,
                _ => 128,
            }
    })
}
