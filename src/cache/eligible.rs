//! Which tiers may answer a prompt at all.

mod time_sensitive;

use self::time_sensitive::{Timing, timing};
use super::canonical;
use super::words::{Class, class};

/// Frequent words of other languages in Latin script that English lacks.
const FOREIGN: &str = include_str!("eligible/foreign.txt");

/// A longer prompt may differ from another in what is not compared: the vector
/// reads 128 tokens, some 500 characters, the features 128 words of content.
const MAX_SEMANTIC_CHARS: usize = 500;

/// Words beyond this are not looked at, save for the time.
const MAX_WORDS: usize = 400;

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
    let timing = timing(prompt);
    if timing == Timing::Asked {
        return Tier::None;
    }
    let is_long = prompt.chars().nth(MAX_SEMANTIC_CHARS - 1).is_some();
    if is_long || timing == Timing::Mentioned || canonical::is_exacting(prompt) {
        return Tier::Exact;
    }
    let words: Vec<String> = words(prompt).take(MAX_WORDS).collect();
    if !is_english(prompt, &words) {
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

fn words(prompt: &str) -> impl Iterator<Item = String> {
    let words = prompt.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'));
    words
        .filter(|word| !word.is_empty())
        .map(|word| word.to_lowercase().replace('’', "'"))
        .map(|word| word.trim_matches('\'').to_owned())
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
            "What is the time in Tokyo?",
            "What's the time?",
            "What's the time please?",
            "What is the date?",
            "Which day of the week is it?",
            "What year is this?",
            "What month is it?",
            "What is the date in 3 days?",
            "How many days are left in the year?",
            "What is the BTC price?",
            "what is the btc price",
            "What is the Ethereum price in USD?",
            "How much is one bitcoin worth?",
            "What was Apple's closing price?",
            "Tesla stock",
            "Is it raining in London?",
            "What is the temperature in Paris?",
            "what is the temperature in paris",
            "How hot is it outside in Madrid?",
            "Who won last night's game?",
            "What are this week's best movies?",
            "Score of Lakers game",
            "What happened in the last 24 hours?",
            "What are recent developments in robotics?",
            "What's new in AI?",
            "Which shops are open?",
            "When is the next full moon?",
            "Wie ist das Datum morgen?",
            "Welches Datum haben wir?",
            "Quel jour sommes-nous ?",
            "Quel temps fait-il à Paris ?",
            "Che tempo fa a Roma?",
            "Que tempo faz em Lisboa?",
            "What is on TV ｔｏｄａｙ?",
        ] {
            assert_eq!(alone(prompt), Tier::None, "{prompt}");
        }
    }

    #[test]
    fn in_a_long_prompt_the_day_may_be_part_of_a_text() {
        let text = "She came home today and sat down. ";
        let more = "The dog had slept beside the door and the cat upon the shelf while \
                    it rained without an end upon the roof of the old house by the sea. ";

        for (prompt, tier) in [
            (format!("{text}{more}Give the story a title."), Tier::Exact),
            (
                format!("{text}{more}Give the story a title. Thanks!"),
                Tier::Exact,
            ),
            (format!("{more}Give today's story a title."), Tier::None),
            (
                format!("{more}Give today's story a title. Thank you so much in advance"),
                Tier::None,
            ),
            (
                format!("Is it raining now? {more}I would like to know."),
                Tier::None,
            ),
            (
                format!("今天天气怎么样？{more}I would like to know."),
                Tier::None,
            ),
            (
                format!("Tell me the current weather in Paris. {more}Use simple words."),
                Tier::None,
            ),
            (format!("{more}Give the story a title."), Tier::Semantic),
            (format!("{}now", "word ".repeat(500)), Tier::None),
            (
                format!("Now {}. Count the words.", "word ".repeat(500)),
                Tier::Exact,
            ),
        ] {
            assert_eq!(alone(&prompt), tier, "{prompt}");
        }
    }

    #[test]
    fn a_text_longer_than_what_is_compared_has_the_exact_tier_alone() {
        let mail = "Our company would like to rent the hall on the second floor for three \
                    years from March on and to pay the rent in advance every quarter. ";
        let ask = |ending: &str| format!("{}Write a reply that {ending}", mail.repeat(4));

        assert_eq!(alone(&ask("accepts")), Tier::Exact);
        assert_eq!(alone(&ask("declines")), Tier::Exact);
        assert_eq!(
            alone(&format!("{mail}Write a reply that declines")),
            Tier::Semantic
        );
        let pair = "green tea ".repeat(50);
        assert_eq!(alone(&pair), Tier::Exact);
        assert_eq!(alone(pair.trim_end()), Tier::Semantic);
    }

    #[test]
    fn what_hangs_on_a_sign_or_capital_has_the_exact_tier_alone() {
        for prompt in [
            "How long does a 5 MW plant take to boil the lake?",
            "How far does a signal of 5 mW travel, and of 5 MW?",
            "How toxic is CO in a closed garage?",
            "How do I dilute 5 M sulphuric acid?",
            "What does print(x) do in Python scripts?",
            "Which lines does [A-Z] match in grep output?",
            "What does the ?? operator do in C# programs?",
            "Fix the capitalisation: i went to paris last winter",
            "Translate to French: Good evening dear neighbours, thank you",
        ] {
            assert_eq!(alone(prompt), Tier::Exact, "{prompt}");
        }
        for prompt in [
            "How do I improve my English grammar for an exam?",
            "Quick question: how do ocean tides work? Thank you!",
            "What does \"carpe diem\" mean in Latin poems?",
            "What does 'carpe diem' mean in Latin poems?",
        ] {
            assert_eq!(alone(prompt), Tier::Semantic, "{prompt}");
        }
    }

    #[test]
    fn words_that_only_look_like_time_are_cached() {
        for prompt in [
            "What is the difference between alternating current and direct current?",
            "How do I improve my credit score?",
            "Explain price elasticity with an example.",
            "Name the snow leopard's habitat",
            "What is the time complexity of quicksort?",
            "What is the date of the battle of Hastings?",
            "How do I format the date in Python?",
            "What is the equilibrium price in a free market?",
            "What is the temperature in Celsius of boiling water?",
            "What is the temperature in the core of the Sun?",
            "How do I make chicken stock from bones?",
            "What were the main events of the last ice age?",
            "Why do my teeth hurt after a recent filling?",
            "Are open relationships healthy for couples?",
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
