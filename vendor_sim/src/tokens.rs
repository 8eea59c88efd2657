//! Token counts, simple enough to check by hand.

/// Tokens that a message costs beside its text.
pub(crate) const MESSAGE_TOKENS: u64 = 4;

/// Tokens that a picture or document costs: chosen, the real ones depend on
/// its size.
pub(crate) const ATTACHMENT_TOKENS: u64 = 1_000;

/// Returns how many tokens the vendors count for `text`: one for every four
/// bytes begun.
pub fn token_count(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// Returns the longest beginning of `text` that has at most `tokens` tokens.
pub(crate) fn cut(text: &str, tokens: u64) -> &str {
    let limit = usize::try_from(tokens.saturating_mul(4)).unwrap_or(usize::MAX);
    let end = (0..=limit.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_bytes_begun_are_a_token() {
        assert_eq!(token_count(""), 0);
        assert_eq!(token_count("abcd"), 1);
        assert_eq!(token_count("abcde"), 2);
    }

    #[test]
    fn a_cut_keeps_characters_whole() {
        assert_eq!(cut("abcdefgh", 1), "abcd");
        assert_eq!(cut("abc€xyz", 1), "abc");
        assert_eq!(cut("ab", 9), "ab");
    }
}
