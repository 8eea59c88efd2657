//! JSON as other tools write it, made JSON.

use std::borrow::Cow;

/// What Python and others write for numbers that JSON does not have.
const NO_NUMBERS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];
/// The escape of half a character, as of an emoji that was cut.
const ESCAPE: usize = r"\ud83d".len();

/// Replaces halves of characters in strings by U+FFFD and, outside of strings,
/// numbers that are none by `null`. Leaves JSON as it is, and whatever else is
/// wrong.
pub(super) fn mend(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    // All before it is in `mended`.
    let (mut done, mut at) = (0, 0);
    let mut is_string = false;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, instead) = if is_string {
            in_string(rest)
        } else {
            outside(rest)
        };
        is_string ^= rest.starts_with('"');
        if let Some(instead) = instead {
            mended.push_str(text.get(done..at).unwrap_or_default());
            mended.push_str(instead);
            done = at + length;
        }
        at += length;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(mended)
}

/// Returns how long the next piece of a string is, and what to put instead.
fn in_string(rest: &str) -> (usize, Option<&'static str>) {
    if !rest.starts_with('\\') {
        // A quote that ends the string, or all up to what is of interest.
        let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
        return (plain.max(1), None);
    }
    match (unit(rest), rest.get(ESCAPE..).and_then(unit)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (2 * ESCAPE, None),
        (Some(0xD800..=0xDFFF), _) => (ESCAPE, Some(r"\ufffd")),
        // The escaped character may be a quote. It may be a long one too.
        _ => (1 + rest.chars().nth(1).map_or(0, char::len_utf8), None),
    }
}

fn outside(rest: &str) -> (usize, Option<&'static str>) {
    if let Some(none) = NO_NUMBERS.iter().find(|none| rest.starts_with(**none)) {
        return (none.len(), Some("null"));
    }
    let start = rest.chars().next().map_or(1, char::len_utf8);
    if rest.starts_with('"') {
        return (start, None);
    }
    let later = rest
        .get(start..)
        .and_then(|later| later.find(['"', '-', 'N', 'I']));
    (later.map_or(rest.len(), |later| start + later), None)
}

/// Returns the UTF-16 code unit that an escape at the beginning stands for.
fn unit(rest: &str) -> Option<u16> {
    let digits = rest.strip_prefix(r"\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn halves_of_characters_and_numbers_that_are_none_are_replaced() {
        for (text, expected) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00 \ud83d!""#, r#""\ufffd \ufffd!""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\u0041\ud83d\n""#, r#""\ufffd\u0041\ufffd\n""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#"[NaN,Infinity, -Infinity]"#, "[null,null, null]"),
            (r#"{"NaN": NaN, "\"": NaN}"#, r#"{"NaN": null, "\"": null}"#),
        ] {
            assert_eq!(mend(text), expected, "{text}");
            serde_json::from_str::<Value>(&mend(text)).unwrap();
        }
    }

    #[test]
    fn what_is_fine_or_otherwise_wrong_stays() {
        for text in [
            "",
            r#""\ud83d\ude00""#,
            r#""\\ud83d""#,
            r#""NaN \" -Infinity""#,
            r#"{"a": -1, "b": null}"#,
            r#""\ud8"#,
            r#""\u+123""#,
            "\"\\é",
            "\"\\",
            "nan, Inf",
            r"\ud83d",
        ] {
            assert!(
                matches!(mend(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    /// Pieces that rows are likely to go wrong with.
    fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
        let piece = prop::sample::select(vec![
            "\"", "\\", r"\u", r"\ud83d", r"\ude00", "d83d", "NaN", "Infinity", "-", "é", "🦀",
            "n", " ", "{", ":", "1",
        ]);
        prop::collection::vec(piece, 0..24)
    }

    proptest! {
        #[test]
        fn json_stays_as_it_is(text in any::<String>(), pieces in pieces()) {
            let text = serde_json::to_string(&[&text, &pieces.concat()]).unwrap();

            prop_assert!(matches!(mend(&text), Cow::Borrowed(same) if same == text));
        }

        #[test]
        fn a_string_without_its_halves_is_json(units in prop::collection::vec(
            prop::sample::select(vec![0x41_u16, 0x5C, 0x22, 0xD83D, 0xDE00, 0xFFFF]), 0..12)
        ) {
            // As `json.dumps` of Python writes it.
            let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let expected = String::from_utf16_lossy(&units);

            let text = format!("\"{escaped}\"");

            prop_assert_eq!(serde_json::from_str::<String>(&mend(&text)).unwrap(), expected);
        }

        #[test]
        fn mending_ends_and_has_nothing_left_to_do(pieces in pieces()) {
            let text = pieces.concat();
            let once = mend(&text).into_owned();

            prop_assert_eq!(mend(&once), once.as_str());
            if serde_json::from_str::<Value>(&text).is_ok() {
                prop_assert_eq!(once, text);
            }
        }
    }
}
