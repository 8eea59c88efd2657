//! Which texts are only trimmed: code, notation, and those whose very writing
//! is in question.

use super::marks;

/// Characters of code and formulas that prose seldom has. On the development
/// stream no question with one of them came again in other words.
const CODE: [char; 14] = [
    '`', '{', '}', '[', ']', ';', '\\', '<', '>', '=', '^', '|', '~', '*',
];

/// How words about spelling, case and punctuation begin.
const WRITING: [&str; 24] = [
    "apostroph",
    "capitalisa",
    "capitalise",
    "capitalisi",
    "capitaliza",
    "capitalize",
    "capitalizi",
    "copyedit",
    "gramma",
    "hyphen",
    "indentation",
    "lowercas",
    "miscapitali",
    "mispunctuat",
    "misspel",
    "orthograph",
    "parenthes",
    "proofread",
    "punctuat",
    "semicolon",
    "spell",
    "uncapitali",
    "uppercas",
    "whitespace",
];

/// Further such words, and pairs of words.
const WRITING_TERMS: [&str; 26] = [
    "comma",
    "commas",
    "ellipsis",
    "spelt",
    "typo",
    "typos",
    "capital letter",
    "capital letters",
    "small letters",
    "upper case",
    "lower case",
    "title case",
    "sentence case",
    "camel case",
    "snake case",
    "case sensitive",
    "all caps",
    "double space",
    "double spaces",
    "extra spaces",
    "line break",
    "line breaks",
    "full stop",
    "question mark",
    "exclamation mark",
    "quotation marks",
];

/// Tells whether a text, folded, is taken as it stands.
pub(super) fn is_literal(text: &str) -> bool {
    is_notation(text) || has_single_quotes(text) || is_about_writing(text)
}

/// Tells whether a text holds code or notation, or a text whose writing is in
/// question: what distinguishes it may be a sign or a capital.
pub(super) fn is_notation(text: &str) -> bool {
    let has_text = || {
        text.contains([':', '\n', '"', '\''])
            || words(text).any(|word| matches!(&*word, "this" | "these" | "following" | "sentence"))
    };
    text.contains(CODE)
        || text.contains("::")
        || is_indented(text)
        || has_glued_sign(text)
        || has_lone_signs(text)
        || marks::has_telling_mark(text)
        || text.matches('"').count() % 2 == 1
        || (is_about_writing(text) && has_text())
}

/// Indentation may be syntax.
fn is_indented(text: &str) -> bool {
    let mut lines = text.lines().skip(1);
    lines.any(|line| line.starts_with(char::is_whitespace) && !line.trim().is_empty())
}

/// A call such as `f(x)`, empty parentheses, a name such as `a_b`, or `$a`.
fn has_glued_sign(text: &str) -> bool {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let is_glued = match c {
            '(' => before.is_alphabetic() || next == ')',
            '_' => before.is_alphanumeric() || next.is_alphanumeric(),
            '$' => next.is_alphabetic() || next == '_',
            _ => false,
        };
        if is_glued {
            return true;
        }
        before = c;
    }
    false
}

/// Words that no sentence ends with: a sign after them is named.
const NAMING: [&str; 12] = [
    "and", "are", "between", "called", "is", "of", "operator", "or", "the", "use", "vs", "with",
];

/// Punctuation that stands by itself is spoken about ("what does ?? do"),
/// unless it ends a sentence ("what is up ?").
fn has_lone_signs(text: &str) -> bool {
    let mut before = "";
    let mut chunks = text.split_whitespace().peekable();
    while let Some(chunk) = chunks.next() {
        let next = chunks.peek().and_then(|next| next.chars().next());
        let is_lone = chunk.chars().all(|c| c.is_ascii_punctuation());
        let is_end = chunk.chars().all(|c| matches!(c, '.' | '!' | '?'));
        let is_named = before.ends_with(':') || NAMING.contains(&&*before.to_ascii_lowercase());
        let is_spoken_about = match next {
            None => !is_end || is_named,
            Some(next) if chunk.len() == 1 => {
                matches!(chunk, "." | "!" | "?" | ":" | "'") && (is_named || next.is_lowercase())
            }
            Some(_) => true,
        };
        if is_lone && is_spoken_about && !matches!(chunk, "," | "-" | "--" | "\"") {
            return true;
        }
        before = chunk;
    }
    false
}

/// An apostrophe before a word and not within one.
fn has_single_quotes(text: &str) -> bool {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let opens = !before.is_alphanumeric() && chars.peek().is_some_and(|c| !c.is_whitespace());
        if c == '\'' && opens {
            return true;
        }
        before = c;
    }
    false
}

fn is_about_writing(text: &str) -> bool {
    let mut before = String::new();
    for word in words(text).filter(|word| word != "the") {
        let pair = format!("{before} {word}");
        let is_mended = matches!(&*before, "correct" | "fix" | "edit" | "check")
            && matches!(&*word, "this" | "these" | "following");
        if is_mended
            || WRITING.iter().any(|begin| word.starts_with(begin))
            || WRITING_TERMS.contains(&&*word)
            || WRITING_TERMS.contains(&&*pair)
        {
            return true;
        }
        before = word;
    }
    false
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}
