//! Stops and apostrophes that are no punctuation: parts of names, operators,
//! paths and formulas.

/// Words after which a name comes rather than the end of a sentence.
const BEFORE_NAMES: [&str; 16] = [
    "and",
    "between",
    "call",
    "called",
    "calling",
    "difference",
    "does",
    "is",
    "method",
    "of",
    "operator",
    "or",
    "the",
    "use",
    "using",
    "vs",
];

/// What goes on about a name that ends in a mark.
const AFTER_NAMES: [&str; 14] = [
    "differ",
    "function",
    "functions",
    "mean",
    "means",
    "method",
    "methods",
    "operator",
    "predicate",
    "return",
    "returns",
    "versus",
    "vs",
    "work",
];

/// Words after "and" or "do" that begin a question of its own.
const SUBJECTS: [&str; 20] = [
    "you", "i", "we", "they", "he", "she", "it", "people", "what", "which", "who", "when", "where",
    "why", "how", "is", "are", "can", "do", "if",
];

/// Tells whether a `.`, `?`, `!` or apostrophe of a text says more than where
/// a sentence or word ends.
pub(super) fn has_telling_mark(text: &str) -> bool {
    let chunks: Vec<&str> = text.split_whitespace().collect();
    (0..chunks.len()).any(|at| {
        let chunk = chunks.get(at).copied().unwrap_or_default();
        is_glued(chunk) || is_of_a_name(&chunks, at, chunk)
    })
}

/// `..5`, `?.`, `!x`, `../a`, `4!!`, `n!`, `f'`, `5'2`.
fn is_glued(chunk: &str) -> bool {
    if chunk == ".." {
        return true;
    }
    let mut before = None;
    let mut earlier = None;
    let mut chars = chunk.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let is_bound = next.is_some_and(|next| !closes(next));
        let is_lone = before.is_some_and(|c: char| {
            c.is_ascii_digit() || c.is_alphabetic() && earlier.is_none_or(|c| !in_word(c))
        });
        let is_glued = match c {
            // A single point inside is of a number or name, and stays anyway.
            '.' => {
                let is_first = !matches!(before, Some('.' | '!' | '?'));
                is_bound && !(is_first && next.is_some_and(char::is_alphanumeric))
            }
            '!' | '?' => {
                is_bound
                    || (is_lone && matches!(next, Some('!' | '?')))
                    || (c == '!' && is_lone && before.is_some_and(char::is_alphabetic))
            }
            '\'' => is_lone && !next.is_some_and(char::is_alphabetic),
            _ => false,
        };
        if is_glued {
            return true;
        }
        earlier = before;
        before = Some(c);
    }
    false
}

/// What may stand after the end of a sentence without a blank, or ends it, too.
fn closes(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '"' | '\'' | ')' | ',' | ':' | '…')
        || !(c.is_ascii() || c.is_alphanumeric())
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '\''
}

/// A name such as `save!` or `empty?`, by the words around it.
fn is_of_a_name(chunks: &[&str], at: usize, chunk: &str) -> bool {
    let Some(name) = chunk.strip_suffix(['!', '?']) else {
        return false;
    };
    let near = |at: Option<usize>| {
        let chunk = at.and_then(|at| chunks.get(at)).copied();
        chunk.unwrap_or_default()
    };
    let before = near(at.checked_sub(1)).to_ascii_lowercase();
    let is_named = BEFORE_NAMES.contains(&&*before);
    let next = near(at.checked_add(1));
    let plain = |chunk: &str| {
        chunk
            .trim_end_matches(|c: char| !c.is_alphanumeric())
            .to_owned()
    };
    let after = plain(near(at.checked_add(2)));
    if next.is_empty() {
        // "save and save!" asks about the mark.
        return chunk.ends_with('!') && is_named && chunks.contains(&name);
    }
    let goes_on = !SUBJECTS.contains(&&*after) && !after.is_empty();
    match &*plain(next) {
        "and" | "or" => goes_on && is_named,
        "do" | "does" => !SUBJECTS.contains(&&*after),
        "a" | "an" | "the" | "in" | "on" | "with" => is_named,
        word => AFTER_NAMES.contains(&word),
    }
}
