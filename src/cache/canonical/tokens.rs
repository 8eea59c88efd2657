//! A prompt as words, numbers and signs.

use std::borrow::Cow;

use super::super::capitals;

/// A word, number, sign or quotation.
#[derive(Debug)]
pub(super) struct Token<'a> {
    /// In lower case where case does not count.
    pub(super) text: Cow<'a, str>,
    /// Is no sign.
    pub(super) is_word: bool,
    /// What comes right after it.
    pub(super) pause: Pause,
    /// Is another in other case, and nothing but the case tells ("mW", "MW").
    pub(super) is_exacting: bool,
    /// Begins with a capital, in a text that is not in capitals throughout.
    pub(super) is_capital: bool,
}

/// How far a token stands from the next; the greatest where several are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pause {
    /// By a blank at most.
    None,
    /// By a dash.
    Dash,
    /// By the end of a line.
    Line,
    /// By a comma.
    Comma,
    /// By the end of a sentence.
    Stop,
    /// By a colon.
    Colon,
}

impl Pause {
    fn of(c: char) -> Self {
        match c {
            '-' => Self::Dash,
            '\n' => Self::Line,
            ',' => Self::Comma,
            '.' | '!' | '?' => Self::Stop,
            ':' => Self::Colon,
            _ => Self::None,
        }
    }
}

/// Splits a folded text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = split(text);
    fold_case(&mut tokens);
    tokens
}

fn split(text: &str) -> Vec<Token<'_>> {
    let is_formula = text.contains(['+', '/', '%']);
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut before = None;
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { break };
        let next = chars.next();
        let length = if c == '"' {
            quotation_length(rest)
        } else {
            word_length(rest, before)
        };
        if length > 0 {
            let word = rest.get(..length).unwrap_or_default();
            push(&mut tokens, word, true);
            before = word.chars().next_back();
            at += length;
            continue;
        }
        let is_dash = c == '-' && is_lone(before, next) && is_between_words(&tokens, before, rest);
        if (is_sign(c, is_formula) && !is_dash) || is_telling_dot(c, before, rest) {
            push(
                &mut tokens,
                rest.get(..c.len_utf8()).unwrap_or_default(),
                false,
            );
        } else if let Some(last) = tokens.last_mut() {
            last.pause = last.pause.max(Pause::of(c));
        }
        before = Some(c);
        at += c.len_utf8();
    }
    tokens
}

fn push<'a>(tokens: &mut Vec<Token<'a>>, text: &'a str, is_word: bool) {
    tokens.push(Token {
        text: Cow::Borrowed(text),
        is_word,
        pause: Pause::None,
        is_exacting: false,
        is_capital: false,
    });
}

/// Returns the length in bytes of the quotation at the start, marks and all.
/// Without a closing mark it goes to the end.
fn quotation_length(text: &str) -> usize {
    let inner = text.get(1..).unwrap_or_default();
    inner.find('"').map_or(text.len(), |end| end + 2)
}

fn word_length(text: &str, mut before: Option<char>) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        if !in_word(c) && !is_joint(before, c, next) {
            return at;
        }
        before = Some(c);
    }
    text.len()
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '+' || c == '#'
}

/// An apostrophe or point inside a word, a point, comma or colon inside a
/// number, or a point that begins a name or number such as `.net` and `.5`.
fn is_joint(before: Option<char>, c: char, next: Option<char>) -> bool {
    let next_is = |test: fn(char) -> bool| next.is_some_and(test);
    match c {
        '\'' => before.is_some_and(char::is_alphabetic) && next_is(char::is_alphabetic),
        '.' => before != Some('.') && next_is(char::is_alphanumeric),
        ',' | ':' => before.is_some_and(|c| c.is_ascii_digit()) && next_is(|c| c.is_ascii_digit()),
        '!' => before.is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

fn is_sign(c: char, is_formula: bool) -> bool {
    match c {
        '-' | '*' | '/' | '^' | '=' | '<' | '>' | '%' | '$' | '&' | '|' | '~' | '@' | '_'
        | '\\' | '(' | ')' => true,
        '!' => is_formula,
        _ if c.is_ascii() => false,
        _ => !c.is_whitespace() && !is_typography(c),
    }
}

fn is_typography(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}' | '‹' | '›' | '…' | '•' | '·' | '¿' | '¡'
        | '。' | '、' | '\u{200b}'..='\u{200f}' | '\u{feff}')
}

/// A dash with a blank, or the end, on both sides.
fn is_lone(before: Option<char>, next: Option<char>) -> bool {
    before.is_none_or(char::is_whitespace) && next.is_none_or(char::is_whitespace)
}

/// Tells whether a dash stands between two words of letters, or begins a line:
/// between others it may be a minus.
fn is_between_words(tokens: &[Token<'_>], before: Option<char>, rest: &str) -> bool {
    let is_plain = |word: &str| word.chars().nth(1).is_some() && word.chars().all(is_of_prose);
    let next = rest.split_whitespace().nth(1).unwrap_or_default();
    let next = next.trim_matches(|c: char| c.is_ascii_punctuation() && c != '-' && c != '+');
    // Looked at first, so that what is long before many dashes is read once.
    if !(next.is_empty() || is_plain(next)) {
        return false;
    }
    let last = tokens.last();
    let begins =
        before.is_none_or(|c| c == '\n') || last.is_none_or(|last| last.pause == Pause::Line);
    begins || last.is_some_and(|last| is_plain(&last.text))
}

fn is_of_prose(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '\'' | '"' | '-')
}

/// Tells whether a dot in the middle of a line, or dots, may be an operator:
/// beside a digit, or glued to what follows.
fn is_telling_dot(c: char, before: Option<char>, rest: &str) -> bool {
    let after = rest.get(c.len_utf8()..).unwrap_or_default();
    let next = after.chars().next();
    let digit_near = after.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let is_glued = next.is_some_and(char::is_alphanumeric);
    let begins = before.is_none_or(|c| c == '\n');
    match c {
        '·' => !begins,
        '•' => !begins && (digit_near || is_glued),
        '…' => digit_near || is_glued,
        _ => false,
    }
}

/// Turns words to lower case, save those that may be others with capitals.
fn fold_case(tokens: &mut [Token<'_>]) {
    let shouts = is_shouted(tokens);
    let mut follows_number = false;
    let mut begins = true;
    for token in tokens {
        if !token.is_word || token.text.starts_with('"') {
            follows_number &= token.text == "-";
            continue;
        }
        token.is_capital = !shouts && token.text.starts_with(char::is_uppercase);
        let letters = token.text.trim_start_matches(|c| !char::is_alphabetic(c));
        let is_joined = token.text.starts_with(|c: char| c.is_ascii_digit());
        // "4G" and "4g" are one; four gauss and four grams stand apart.
        let is_unit = is_unit(letters) && (follows_number || is_joined && letters != "G");
        // The features tell "US" and "IT" from the pronouns.
        let is_read = matches!(&*token.text, "US" | "IT");
        let is_other = !shouts && CAPITALS.contains(&&*token.text);
        let is_size = is_size(&token.text) || is_formula(&token.text);
        token.is_exacting = is_unit || is_size || is_other && !is_read;
        let ends_in_digit = token.text.ends_with(|c: char| c.is_ascii_digit());
        follows_number = is_joined && ends_in_digit && token.pause == Pause::None;
        let is_name = !begins && capitals::is_name(&token.text);
        let is_told = capitals::is_acronym(&token.text) || is_name;
        begins = matches!(token.pause, Pause::Stop | Pause::Colon | Pause::Line);
        let stays = is_unit || is_size || (!shouts && (is_told || hangs_on_case(&token.text)));
        if !stays && token.text.contains(char::is_uppercase) {
            token.text = Cow::Owned(token.text.chars().flat_map(char::to_lowercase).collect());
        }
    }
}

/// Tells whether a text is in capitals throughout, which then mean nothing.
fn is_shouted(tokens: &[Token<'_>]) -> bool {
    let words = || {
        let words = tokens.iter().filter(|token| token.is_word);
        words.filter(|token| !token.text.starts_with('"'))
    };
    let is_long = |word: &str| word.chars().filter(|c| c.is_uppercase()).count() > 2;
    let is_lower = |c: char| c.is_lowercase() && !matches!(c, 'μ' | 'ª' | 'º');
    words().any(|word| is_long(&word.text)) && !words().any(|word| word.text.contains(is_lower))
}

/// Units in small letters, of which most mean another in capitals.
const UNITS: [&str; 24] = [
    "a", "ah", "b", "bar", "bit", "bps", "c", "cal", "ev", "f", "g", "h", "hz", "j", "k", "l", "m",
    "mol", "n", "pa", "s", "t", "v", "w",
];

/// What looks like a unit and after a number seldom is one.
const NO_UNITS: [&str; 9] = ["AM", "AS", "FM", "MA", "PC", "PM", "TV", "UK", "US"];

/// Tells whether a word after a number is a unit with a capital, maybe
/// multiplied: "M", "MW", "mW", "Mb".
fn is_unit(word: &str) -> bool {
    if word.len() > 5 || !word.contains(char::is_uppercase) || NO_UNITS.contains(&word) {
        return false;
    }
    let lower = word.to_lowercase();
    let bare = lower.strip_prefix(['f', 'g', 'k', 'm', 'n', 'p', 't', 'u', 'μ']);
    [Some(&*lower), bare].into_iter().flatten().any(|unit| {
        let unit = unit
            .strip_suffix(['h', 's'])
            .filter(|unit| !unit.is_empty())
            .unwrap_or(unit);
        UNITS.contains(&unit)
    })
}

/// Tells whether a word is a size of data, which hangs on its capitals without
/// a number too: "MB", "Mb", "Mbps".
fn is_size(word: &str) -> bool {
    let prefix = word.strip_prefix(['K', 'M', 'G', 'T', 'P', 'k', 'm', 'g', 't', 'p']);
    let is_size = matches!(
        prefix,
        Some("B" | "b" | "Bs" | "bs" | "Bps" | "bps" | "bit" | "bits")
    );
    is_size && word.contains(char::is_uppercase)
}

/// Elements whose two letters are elements of their own.
const ELEMENTS: [&str; 24] = [
    "Bi", "Bk", "Cf", "Cn", "Co", "Cs", "Cu", "Hf", "Ho", "Hs", "In", "Nb", "Nh", "Ni", "No", "Np",
    "Os", "Pb", "Po", "Pu", "Sc", "Si", "Sn", "Yb",
];

/// Tells whether a word is a formula that is another in capitals: "Co2" and
/// "CO2", which is typed in small letters too.
fn is_formula(word: &str) -> bool {
    let rest = ELEMENTS
        .iter()
        .find_map(|element| word.strip_prefix(element));
    rest.is_some_and(|rest| rest.starts_with(char::is_numeric))
}

/// Words in capitals that are others in small letters or with one capital:
/// "CO" and "Co", "IT", "WHO".
const CAPITALS: [&str; 8] = ["CO", "HF", "IT", "ME", "NO", "PO", "US", "WHO"];

/// Tells whether a word within prose may be another in small letters: one of
/// the above, or with capitals inside ("HCl", "userName"). A first capital is
/// a name's or a sentence's, and acronyms are typed in small letters too.
fn hangs_on_case(word: &str) -> bool {
    // "ISPs" is but the plural of an acronym.
    let stem = word.strip_suffix('s').unwrap_or(word);
    let has_inner = word.chars().skip(1).any(char::is_uppercase);
    let is_mixed = has_inner && stem.contains(char::is_lowercase) && !word.contains('\'');
    is_mixed || CAPITALS.contains(&word)
}
