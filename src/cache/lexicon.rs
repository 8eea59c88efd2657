//! What is known of English words: how rare they are, and which mean the same.

use std::cmp::Ordering;

/// Sorted lines `WORD RARITY [ITEM…]`; `models/verifier/lexicon.py` says how
/// it is made.
const LINES: &str = include_str!("../../models/verifier/lexicon.txt");

/// The rarity of a word that nobody knows.
pub(super) const UNKNOWN: u8 = 12;

/// What is known of one word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// 0 for the most frequent words, 10 for those of dictionaries alone.
    pub(super) rarity: u8,
    items: &'static str,
}

impl Entry {
    /// Returns what is known of a lower-case word. Takes some 17 comparisons
    /// and no memory.
    pub(super) fn of(word: &str) -> Option<Self> {
        let bytes = LINES.as_bytes();
        let (mut low, mut high) = (0, bytes.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let start = bytes.get(low..middle)?.iter().rposition(|&b| b == b'\n');
            let start = start.map_or(low, |at| low + at + 1);
            let line = bytes.get(start..)?;
            match compare(line, word) {
                Ordering::Less => {
                    let length = bytes.get(middle..)?.iter().position(|&b| b == b'\n')?;
                    low = middle + length + 1;
                }
                Ordering::Greater => high = start,
                Ordering::Equal => {
                    let rest = LINES.get(start + word.len() + 1..)?;
                    let (rest, _) = rest.split_once('\n')?;
                    return Some(Self {
                        rarity: rest.bytes().next()?.wrapping_sub(b'a'),
                        items: rest.get(1..)?,
                    });
                }
            }
        }
        None
    }

    /// Returns the base of an irregular form.
    pub(super) fn base(&self) -> Option<&'static str> {
        self.of_kind('=').next()
    }

    /// Tells whether anything is known of what it means; names have none.
    pub(super) fn has_senses(&self) -> bool {
        !self.items.trim().is_empty()
    }

    /// Tells whether a request may have one word for the other.
    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        self.share('s', other, 's')
    }

    /// Tells whether WordNet has both in one synset.
    pub(super) fn is_synonym(&self, other: &Self) -> bool {
        self.share('w', other, 'w')
    }

    /// Tells whether WordNet has them as opposites.
    pub(super) fn is_opposite(&self, other: &Self) -> bool {
        self.share('+', other, '-') || self.share('-', other, '+')
    }

    fn share(&self, mine: char, other: &Self, theirs: char) -> bool {
        self.of_kind(mine)
            .any(|a| other.of_kind(theirs).any(|b| a == b))
    }

    fn of_kind(&self, kind: char) -> impl Iterator<Item = &'static str> {
        let items = self.items.split_ascii_whitespace();
        items.filter_map(move |item| item.strip_prefix(kind))
    }
}

/// Compares the word that a line begins with. The space behind it sorts before
/// all that words consist of, so its end need not be looked for.
fn compare(line: &[u8], word: &str) -> Ordering {
    let head = line.get(..word.len()).unwrap_or(line);
    let order = head.cmp(word.as_bytes());
    order.then_with(|| match line.get(word.len()) {
        Some(b' ') => Ordering::Equal,
        _ => Ordering::Greater,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_sorted_and_whole() {
        let words: Vec<&str> = LINES
            .lines()
            .filter_map(|line| line.split_once(' ').map(|(word, _)| word))
            .collect();

        assert!(words.len() > 50_000);
        assert!(words.is_sorted_by(|a, b| a < b));
        assert!(LINES.ends_with('\n'));
        assert!(
            words
                .iter()
                .step_by(17)
                .all(|word| Entry::of(word).is_some())
        );
    }

    #[test]
    fn relations_hold_both_ways() {
        let of = |word| Entry::of(word).expect("a common word");

        assert!(of("buy").asks_the_same(&of("purchase")));
        assert!(of("purchase").is_synonym(&of("buy")));
        assert!(of("cold").is_opposite(&of("hot")));
        assert!(of("hot").is_opposite(&of("cold")));
        assert_eq!(of("went").base(), Some("go"));
        assert!(of("the").rarity < of("python").rarity);
        assert!(Entry::of("qwrtzp").is_none());
        assert!(Entry::of("").is_none());
    }
}
