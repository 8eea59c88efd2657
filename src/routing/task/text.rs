//! Classes of characters, and a text as words and marks.
//!
//! The classes are ranges and not the standard library's, so that Python and
//! every version of Unicode agree on them. `models/task/features.py` is alike.

/// How many characters stand before the cut.
pub(super) const HEAD: usize = 1_500;
/// How many characters count at the end of what is cut.
pub(super) const TAIL: usize = 400;
/// How many characters the shape and the language are read off.
pub(super) const WINDOW: usize = 2_000;

/// Whether a character is part of a word.
pub(super) const fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    !is_mark(c)
}

/// Whether a character beyond ASCII is punctuation, a symbol or an emoji.
const fn is_mark(c: char) -> bool {
    matches!(
        c as u32,
        0x80..=0xA9
            | 0xAB..=0xB4
            | 0xB6..=0xB9
            | 0xBB..=0xBF
            | 0xD7
            | 0xF7
            | 0x2000..=0x2BFF
            | 0x2E00..=0x2E7F
            | 0x3000..=0x303F
            | 0xE000..=0xF8FF
            | 0xFE00..=0xFE6F
            | 0xFEFF
            | 0xFF00..=0xFF0F
            | 0xFF1A..=0xFF20
            | 0xFFF0..=0xFFFF
            | 0x1D400..=0x1FFFF
            | 0xE0000..
    )
}

/// Whether a character is a letter.
pub(super) const fn is_letter(c: char) -> bool {
    is_word(c) && !c.is_ascii_digit() && c != '_'
}

/// Whether a character parts words and counts nothing itself.
pub(super) const fn is_space(c: char) -> bool {
    matches!(
        c as u32,
        0..=0x20 | 0xA0 | 0x2000..=0x200B | 0x2028 | 0x2029 | 0x202F | 0x3000 | 0xFEFF
    )
}

/// Returns the lower case of a letter of the European alphabets.
pub(super) fn lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c as u32 {
        0xC0..0x590 => c.to_lowercase().next().unwrap_or(c),
        _ => c,
    }
}

/// Returns the first `count` characters of `text`, and the rest.
pub(super) fn cut(text: &str, count: usize) -> (&str, &str) {
    // No character takes more than four bytes or less than one.
    if text.len() <= count {
        return (text, "");
    }
    let at = text.char_indices().nth(count).map_or(text.len(), |it| it.0);
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// Returns the last `count` characters of `text`.
pub(super) fn ending(text: &str, count: usize) -> &str {
    let mut starts = text.char_indices().rev();
    let at = count.checked_sub(1).and_then(|last| starts.nth(last));
    match at {
        Some((at, _)) => text.get(at..).unwrap_or(text),
        None if count == 0 => "",
        None => text,
    }
}

/// A word or a single mark, with the byte at which it starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Word(&'a str),
    Mark(char),
}

/// Splits `text` into words and marks, spaces left out.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(is_space);
        let first = rest.chars().next()?;
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (piece, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(if is_word(first) {
            Piece::Word(piece)
        } else {
            Piece::Mark(first)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_marks_part_without_spaces() {
        let found: Vec<_> = pieces(" don't_x  «né» 中文。").collect();

        let expected = [
            Piece::Word("don"),
            Piece::Mark('\''),
            Piece::Word("t_x"),
            Piece::Mark('«'),
            Piece::Word("né"),
            Piece::Mark('»'),
            Piece::Word("中文"),
            Piece::Mark('。'),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn cuts_fall_between_characters() {
        assert_eq!(cut("äöü", 2), ("äö", "ü"));
        assert_eq!(cut("äöü", 9), ("äöü", ""));
        assert_eq!(ending("äöü", 2), "öü");
        assert_eq!(ending("äöü", 9), "äöü");
        assert_eq!(ending("äöü", 0), "");
        assert_eq!(ending("", 3), "");
    }
}
