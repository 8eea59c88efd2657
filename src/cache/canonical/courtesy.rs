//! What is said at either end of a prompt and asks for nothing.

use super::tokens::{Pause, Token};

/// Words that open a message and ask for nothing.
const GREETINGS: [&str; 5] = ["hi", "hello", "hey", "greetings", "howdy"];

/// Words after which a greeting without punctuation is still a greeting.
const OPENERS: [&str; 32] = [
    "there", "everyone", "team", "all", "please", "can", "could", "would", "will", "what", "which",
    "who", "when", "where", "why", "how", "is", "are", "do", "does", "did", "should", "i", "tell",
    "explain", "write", "give", "good", "quick", "just", "may", "has",
];

/// Words that begin a question, after "I want to know" and the like.
const QUESTIONS: [&str; 18] = [
    "what", "which", "who", "whose", "when", "where", "why", "how", "is", "are", "do", "does",
    "did", "can", "could", "should", "would", "will",
];

/// What "can you" asks for rather than asks about.
const REQUESTS: [&str; 9] = [
    "please",
    "tell",
    "explain",
    "describe",
    "summarize",
    "summarise",
    "list",
    "give",
    "rewrite",
];

/// What may follow "could you" or "would you" besides.
const POLITE_REQUESTS: [&str; 7] = [
    "write",
    "provide",
    "generate",
    "create",
    "draft",
    "compose",
    "translate",
];

/// Words after which a closing "please" is spoken about, not said.
const MENTIONS: [&str; 13] = [
    "say", "saying", "said", "word", "mean", "means", "spell", "write", "to", "of", "or", "and",
    "pretty",
];

/// What is done to a text that may follow without a sign.
const TEXT_WORK: [&str; 8] = [
    "paraphrase",
    "pronounce",
    "rephrase",
    "reply",
    "rewrite",
    "reword",
    "translate",
    "translation",
];

/// Drops greetings and pleas from the start, thanks from the end, as long as
/// two words remain.
pub(super) fn strip_courtesy(tokens: &mut Vec<Token<'_>>) {
    let words = |tokens: &[Token<'_>]| tokens.iter().filter(|token| token.is_word).count();
    let mut left = words(tokens);
    let mut from = 0;
    while let Some(rest) = tokens.get(from..) {
        let frame = opening(rest, from > 0);
        let taken = words(rest.get(..frame).unwrap_or_default());
        if frame == 0 || left < taken + 2 {
            break;
        }
        left -= taken;
        from += frame;
    }
    tokens.drain(..from);
    if holds_text(tokens) {
        return;
    }
    loop {
        let frame = closing(tokens);
        let kept = tokens.len() - frame;
        let taken = words(tokens.get(kept..).unwrap_or_default());
        if frame == 0 || left < taken + 2 {
            break;
        }
        left -= taken;
        tokens.truncate(kept);
    }
}

/// Returns how many tokens at the start ask for nothing. With a capital inside
/// they may be the title of something: "Good Morning, Vietnam". `is_further`
/// if something of the kind came before.
fn opening(tokens: &[Token<'_>], is_further: bool) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| &*token.text);
    let pauses = |at: usize| pause(tokens, at) != Pause::None;
    let capital = |at: usize| tokens.get(at).is_some_and(|token| token.is_capital);
    let question = |at: usize| QUESTIONS.contains(&text(at));
    match (text(0), text(1), text(2)) {
        (greeting, next, _) if GREETINGS.contains(&greeting) => {
            let is_called = matches!(next, "there" | "everyone" | "team" | "all");
            let is_title = if is_called {
                capital(1) && !pauses(1)
            } else {
                may_be_title(tokens, 1)
            };
            let opens = pauses(0) || OPENERS.contains(&next);
            if opens && !is_title {
                1 + usize::from(is_called)
            } else {
                0
            }
        }
        ("good", "morning" | "afternoon" | "evening" | "day", _) if pauses(1) => {
            if capital(1) && may_be_title(tokens, 2) {
                0
            } else {
                2
            }
        }
        ("please", "please", _) if capital(1) => 0,
        ("please", ..) => 1,
        ("can" | "will", "you", ask) if REQUESTS.contains(&ask) => 2,
        ("could" | "would", "you", ask) if REQUESTS.contains(&ask) => 2,
        ("could" | "would", "you", ask) if POLITE_REQUESTS.contains(&ask) => {
            // "Would you write a will if you were single?" wants a yes or no.
            let is_supposed = tokens.iter().any(|token| token.text == "if");
            if is_supposed { 0 } else { 2 }
        }
        ("tell", "me", "about") => 0,
        ("tell", "me", _) if pauses(1) => 2,
        ("tell", "me", _) if (is_further || question(2)) && !capital(1) => 2,
        ("i", "was", "wondering") if pauses(2) || question(3) => 3,
        ("i", "want" | "need", "to")
            if text(3) == "know" && (pauses(3) || (question(4) && text(4) != "can")) =>
        {
            4
        }
        ("quick", "question", _) if pauses(1) => 2,
        ("question", ..) if pauses(0) => 1,
        ("answer", "this", _) if pauses(1) => 2,
        _ => 0,
    }
}

/// Returns what comes after a token.
fn pause(tokens: &[Token<'_>], at: usize) -> Pause {
    tokens.get(at).map_or(Pause::None, |token| token.pause)
}

/// Tells whether the word at `at`, which no new sentence begins with, has a
/// capital and is none that one asks with: "Hello, Dolly!".
fn may_be_title(tokens: &[Token<'_>], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let asks = |word: &str| {
        OPENERS.contains(&word)
            || QUESTIONS.contains(&word)
            || REQUESTS.contains(&word)
            || POLITE_REQUESTS.contains(&word)
            || TEXT_WORK.contains(&word)
    };
    pause(tokens, before) <= Pause::Comma
        && tokens
            .get(at)
            .is_some_and(|token| token.is_capital && !asks(&token.text))
}

/// Tells whether a prompt ends in thanks that may belong to a text in it.
pub(super) fn may_quote_thanks(tokens: &[Token<'_>]) -> bool {
    thanks(tokens) > 0 && holds_text(tokens)
}

/// Tells whether a prompt may end in a text to work on, whose thanks are part
/// of it: "Translate to French: Hello, thank you".
fn holds_text(tokens: &[Token<'_>]) -> bool {
    let before_last = tokens.split_last().map_or(tokens, |(_, before)| before);
    let is_introduced = |token: &Token<'_>| matches!(token.pause, Pause::Line | Pause::Colon);
    before_last.iter().any(is_introduced)
        || tokens.iter().any(|token| TEXT_WORK.contains(&&*token.text))
}

/// Returns how many tokens at the end are thanks.
fn closing(tokens: &[Token<'_>]) -> usize {
    let last = |back: usize| {
        let at = tokens.len().checked_sub(back);
        at.and_then(|at| tokens.get(at))
    };
    let text = |back: usize| last(back).map_or("", |token| &*token.text);
    let pause_before = |words: usize| {
        let before = last(words + 1).map(|token| token.pause);
        matches!(before, Some(Pause::Comma | Pause::Stop))
    };
    let thanks = thanks(tokens);
    if thanks > 0 && pause_before(thanks) {
        return thanks;
    }
    let is_said = !MENTIONS.contains(&text(2)) && last(2).is_some_and(|token| token.is_word);
    // "Pretty Please" is a song.
    let is_title = last(1).is_some_and(|token| token.is_capital) && !pause_before(1);
    usize::from(text(1) == "please" && is_said && !is_title)
}

/// Returns how many tokens at the end say thanks, to whomever.
fn thanks(tokens: &[Token<'_>]) -> usize {
    let text = |back: usize| {
        let at = tokens.len().checked_sub(back);
        at.and_then(|at| tokens.get(at))
            .map_or("", |token| &*token.text)
    };
    match (text(3), text(2), text(1)) {
        ("thanks", "in", "advance") => 3,
        ("thanks", "so" | "very", "much") | ("thanks", "a", "lot") => 3,
        (_, "thank", "you") | (_, "please", "help") | (_, "many", "thanks") => 2,
        (_, _, "thanks" | "please" | "cheers" | "thx") => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::canonical_key;
    use super::super::tests::{differ, same};

    #[test]
    fn politeness_at_either_end_does_not_count() {
        same(
            "Hi, could you please explain TCP? Thanks in advance!",
            "Explain TCP.",
        );
        same(
            "Quick question: how do tides work? Thank you.",
            "How do tides work?",
        );
        same(
            "I want to know: How do tides work? Please help.",
            "how do tides work",
        );
        same(
            "Can you tell me how tides work please",
            "please tell me how tides work",
        );
        same(
            "Hello there, what is the boiling point of ethanol?",
            "What's the boiling point of ethanol?",
        );
        for (a, b) in [
            ("Please, what is osmosis?", "what is osmosis"),
            ("Hello. Explain TCP", "explain TCP"),
            ("Hi, Summarize the plot", "summarize the plot"),
            ("Hi! London weather facts", "London weather facts"),
            ("Good Morning! What is TCP", "what is tcp"),
            ("Good morning, can you explain TCP", "explain tcp"),
            ("HELLO THERE, WHAT IS TCP PLEASE", "what is tcp"),
            ("Tell me what TCP is. Please", "what tcp is"),
            (
                "Could you write a haiku about rain",
                "write a haiku about rain",
            ),
        ] {
            same(a, b);
        }
    }

    #[test]
    fn thanks_within_a_text_to_work_on_stay() {
        for (a, b) in [
            (
                "Translate to French: Hello, thank you",
                "Translate to French: Hello",
            ),
            (
                "Translate to French\nHello, thank you",
                "Translate to French\nHello",
            ),
            (
                "Translate into French. Hello, thank you",
                "Translate into French. Hello",
            ),
            (
                "Put into French: \"Hello, thank you\"",
                "Put into French: \"Hello\"",
            ),
            (
                "Put into French: “Hello, thank you",
                "Put into French: “Hello",
            ),
        ] {
            differ(a, b);
        }
        same("How do tides work?\nThanks!", "How do tides work?");
    }

    #[test]
    fn frames_that_carry_meaning_stay() {
        for (a, b) in [
            ("Help me move a couch", "Move a couch"),
            ("Show me the door", "the door"),
            (
                "Can you write a novel in a month?",
                "Write a novel in a month",
            ),
            ("How do you say thank you", "How do you say"),
            (
                "How do you say please in French",
                "How do you say in French",
            ),
            ("Is it polite to say please", "Is it polite to say"),
            ("Hello world in Python", "world in Python"),
            ("I want to know you better", "you better"),
            ("Question authority figures", "authority figures"),
            ("Good morning America review", "America review"),
            ("Hey There Delilah guitar chords", "Delilah guitar chords"),
            ("Good Morning, Vietnam plot summary", "Vietnam plot summary"),
            ("Tell Me Lies plot summary", "Lies plot summary"),
            ("Tell me lies plot summary", "lies plot summary"),
            ("Tell Me Why lyrics", "why lyrics"),
            ("Hello, Dolly! cast list", "Dolly cast list"),
            ("Please Please Me lyrics", "Please me lyrics"),
            ("Who sang Pretty Please", "Who sang Pretty"),
            ("who sang pretty please", "who sang pretty"),
            (
                "Would you write a will if you were single?",
                "Write a will if you were single",
            ),
        ] {
            differ(a, b);
        }
    }

    #[test]
    fn two_words_at_least_remain() {
        same("Please help", "please HELP!");
        differ("Tell me why", "why");
        assert_eq!(canonical_key("Hello!"), "hello");
    }
}
