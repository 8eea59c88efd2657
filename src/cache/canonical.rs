//! The key of the exact tier: what may differ between two prompts that are
//! the same request.
//!
//! Equal keys are a hit without further question, so a rule stands here only
//! if no counter-example is known. Left out for that reason: "help me" ("help
//! me move" is not "move") and "show me"; "can you" before a verb of ability
//! ("can you write a novel in a month?"); words inside a quotation; typos.

use unicode_normalization::UnicodeNormalization;

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

/// Returns the key under which a prompt is the same request as another.
///
/// Case, blanks, Unicode form, punctuation between words, contractions and
/// politeness at either end do not count. Digits, operators, signs, `#`, `+`
/// and `.` before a word do, and so do parentheses beside an operator. A
/// prompt with a backtick, a brace or indented lines may be code: only its
/// outer blanks are dropped. Never empty unless the prompt is blank. Takes
/// time linear in the prompt.
#[must_use]
pub fn canonical_key(prompt: &str) -> String {
    let trimmed = prompt.trim();
    if looks_like_code(trimmed) {
        return trimmed.to_owned();
    }
    let folded = fold(trimmed);
    let mut tokens = tokens(&folded);
    strip_frames(&mut tokens);
    let key = expand(&tokens);
    if key.is_empty() { folded } else { key }
}

/// Returns one form of letters that are written in several.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' | '\u{02bc}' | '\u{00b4}' => '\'',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            other => other,
        })
        .collect()
}

fn looks_like_code(text: &str) -> bool {
    text.contains(['`', '{'])
        || text.lines().skip(1).any(|line| {
            (line.starts_with("  ") || line.starts_with('\t')) && !line.trim().is_empty()
        })
}

/// A word, number or sign, and whether a pause comes right after it.
#[derive(Debug)]
struct Token<'a> {
    text: &'a str,
    is_word: bool,
    pause_after: bool,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_formula = text.contains(['+', '*', '/', '^', '=', '<', '>', '%']);
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut before = None;
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        if in_word(c) || is_joint(before, c, next) {
            let mut end = start + c.len_utf8();
            let mut last = c;
            while let Some(&(at, c)) = chars.peek() {
                let after = text.get(at + c.len_utf8()..).and_then(|t| t.chars().next());
                if !in_word(c) && !is_joint(Some(last), c, after) {
                    break;
                }
                end = at + c.len_utf8();
                last = c;
                chars.next();
            }
            before = Some(last);
            push(&mut tokens, text.get(start..end), true);
            continue;
        }
        if is_sign(c, is_formula) && !(c == '-' && is_lone(before, next)) {
            push(&mut tokens, text.get(start..start + c.len_utf8()), false);
        } else if matches!(c, '.' | ',' | '!' | '?' | ':' | ';' | '\n' | '-')
            && let Some(last) = tokens.last_mut()
        {
            last.pause_after = true;
        }
        before = Some(c);
    }
    tokens
}

fn push<'a>(tokens: &mut Vec<Token<'a>>, text: Option<&'a str>, is_word: bool) {
    if let Some(text) = text {
        tokens.push(Token {
            text,
            is_word,
            pause_after: false,
        });
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '+' || c == '#'
}

/// An apostrophe inside a word, a point or comma inside a number, or a point
/// that begins a name such as `.net`.
fn is_joint(before: Option<char>, c: char, next: Option<char>) -> bool {
    let next_is = |test: fn(char) -> bool| next.is_some_and(test);
    match c {
        '\'' => before.is_some_and(char::is_alphabetic) && next_is(char::is_alphabetic),
        '.' if before.is_none_or(|c| c.is_whitespace() || c == '"') => next_is(char::is_alphabetic),
        '.' | ',' | ':' => {
            before.is_some_and(|c| c.is_ascii_digit()) && next_is(|c| c.is_ascii_digit())
        }
        '!' => before.is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

fn is_sign(c: char, is_formula: bool) -> bool {
    match c {
        '-' | '*' | '/' | '^' | '=' | '<' | '>' | '%' | '$' | '&' | '|' | '~' | '@' | '_'
        | '\\' => true,
        '(' | ')' | '[' | ']' | '!' => is_formula,
        _ if c.is_ascii() => false,
        _ => !c.is_whitespace() && !is_typography(c),
    }
}

fn is_typography(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}' | '«' | '»' | '‹' | '›' | '…' | '•' | '·' | '¿' | '¡'
        | '。' | '、' | '「' | '」' | '\u{200b}'..='\u{200f}' | '\u{feff}')
}

/// A dash with a blank, or the end, on both sides.
fn is_lone(before: Option<char>, next: Option<char>) -> bool {
    before.is_none_or(char::is_whitespace) && next.is_none_or(char::is_whitespace)
}

fn strip_frames(tokens: &mut Vec<Token<'_>>) {
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
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let pause = |at: usize| tokens.get(at).is_some_and(|token| token.pause_after);
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

/// Returns how many tokens at the end are thanks.
fn closing(tokens: &[Token<'_>]) -> usize {
    let last = |back: usize| {
        let at = tokens.len().checked_sub(back);
        at.and_then(|at| tokens.get(at))
    };
    let text = |back: usize| last(back).map_or("", |token| token.text);
    let pause_before = |words: usize| last(words + 1).is_some_and(|token| token.pause_after);
    let thanks = match (text(3), text(2), text(1)) {
        ("thanks", "in", "advance") => 3,
        ("thanks", "so" | "very", "much") | ("thanks", "a", "lot") => 3,
        (_, "thank", "you") | (_, "please", "help") | (_, "many", "thanks") => 2,
        (_, _, "thanks" | "please" | "cheers" | "thx") => 1,
        _ => 0,
    };
    if thanks > 0 && pause_before(thanks) {
        return thanks;
    }
    let is_said = !MENTIONS.contains(&text(2)) && last(2).is_some_and(|token| token.is_word);
    usize::from(text(1) == "please" && is_said)
}

/// Writes contractions out and joins the tokens by one blank.
fn expand(tokens: &[Token<'_>]) -> String {
    let mut key = String::new();
    for token in tokens {
        let (stem, tail) = expanded(token.text);
        for part in [stem, tail] {
            if part.is_empty() {
                continue;
            }
            if part == "not" && ends_in_can(&key) {
                key.push_str("not");
                continue;
            }
            if !key.is_empty() {
                key.push(' ');
            }
            key.push_str(part);
        }
    }
    key
}

fn ends_in_can(key: &str) -> bool {
    key == "can" || key.ends_with(" can")
}

fn expanded(word: &str) -> (&str, &str) {
    match word {
        "won't" => return ("will", "not"),
        "shan't" => return ("shall", "not"),
        "can't" => return ("can", "not"),
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
        "s" if is_asked_or_pointed(stem) => (stem, "is"),
        _ => (word, ""),
    }
}

fn is_asked_or_pointed(word: &str) -> bool {
    matches!(
        word,
        "what"
            | "who"
            | "where"
            | "when"
            | "why"
            | "how"
            | "that"
            | "it"
            | "there"
            | "he"
            | "she"
            | "here"
    )
}

#[cfg(test)]
mod tests;
