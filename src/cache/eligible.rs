//! Which tiers may answer a prompt at all.

use super::words::{Class, class};

/// Phrases whose answer changes with the day.
const TIME_SENSITIVE: &str = include_str!("eligible/time_sensitive.txt");

/// Frequent words of other languages in Latin script that English lacks.
const FOREIGN: &str = include_str!("eligible/foreign.txt");

/// A longer prompt differs from another in more than its vector sees: that
/// reads 128 tokens, some 500 characters, and the features 400 words.
const MAX_SEMANTIC_CHARS: usize = 2_000;

/// Words beyond this are not looked at.
const MAX_WORDS: usize = 400;

/// A prompt of more words is a text to work on rather than a question about
/// the day. Chosen: without it, a word in a story kept .5 % of the requests of
/// the development stream from the exact tier.
const MAX_TIMED_WORDS: usize = 30;

/// With a history a shorter prompt hangs on it. Taken from field measurements
/// of follow-ups.
const MIN_CONTENT_WITH_HISTORY: usize = 4;

/// Without one a single word of content leaves too little to compare.
const MIN_CONTENT: usize = 2;

/// The tiers that may answer a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// None: its answer changes with the day.
    None,
    /// Only the same request again.
    Exact,
    /// Another request of the same meaning, too.
    Semantic,
}

/// Whether messages came before the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// It opens the conversation.
    None,
    /// It follows on something.
    Some,
}

/// Returns the tiers that may answer a prompt. Takes time linear in it.
#[must_use]
pub fn tier(prompt: &str, history: History) -> Tier {
    let words = words(prompt);
    if words.len() <= MAX_TIMED_WORDS && is_time_sensitive(prompt, &words) {
        return Tier::None;
    }
    let too_long = prompt.chars().nth(MAX_SEMANTIC_CHARS).is_some();
    if too_long || prompt.contains(['`', '{']) || !is_english(prompt, &words) {
        return Tier::Exact;
    }
    let content = words.iter().filter(|word| class(word) == Class::Content);
    let content = content.count();
    let is_whole = match history {
        History::None => content >= MIN_CONTENT,
        History::Some => content >= MIN_CONTENT_WITH_HISTORY && !is_deictic(&words),
    };
    if is_whole {
        Tier::Semantic
    } else {
        Tier::Exact
    }
}

fn words(prompt: &str) -> Vec<String> {
    let words = prompt.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'));
    words
        .filter(|word| !word.is_empty())
        .take(MAX_WORDS)
        .map(|word| word.to_lowercase().replace('’', "'"))
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

/// Points at what was said before.
fn is_deictic(words: &[String]) -> bool {
    let first = words.first().map_or("", String::as_str);
    let points = |word: &str| {
        matches!(
            word,
            "it" | "its"
                | "this"
                | "that"
                | "these"
                | "those"
                | "they"
                | "them"
                | "their"
                | "he"
                | "she"
                | "him"
                | "her"
                | "above"
                | "previous"
                | "former"
                | "latter"
                | "again"
                | "instead"
                | "same"
                | "other"
                | "another"
                | "else"
        )
    };
    matches!(
        first,
        "and"
            | "or"
            | "but"
            | "so"
            | "then"
            | "also"
            | "because"
            | "why"
            | "ok"
            | "okay"
            | "yes"
            | "no"
            | "continue"
            | "go"
            | "more"
            | "now"
            | "thanks"
    ) || words.iter().any(|word| points(word))
}

fn is_time_sensitive(prompt: &str, words: &[String]) -> bool {
    let is_ascii = prompt.is_ascii();
    let lines = || {
        let lines = TIME_SENSITIVE.lines();
        lines.filter(move |line| !line.starts_with('#') && (!is_ascii || line.is_ascii()))
    };
    // What an exception covers is blotted out before the search.
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    for phrase in lines().filter_map(|line| line.strip_prefix("- ")) {
        while let Some(at) = find_phrase(&words, phrase) {
            for word in words.iter_mut().skip(at).take(phrase.split(' ').count()) {
                *word = "";
            }
        }
    }
    lines()
        .filter(|line| !line.is_empty() && !line.starts_with("- "))
        .any(|phrase| {
            if !is_ascii && phrase.contains(is_unspaced) {
                return prompt.contains(phrase);
            }
            find_phrase(&words, phrase).is_some()
        })
}

/// A letter of a script that writes words without blanks or joins particles.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af)
}

/// Returns where the words of a phrase stand.
fn find_phrase(words: &[&str], phrase: &str) -> Option<usize> {
    let (first, rest) = phrase.split_once(' ').unwrap_or((phrase, ""));
    let follows = |at: usize| {
        let mut words = words.iter().skip(at + 1);
        let mut rest = rest.split(' ').filter(|part| !part.is_empty());
        rest.all(|part| words.next() == Some(&part))
    };
    (0..words.len()).find(|&at| words.get(at) == Some(&first) && follows(at))
}

/// Tells whether the embedder, which knows English alone, can read a prompt.
fn is_english(prompt: &str, words: &[String]) -> bool {
    let letters = prompt.chars().filter(|c| c.is_alphabetic());
    let (ascii, other) = letters.fold((0_usize, 0_usize), |(ascii, other), c| {
        if c.is_ascii() {
            (ascii + 1, other)
        } else {
            (ascii, other + 1)
        }
    });
    if ascii < 9 * other {
        return false;
    }
    let foreign = FOREIGN.split_ascii_whitespace();
    let foreign: usize = foreign
        .map(|foreign| words.iter().filter(|word| *word == foreign).count())
        .sum();
    let ours = words.iter().filter(|word| class(word) != Class::Content);
    foreign <= ours.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(prompt: &str) -> Tier {
        tier(prompt, History::None)
    }

    #[test]
    fn what_changes_with_the_day_is_not_cached() {
        for prompt in [
            "What is the latest Bitcoin price?",
            "Who won yesterday's match?",
            "Who won yesterday’s match?",
            "What time is it in Oslo?",
            "How is the WEATHER in Rome",
            "Wie ist das Wetter in Rom?",
            "Quelle heure est-il ?",
            "今天天气怎么样",
            "Какая сегодня погода?",
        ] {
            assert_eq!(alone(prompt), Tier::None, "{prompt}");
        }
    }

    #[test]
    fn words_that_only_look_like_time_are_cached() {
        for prompt in [
            "What is the difference between alternating current and direct current?",
            "How do I improve my credit score?",
            "Explain price elasticity with an example.",
            "Name the snow leopard's habitat",
        ] {
            assert_eq!(alone(prompt), Tier::Semantic, "{prompt}");
        }
    }

    #[test]
    fn other_languages_and_code_have_the_exact_tier_alone() {
        for prompt in [
            "Wie koche ich Reis ohne Topf?",
            "Comment faire une tarte aux pommes ?",
            "¿Cómo puedo cocinar arroz para la cena?",
            "посчитай мне показатели рентабельности",
            "如何做米饭",
            "What does `a += 1` do in Rust?",
            "hello",
            "",
        ] {
            assert_eq!(alone(prompt), Tier::Exact, "{prompt}");
        }
    }

    #[test]
    fn follow_ups_have_the_exact_tier_alone() {
        let after = |prompt| tier(prompt, History::Some);

        assert_eq!(after("And the second one?"), Tier::Exact);
        assert_eq!(after("Why?"), Tier::Exact);
        assert_eq!(
            after("Write the same poem about autumn rain again"),
            Tier::Exact
        );
        assert_eq!(
            after("How do noise cancelling headphones filter engine sound?"),
            Tier::Semantic
        );
    }

    #[test]
    fn huge_prompts_end_soon() {
        for piece in ["now ", "current density ", "а", "天", "' "] {
            let _ = alone(&piece.repeat(100_000 / piece.len()));
        }
        assert_eq!(alone(&"word ".repeat(20_000)), Tier::Exact);
    }
}
