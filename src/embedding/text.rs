//! What of a text is embedded.

use super::model::MAX_TOKENS;
use crate::domain::EmbedderError;

/// How many characters may matter: the tokenizer reads all that it is given
/// before it cuts (0.5 s for 1 MB, measured 2026-11-22), and English has about
/// five characters a token.
const MAX_CHARACTERS: usize = 8 * MAX_TOKENS;

/// Returns the beginning of a text, without the blanks before and behind it.
///
/// # Errors
/// [`EmbedderError::Blank`] if nothing is left.
pub(super) fn prepared(text: &str) -> Result<String, EmbedderError> {
    let text = text.trim_start();
    let end = text.char_indices().nth(MAX_CHARACTERS);
    let start = end.and_then(|(end, _)| text.get(..end)).unwrap_or(text);
    let start = start.trim_end();
    if start.is_empty() {
        return Err(EmbedderError::Blank);
    }
    Ok(start.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_no_text() {
        for blank in ["", " ", "\n\t\u{a0}\u{3000}"] {
            assert_eq!(prepared(blank), Err(EmbedderError::Blank), "{blank:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ü€🦀".repeat(MAX_CHARACTERS);

        let start = prepared(&long).unwrap();

        assert_eq!(start.chars().count(), MAX_CHARACTERS);
        assert!(long.starts_with(&start));
    }

    #[test]
    fn blanks_before_a_text_take_no_room() {
        let text = " ".repeat(2 * MAX_CHARACTERS) + "how are you? ";

        assert_eq!(prepared(&text).unwrap(), "how are you?");
    }
}
