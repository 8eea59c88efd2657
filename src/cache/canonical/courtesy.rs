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
const MENTIONS: [&str; 12] = [
    "say", "saying", "said", "word", "mean", "means", "spell", "write", "to", "of", "or", "and",
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
        let frame = opening(rest);
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

/// Returns how many tokens at the start ask for nothing.
fn opening(tokens: &[Token<'_>]) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| &*token.text);
    let pause = |at: usize| {
        tokens
            .get(at)
            .is_some_and(|token| token.pause != Pause::None)
    };
    let question = |at: usize| QUESTIONS.contains(&text(at));
    match (text(0), text(1), text(2)) {
        (greeting, next, _) if GREETINGS.contains(&greeting) => {
            let called = usize::from(matches!(next, "there" | "everyone" | "team" | "all"));
            let opens = pause(0) || OPENERS.contains(&next);
            if opens { 1 + called } else { 0 }
        }
        ("good", "morning" | "afternoon" | "evening" | "day", _) if pause(1) => 2,
        ("please", ..) => 1,
        ("can" | "will", "you", ask) if REQUESTS.contains(&ask) => 2,
        ("could" | "would", "you", ask)
            if REQUESTS.contains(&ask) || POLITE_REQUESTS.contains(&ask) =>
        {
            2
        }
        ("tell", "me", "about") => 0,
        ("tell", "me", _) => 2,
        ("i", "was", "wondering") if pause(2) || question(3) => 3,
        ("i", "want" | "need", "to")
            if text(3) == "know" && (pause(3) || (question(4) && text(4) != "can")) =>
        {
            4
        }
        ("quick", "question", _) if pause(1) => 2,
        ("question", ..) if pause(0) => 1,
        ("answer", "this", _) if pause(1) => 2,
        _ => 0,
    }
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
    usize::from(text(1) == "please" && is_said)
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
