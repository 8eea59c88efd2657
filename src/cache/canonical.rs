//! The key of the exact tier: what may differ between two prompts that are
//! the same request.
//!
//! Equal keys are a hit without further question, so a rule stands here only
//! if no counter-example is known. Left out for that reason: "help me" ("help
//! me move" is not "move") and "show me"; "can you" before a verb of ability
//! ("can you write a novel in a month?"); words inside a quotation; typos;
//! superscripts as digits; the case of units and formulas.

mod courtesy;
mod marks;
mod raw;
mod tokens;

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use self::courtesy::{may_quote_thanks, strip_courtesy};
use self::tokens::{Pause, Token, tokens};

/// Returns the key under which a prompt is the same request as another.
///
/// Blanks, ends of sentences, dashes between words, typographic forms,
/// contractions and courtesies at either end do not count, nor does the case
/// of most words. Digits, operators, signs, brackets, `#`, `+` and `.` before
/// a word do, and so do the case of units after a number, of words with inner
/// capitals and of a few in capitals ("CO", "IT"), and whatever stands within
/// double quotes. Code, notation and texts whose writing is in question keep all but
/// their outer blanks. Never empty unless the prompt is blank. Takes time
/// linear in the prompt.
#[must_use]
pub fn canonical_key(prompt: &str) -> String {
    let trimmed = prompt.trim();
    let folded = fold(trimmed);
    if raw::is_literal(&folded) {
        return trimmed.to_owned();
    }
    let mut tokens = tokens(&folded);
    strip_courtesy(&mut tokens);
    let key = expand(&tokens);
    if key.is_empty() {
        return folded.trim().to_owned();
    }
    key
}

/// Tells whether a prompt may hang on what the verifier does not see, which
/// reads words in lower case and drops closing thanks.
pub(super) fn is_exacting(prompt: &str) -> bool {
    let folded = fold(prompt.trim());
    if raw::is_notation(&folded) {
        return true;
    }
    let mut tokens = tokens(&folded);
    strip_courtesy(&mut tokens);
    tokens.iter().any(|token| token.is_exacting) || may_quote_thanks(&tokens)
}

/// Returns one form of characters that are written in several.
///
/// Not NFKC, which makes "10²" of "102" and "½" of "1⁄2": only full-width
/// forms and ligatures are taken apart.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return one_quote(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.nfc() {
        match c {
            // The only letter that is two in lower case.
            'İ' => plain.push_str("i\u{307}"),
            '\u{3000}' => plain.push(' '),
            // A comma of clauses, unlike that of code.
            '；' => plain.push(','),
            '\u{fb00}'..='\u{fb06}' | '\u{ff00}'..='\u{ffef}' => plain.extend(c.nfkc()),
            '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{02bc}' | '\u{00b4}' => plain.push('\''),
            '\u{201c}'..='\u{201f}' | '«' | '»' | '「' | '」' => plain.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            // The sign for micro and the letter look alike.
            '\u{00b5}' => plain.push('μ'),
            other => plain.push(other),
        }
    }
    let plain: String = plain.nfc().collect();
    Cow::Owned(one_quote(&plain).into_owned())
}

/// Returns a text with `"` for quotation marks that were typed twice.
fn one_quote(text: &str) -> Cow<'_, str> {
    if text.contains("''") || text.contains("\"\"") {
        return Cow::Owned(text.replace("''", "\"").replace("\"\"", "\""));
    }
    Cow::Borrowed(text)
}

/// Writes contractions out and joins the tokens by one blank, and by
/// commas ("let's eat, grandma"), colons and ends of lines where they were.
fn expand(tokens: &[Token<'_>]) -> String {
    let mut key = String::new();
    let mut pause = Pause::None;
    for token in tokens {
        match pause {
            Pause::Comma => key.push(','),
            Pause::Colon => key.push(':'),
            Pause::Line => key.push('\n'),
            Pause::None | Pause::Dash | Pause::Stop => {}
        }
        pause = token.pause;
        let is_dash = token.text == "-";
        let (stem, tail) = expanded(&token.text);
        for part in [stem, tail] {
            if part.is_empty() {
                continue;
            }
            if part == "not" && ends_in_can(&key) {
                key.push_str("not");
                continue;
            }
            // A dash with blanks around it would be none to who reads the key.
            let stands_first = key.is_empty() || key.ends_with('\n');
            if !(stands_first || is_dash || key == "-" || key.ends_with("\n-")) {
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
