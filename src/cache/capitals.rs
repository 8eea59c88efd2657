//! Words that are others in capitals: "SAD" and "sad", "China" and "china".
//!
//! Most acronyms are no words ("NASA", "GPA") and typed in small letters too;
//! their case says nothing.

use super::prompt::Prompt;
use super::words::Word;

/// Acronyms that are other words in small letters; sorted.
const ACRONYMS: [&str; 44] = [
    "ACE", "ACT", "ADD", "AIDS", "ART", "BASIC", "BAT", "CAP", "CARE", "CAT", "COD", "CORE",
    "DARE", "DASH", "DOS", "DOT", "EAR", "ELF", "ERA", "FOIL", "HEAD", "ICE", "LAMP", "MAC", "MAP",
    "MASH", "ORCA", "PET", "PIN", "PIP", "POST", "RAM", "REST", "RICE", "SAD", "SALT", "SAT",
    "SIM", "SMART", "SOAP", "SOLID", "SPA", "STEM", "SWAT",
];

/// Names that are things in small letters; sorted.
const NAMES: [&str; 4] = ["china", "jersey", "polish", "turkey"];

/// Tells whether a word as it is written is an acronym, and another word in
/// small letters.
pub(super) fn is_acronym(word: &str) -> bool {
    ACRONYMS.binary_search(&word).is_ok()
}

/// Tells whether a word as it is written is a name, and a thing in small
/// letters, unless it begins a sentence.
pub(super) fn is_name(word: &str) -> bool {
    let is_capital = word.starts_with(char::is_uppercase);
    is_capital && NAMES.binary_search(&&*word.to_lowercase()).is_ok()
}

/// Tells whether one prompt has such a word in capitals and the other has it in
/// small letters. Who uses no capitals at all may mean either with a name.
pub(super) fn differ(asked: &Prompt, stored: &Prompt) -> bool {
    has_small(asked, stored) || has_small(stored, asked)
}

fn has_small(capitals: &Prompt, small: &Prompt) -> bool {
    let knows_capitals = small.words.iter().any(|word| !word.is_small);
    let is_other = |mine: &Word| {
        let is_name = mine.is_name && NAMES.contains(&mine.text.as_str()) && knows_capitals;
        let is_told = mine.is_acronym || is_name;
        let in_small = |word: &&Word| word.is_small && word.text == mine.text;
        is_told
            && small.words.iter().any(|word| in_small(&word))
            && !capitals.words.iter().any(|word| in_small(&word))
    };
    capitals.words.iter().any(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(ACRONYMS.is_sorted());
        assert!(NAMES.is_sorted());
    }

    #[test]
    fn a_word_in_capitals_is_another() {
        let differ = |a: &str, b: &str| differ(&Prompt::read(a), &Prompt::read(b));

        assert!(differ("What is SAD?", "What is sad?"));
        assert!(differ("What is SAD?", "what is sad"));
        assert!(differ("What is a RAM upgrade?", "What is a ram upgrade?"));
        assert!(differ("Where is China made?", "Where is china made?"));
        assert!(!differ("Where is China?", "where is china"));
        assert!(!differ("What is NASA?", "What is nasa?"));
        assert!(!differ("WHAT IS SAD?", "What is sad?"));
        assert!(!differ("Does SAD make one sad?", "Does SAD make you sad?"));
    }
}
