//! A prompt as words: what each is, where it stands and what it stems from.

use super::capitals;
use super::lexicon::{Entry, UNKNOWN};

/// Words beyond this are not looked at; the embedder reads far fewer.
pub(super) const MAX_WORDS: usize = 400;

/// What a word does in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It names, tells or qualifies something.
    Content,
    /// It could be left out.
    Filler,
    /// The asker, or anybody.
    Self_,
    /// Somebody or something else.
    Third,
    /// A form of be, do or have.
    Auxiliary,
    /// can, should, will …
    Modal,
    /// It tells the part that the next words play.
    Preposition,
    /// and, or, if …
    Joint,
    /// what, how …
    Question,
    /// not, never, without …
    Negation,
}

/// One word.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// In lower case, without contraction.
    pub(super) text: String,
    /// Its base form, as far as known.
    pub(super) lemma: String,
    /// What it does.
    pub(super) class: Class,
    /// Begins with a capital though no sentence begins here.
    pub(super) is_name: bool,
    /// Begins with a small letter, or with none.
    pub(super) is_small: bool,
    /// Is in capitals, in a text that is not, and another word in small letters.
    pub(super) is_acronym: bool,
    /// What is known of the lemma of a content word; nobody asks for that of
    /// others.
    pub(super) entry: Option<Entry>,
    /// The lesser rarity of word and lemma; [`UNKNOWN`] if neither is known,
    /// or it is no content word.
    pub(super) rarity: u8,
}

/// Splits a text into at most [`MAX_WORDS`] words.
pub(super) fn split(text: &str) -> Vec<Word> {
    let has_case = text.contains(char::is_lowercase) && text.contains(char::is_uppercase);
    let mut words = Vec::new();
    let mut starts = true;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if words.len() >= MAX_WORDS {
            break;
        }
        let length = word_length(rest);
        if length == 0 {
            starts = match c {
                '.' | '!' | '?' | ':' | '\n' => true,
                '"' | '\'' | '“' | '(' | '*' | '-' => starts,
                _ if c.is_whitespace() => starts,
                _ => false,
            };
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        }
        let raw = rest.get(..length).unwrap_or_default();
        rest = rest.get(length..).unwrap_or_default();
        let is_name = has_case && !starts && c.is_uppercase();
        let known = words.len();
        push(&mut words, raw, is_name);
        for word in words.iter_mut().skip(known) {
            word.is_small = !c.is_uppercase();
            word.is_acronym = has_case && capitals::is_acronym(raw);
        }
        starts = false;
    }
    have_to(&mut words);
    words
}

/// Reads "have to" as the "must" that it is.
fn have_to(words: &mut [Word]) {
    for at in 1..words.len() {
        let Some([have, to]) = words.get_mut(at - 1..=at) else {
            continue;
        };
        if to.text == "to" && matches!(have.text.as_str(), "have" | "has" | "had") {
            *have = word("must", false);
        }
    }
}

/// Returns the length in bytes of the word at the start: letters and digits,
/// apostrophes and number points inside, `+` and `#` behind.
fn word_length(text: &str) -> usize {
    let mut end = 0;
    let mut last = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |&(_, next)| next);
        let goes_on = match c {
            _ if c.is_alphanumeric() => !matches!(last, '+' | '#'),
            '\'' | '’' => last.is_alphabetic() && next.is_alphabetic(),
            '.' | ',' => last.is_ascii_digit() && next.is_ascii_digit(),
            '+' | '#' => end > 0,
            _ => false,
        };
        // A word of absurd length is cut; its rest is the next word.
        if !goes_on || at > 200 {
            break;
        }
        end = at + c.len_utf8();
        last = c;
    }
    end
}

fn push(words: &mut Vec<Word>, raw: &str, is_name: bool) {
    let lower = raw.to_lowercase().replace('’', "'");
    // "US" and "IT" are no pronouns.
    if is_name && matches!(raw, "US" | "IT") {
        words.push(word(if raw == "US" { "usa" } else { "infotech" }, true));
        return;
    }
    let (stem, tail) = contraction(&lower);
    for text in [stem, tail] {
        if !text.is_empty() {
            words.push(word(text, is_name && text == stem));
        }
    }
}

fn contraction(word: &str) -> (&str, &str) {
    match word {
        "can't" | "cannot" | "cant" => return ("can", "not"),
        "won't" | "wont" => return ("will", "not"),
        "dont" => return ("do", "not"),
        "doesnt" => return ("does", "not"),
        "didnt" => return ("did", "not"),
        "isnt" => return ("is", "not"),
        "arent" => return ("are", "not"),
        "wasnt" => return ("was", "not"),
        "couldnt" => return ("could", "not"),
        "shouldnt" => return ("should", "not"),
        "wouldnt" => return ("would", "not"),
        "havent" => return ("have", "not"),
        "im" => return ("i", "am"),
        "whats" => return ("what", "is"),
        _ => {}
    }
    if let Some(stem) = word.strip_suffix("n't") {
        return (stem, "not");
    }
    let Some((stem, tail)) = word.split_once('\'') else {
        return (word, "");
    };
    match tail {
        "re" => (stem, "are"),
        "m" => (stem, "am"),
        "ll" => (stem, "will"),
        "ve" => (stem, "have"),
        "d" => (stem, "would"),
        "s" if !matches!(class(stem), Class::Content) => (stem, "is"),
        "s" => (stem, ""),
        _ => (word, ""),
    }
}

fn word(text: &str, is_name: bool) -> Word {
    let class = class(text);
    if class != Class::Content {
        return Word {
            text: text.to_owned(),
            lemma: text.to_owned(),
            class,
            is_name,
            is_small: true,
            is_acronym: false,
            entry: None,
            rarity: UNKNOWN,
        };
    }
    let own = Entry::of(text);
    let lemma = lemma(text, own);
    let entry = if lemma == text {
        own
    } else {
        Entry::of(&lemma)
    };
    let known = [own, entry].into_iter().flatten().map(|e| e.rarity).min();
    Word {
        text: text.to_owned(),
        lemma,
        class,
        is_name,
        is_small: true,
        is_acronym: false,
        entry,
        rarity: known.unwrap_or(UNKNOWN),
    }
}

/// Returns the base form of a content word: irregular forms by the lexicon,
/// regular endings where the lexicon knows what is left, British spelling as
/// American.
fn lemma(text: &str, own: Option<Entry>) -> String {
    if let Some(base) = own.and_then(|entry| entry.base()) {
        return base.to_owned();
    }
    let is_fixed = matches!(
        text,
        "news" | "species" | "series" | "lens" | "physics" | "during"
    );
    if text.len() < 4 || is_fixed || !text.bytes().all(|b| b.is_ascii_lowercase()) {
        return text.to_owned();
    }
    let rarity = own.map_or(UNKNOWN, |entry| entry.rarity);
    let best = stems(text)
        .into_iter()
        .filter(|stem| stem.len() > 2 && class(stem) == Class::Content)
        .filter_map(|stem| Entry::of(&stem).map(|entry| (entry.rarity, stem)))
        .min_by_key(|(rarity, _)| *rarity);
    match best {
        // "morning" is no form of the rare "morn".
        Some((stem_rarity, stem)) if stem_rarity <= rarity.saturating_add(3) => american(stem),
        _ if own.is_none() && text.ends_with('s') && !text.ends_with("ss") => {
            american(text.trim_end_matches('s').to_owned())
        }
        _ => american(text.to_owned()),
    }
}

/// Lists what a regular form may come from.
fn stems(text: &str) -> Vec<String> {
    let mut stems = Vec::new();
    if let Some(stem) = text.strip_suffix("ies").or(text.strip_suffix("ied")) {
        stems.push(format!("{stem}y"));
    }
    if let Some(stem) = text.strip_suffix('s') {
        if !stem.ends_with(['s', 'u', 'i']) {
            stems.push(stem.to_owned());
        }
        if let Some(stem) = stem.strip_suffix('e')
            && stem.ends_with(['s', 'x', 'z', 'h', 'o'])
        {
            stems.push(stem.to_owned());
        }
    }
    if let Some(stem) = text.strip_suffix("ing").or(text.strip_suffix("ed")) {
        stems.push(stem.to_owned());
        stems.push(format!("{stem}e"));
        let mut letters = stem.chars().rev();
        if letters.next() == letters.next() {
            let shorter = stem.char_indices().next_back().map_or(0, |(at, _)| at);
            stems.push(stem.get(..shorter).unwrap_or_default().to_owned());
        }
    }
    stems
}

fn american(lemma: String) -> String {
    const ENDINGS: [(&str, &str); 7] = [
        ("isation", "ization"),
        ("ise", "ize"),
        ("yse", "yze"),
        ("our", "or"),
        ("tre", "ter"),
        ("ogue", "og"),
        ("ence", "ense"),
    ];
    match lemma.as_str() {
        "programme" => return "program".to_owned(),
        "grey" => return "gray".to_owned(),
        "cheque" => return "check".to_owned(),
        _ => {}
    }
    for (british, american) in ENDINGS {
        if let Some(stem) = lemma.strip_suffix(british) {
            let other = format!("{stem}{american}");
            if stem.len() > 2 && Entry::of(&other).is_some() {
                return other;
            }
        }
    }
    lemma
}

/// Returns what a lower-case word does in a sentence.
pub(super) fn class(word: &str) -> Class {
    match word {
        "not" | "no" | "never" | "without" | "none" | "neither" | "nor" | "non" | "except"
        | "unless" | "nobody" | "nothing" | "nowhere" => Class::Negation,
        "i" | "me" | "my" | "mine" | "myself" | "we" | "us" | "our" | "ours" | "ourselves"
        | "you" | "your" | "yours" | "yourself" | "one" | "someone" | "somebody" | "anyone"
        | "anybody" | "everyone" | "everybody" | "oneself" | "u" | "ur" => Class::Self_,
        "he" | "she" | "him" | "her" | "his" | "hers" | "himself" | "herself" | "they" | "them"
        | "their" | "theirs" | "themselves" | "it" | "its" | "itself" => Class::Third,
        "is" | "are" | "am" | "be" | "been" | "being" | "was" | "were" | "do" | "does" | "did"
        | "done" | "doing" | "has" | "have" | "had" | "having" => Class::Auxiliary,
        "can" | "could" | "may" | "might" | "should" | "ought" | "must" | "shall" | "will"
        | "would" => Class::Modal,
        "of" | "to" | "from" | "in" | "on" | "at" | "for" | "with" | "by" | "about" | "into"
        | "onto" | "than" | "as" | "between" | "among" | "through" | "via" | "per" | "versus"
        | "vs" | "like" => Class::Preposition,
        "and" | "or" | "but" | "if" | "so" | "then" | "that" | "because" | "while" | "whether" => {
            Class::Joint
        }
        "what" | "which" | "who" | "whom" | "whose" | "when" | "where" | "why" | "how" => {
            Class::Question
        }
        "the" | "a" | "an" | "this" | "these" | "those" | "some" | "any" | "there" | "here"
        | "please" | "just" | "really" | "actually" | "very" | "also" | "too" | "ever" | "etc"
        | "thanks" | "thank" | "hi" | "hello" | "hey" | "exactly" | "basically" | "simply"
        | "such" | "quite" | "well" | "kind" | "sort" | "bit" => Class::Filler,
        _ => Class::Content,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lemmas(text: &str) -> Vec<String> {
        split(text).into_iter().map(|word| word.lemma).collect()
    }

    #[test]
    fn forms_of_a_word_have_one_lemma() {
        assert_eq!(
            lemmas("studying making stopped cities boxes children went colours organise centre"),
            [
                "study", "make", "stop", "city", "box", "child", "go", "color", "organize",
                "center"
            ]
        );
        assert_eq!(
            lemmas("morning thing spring news"),
            ["morning", "thing", "spring", "news"]
        );
    }

    #[test]
    fn contractions_are_two_words() {
        assert_eq!(
            lemmas("I can't; what’s John's"),
            ["i", "can", "not", "what", "is", "john"]
        );
    }

    #[test]
    fn signs_of_languages_and_numbers_stay() {
        assert_eq!(
            lemmas("C++ C# 1,000 3.14 a+b"),
            ["c++", "c#", "1,000", "3.14", "a+", "b"]
        );
    }

    #[test]
    fn capitals_count_inside_a_sentence_alone() {
        let names = |text: &str| -> Vec<String> {
            let words = split(text).into_iter().filter(|word| word.is_name);
            words.map(|word| word.text).collect()
        };

        assert_eq!(
            names("Why did Ann go to Rome? Because Bob did."),
            ["ann", "rome", "bob"]
        );
        assert!(names("WHY DID ANN GO").is_empty());
    }

    #[test]
    fn only_so_many_words_are_read() {
        assert_eq!(split(&"a ".repeat(50_000)).len(), MAX_WORDS);
        assert!(split(&"a".repeat(100_000)).len() <= MAX_WORDS);
        assert!(split(&"'’#+".repeat(20_000)).len() <= MAX_WORDS);
    }
}
