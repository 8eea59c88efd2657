//! Which prompts are not English, or ask for a translation.

use std::collections::HashMap;

use super::names::{INTO, LANGUAGES, SCRIPTS, STEMS, VERBS, WEAK_VERBS};
use super::text::{WINDOW, cut, ending, is_letter, is_word, lower};

/// One line a language: its name, a colon, its words. English stands first.
const STOP_WORDS: &str = include_str!("../../../models/task/stop_words.txt");
/// How many words are looked up.
const STOP_WORDS_SEEN: usize = 120;
/// How far from its verb a translation names a language, in characters.
const NEAR: usize = 80;
/// Where a translation is asked for, in characters.
const OPENING: usize = 300;

/// A language by its English name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language(&'static str);

impl Language {
    /// Returns the English name; `unknown` for a script without one here.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// What the language rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LanguageFinding {
    /// The prompt is written in this language.
    Foreign(Language),
    /// The prompt asks for a translation; this language is named.
    Translation(Language),
}

/// The stop words of each language.
#[derive(Debug)]
pub(super) struct LanguageRule {
    /// The languages that have a word, one bit each.
    words: HashMap<&'static str, u32>,
    names: Vec<&'static str>,
}

impl LanguageRule {
    /// Reads the lists.
    pub(super) fn new() -> Self {
        let mut words: HashMap<_, u32> = HashMap::new();
        let mut names = Vec::new();
        let lines = STOP_WORDS.lines().filter(|line| !line.starts_with('#'));
        for (name, list) in lines.filter_map(|line| line.split_once(':')) {
            for word in list.split_whitespace() {
                *words.entry(word).or_default() |= 1 << names.len();
            }
            names.push(name);
        }
        Self { words, names }
    }

    /// Looks for a language other than English.
    pub(super) fn find(&self, prompt: &str) -> Option<LanguageFinding> {
        let (seen, rest) = cut(prompt, WINDOW);
        let foreign = |name| LanguageFinding::Foreign(Language(name));
        foreign_script(seen)
            .map(foreign)
            .or_else(|| {
                let name = translation(seen, rest.is_empty())?;
                Some(LanguageFinding::Translation(Language(name)))
            })
            .or_else(|| self.foreign_words(seen).map(foreign))
    }

    /// Two different stop words of a language, more than twice as many as
    /// English ones and a tenth of the words; one will do where letters have
    /// accents and no word is English.
    fn foreign_words(&self, seen: &str) -> Option<&'static str> {
        let mut words = words_of(seen).filter_map(|item| item.word);
        let mut hits = [0_usize; u32::BITS as usize];
        let mut found: Vec<(u32, String)> = Vec::new();
        let (mut all, mut has_accents) = (0_usize, false);
        for word in words
            .by_ref()
            .filter(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
            .take(STOP_WORDS_SEEN)
        {
            all += 1;
            has_accents |= word
                .chars()
                .any(|c| matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}'));
            let Some(&languages) = self.words.get(word.as_str()) else {
                continue;
            };
            for (bit, hit) in hits.iter_mut().enumerate() {
                *hit += (languages >> bit & 1) as usize;
            }
            if !found.iter().any(|(_, known)| *known == word) {
                found.push((languages, word));
            }
        }
        let [english, others @ ..] = &hits;
        let (best, most) = first_max(others.iter().copied())?;
        let different = found
            .iter()
            .filter(|(languages, _)| languages >> (best + 1) & 1 == 1)
            .count();
        let needed = if has_accents && *english == 0 { 1 } else { 2 };
        let is_foreign = all >= 3 && different >= needed && most > 2 * english && most * 10 >= all;
        is_foreign.then(|| self.names.get(best + 1).copied())?
    }
}

/// The language of the script if more than 30 % of the letters lie beyond the
/// Latin ones.
fn foreign_script(seen: &str) -> Option<&'static str> {
    let (mut letters, mut beyond) = (0_usize, 0_usize);
    let (mut kana, mut ukrainian, mut persian) = (0_usize, 0_usize, 0_usize);
    let mut scripts = [0_usize; SCRIPTS.len()];
    for c in seen.chars().filter(|&c| is_letter(c)) {
        letters += 1;
        if matches!(c, '\0'..='\u{24F}' | '\u{300}'..='\u{36F}' | '\u{1E00}'..='\u{1EFF}') {
            continue;
        }
        beyond += 1;
        kana += usize::from(matches!(c, '\u{3040}'..='\u{30FF}'));
        ukrainian += usize::from("іїєґІЇЄҐ".contains(c));
        persian += usize::from("پچژگکی".contains(c));
        let is_of = |&(first, last, _): &_| (first..=last).contains(&u32::from(c));
        let at = SCRIPTS.iter().position(is_of);
        if let Some(count) = at.and_then(|at| scripts.get_mut(at)) {
            *count += 1;
        }
    }
    if beyond * 10 <= letters * 3 {
        return None;
    }
    let (best, count) = first_max(scripts.into_iter())?;
    if count == 0 {
        return Some("unknown");
    }
    Some(match SCRIPTS.get(best)?.2 {
        "Chinese" if kana * 20 > count => "Japanese",
        "Russian" if ukrainian * 50 > count => "Ukrainian",
        "Arabic" if persian * 25 > count => "Persian",
        name => name,
    })
}

/// The language that a translation is asked to or from.
fn translation(seen: &str, is_whole: bool) -> Option<&'static str> {
    let opening = cut(seen, 80).0;
    if let Some((_, name)) = STEMS.iter().find(|(stem, _)| opening.contains(stem)) {
        return Some(name);
    }
    let items: Vec<Item> = words_of(cut(seen, OPENING).0).collect();
    asked(&items)
        .or_else(|| pair(&items))
        .or_else(|| if is_whole { closing(seen) } else { None })
}

/// "translate … *language*", "say … in *language*".
fn asked(items: &[Item]) -> Option<&'static str> {
    for (index, item) in items.iter().enumerate() {
        let is_strong = item.is_any(&VERBS);
        if !is_strong && !item.is_any(&WEAK_VERBS) {
            continue;
        }
        let before = items.get(..index)?;
        let after = items.get(index + 1..)?;
        let is_near =
            |other: &&Item| other.word.is_some() && other.start.abs_diff(item.start) <= NEAR;
        let accept = |(at, other): (usize, &Item)| {
            let name = other.language()?;
            let led = at > 0 && items.get(at - 1).is_some_and(|item| item.is_any(&INTO));
            let is_meant = if is_strong {
                name != "Polish" || led
            } else {
                led && !matches!(name, "English" | "Latin")
            };
            is_meant.then_some(name)
        };
        let forward = (index + 1..).zip(after.iter().take_while(is_near));
        let backward = before.iter().enumerate().rev();
        let backward = backward.take_while(|(_, other)| is_near(other));
        if let Some(name) = forward.chain(backward).find_map(accept) {
            return Some(name);
        }
    }
    None
}

/// "English to Swahili".
fn pair(items: &[Item]) -> Option<&'static str> {
    items.windows(3).find_map(|three| match three {
        // There are many names, so the word between them is looked at first.
        [a, b, c] if b.is_any(&["to", "into"]) && a.language().is_some() => c.language(),
        _ => None,
    })
}

/// "… into *language*" at the very end.
fn closing(seen: &str) -> Option<&'static str> {
    let end = ending(seen, 40).trim_end_matches([' ', '\n', '\t', '.', '!', '?', '"', '\'']);
    let items: Vec<Item> = words_of(end).collect();
    match items.as_slice() {
        [.., _, a, b] => b.language().filter(|&name| {
            let is_plain = matches!(name, "English" | "Latin");
            a.is_any(&["into", "to"]) || (a.is_any(&["in"]) && !is_plain)
        }),
        _ => None,
    }
}

/// A lower-case word, or the end of a sentence.
struct Item {
    /// In characters.
    start: usize,
    word: Option<String>,
}

impl Item {
    fn is_any(&self, words: &[&str]) -> bool {
        self.word
            .as_deref()
            .is_some_and(|word| words.contains(&word))
    }

    fn language(&self) -> Option<&'static str> {
        let word = self.word.as_deref()?;
        let mut names = LANGUAGES.iter().copied();
        names.find(|name| name.eq_ignore_ascii_case(word))
    }
}

fn words_of(text: &str) -> impl Iterator<Item = Item> {
    let mut chars = text.chars().enumerate().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, first) = chars.next()?;
            if is_word(first) {
                let mut word = String::from(lower(first));
                while let Some((_, c)) = chars.next_if(|&(_, c)| is_word(c)) {
                    word.push(lower(c));
                }
                let word = Some(word);
                return Some(Item { start, word });
            }
            if matches!(first, '.' | '!' | '?' | '\n') {
                return Some(Item { start, word: None });
            }
        }
    })
}

fn first_max(values: impl Iterator<Item = usize>) -> Option<(usize, usize)> {
    values
        .enumerate()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(prompt: &str) -> Option<LanguageFinding> {
        LanguageRule::new().find(prompt)
    }

    #[test]
    fn a_language_is_named_by_script_or_words() {
        let foreign = |name| Some(LanguageFinding::Foreign(Language(name)));

        assert_eq!(found("Какой сегодня день?"), foreign("Russian"));
        assert_eq!(
            found("Який сьогодні день, і чому її немає?"),
            foreign("Ukrainian")
        );
        assert_eq!(found("東京でおすすめのお店は？"), foreign("Japanese"));
        assert_eq!(found("如何快速入睡"), foreign("Chinese"));
        assert_eq!(found("Wie lange muss das Ei kochen?"), foreign("German"));
        assert_eq!(found("¿Cuál es la capital de Peru?"), foreign("Spanish"));
    }

    #[test]
    fn a_translation_names_its_language() {
        let asked = |name| Some(LanguageFinding::Translation(Language(name)));

        assert_eq!(
            found("Translate this into French: good night"),
            asked("French")
        );
        assert_eq!(found("how do you say hello in Thai"), asked("Thai"));
        assert_eq!(found("English to Swahili: teacher"), asked("Swahili"));
        assert_eq!(found("Put the sentence below into Czech."), asked("Czech"));
    }

    #[test]
    fn english_is_no_finding() {
        for prompt in [
            "",
            "Please polish this version of my essay",
            "Convert this script from Python to Rust",
            "What is the capital of France?",
            "Why did he say that the German economy is weak?",
            "Write \u{3b1} + \u{3b2} as a function of x, please, and explain it",
        ] {
            assert_eq!(found(prompt), None, "{prompt}");
        }
    }
}
