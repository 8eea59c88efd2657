//! Parts of a request that have changed places.

use super::super::words::{Class, Word};

/// A part of more words is another sentence rather than a role in it.
const MAX_PART: usize = 4;

/// Compares two requests that are alike but for two parts that have changed
/// places around a middle: 0 if they are not, 1 if "and" or "or" is the middle
/// (a list in another order), 2 otherwise ("owls hunt mice", "mice hunt owls").
///
/// A part that merely moves ("in Rust, how do I …") has no middle: 0.
pub(super) fn swap(a: &[Word], b: &[Word]) -> usize {
    let (a, b) = (bare(a), bare(b));
    if a.len() != b.len() {
        return 0;
    }
    let front = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let back = a.iter().rev().zip(b.iter().rev());
    let back = back.take_while(|(a, b)| a == b).count();
    let end = a.len().saturating_sub(back);
    let (Some(a), Some(b)) = (a.get(front..end), b.get(front..end)) else {
        return 0;
    };
    // Parts of equal words at their edges were taken for front or back, so a
    // part may be longer than it seems; what remains still changed places.
    for first in 1..=MAX_PART {
        for last in 1..=MAX_PART {
            if let Some(middle) = middle(a, b, first, last) {
                let is_link =
                    |word: &&str| matches!(*word, "and" | "or" | "vs" | "versus" | "between");
                return if middle.iter().any(is_link) { 1 } else { 2 };
            }
        }
    }
    0
}

/// Returns the middle if `a` is X middle Y and `b` is Y middle X.
fn middle<'a>(a: &[&'a str], b: &[&'a str], x: usize, y: usize) -> Option<Vec<&'a str>> {
    let length = a.len();
    let inner = length.checked_sub(x + y).filter(|inner| *inner > 0)?;
    let is_swapped = a.get(..x)? == b.get(length - x..)?
        && a.get(length - y..)? == b.get(..y)?
        && a.get(x..x + inner)? == b.get(y..y + inner)?;
    is_swapped.then(|| a.get(x..x + inner).map(<[&str]>::to_vec))?
}

fn bare(words: &[Word]) -> Vec<&str> {
    let heavy = words.iter().filter(|word| {
        matches!(
            word.class,
            Class::Content | Class::Preposition | Class::Joint | Class::Negation
        )
    });
    heavy.map(|word| word.lemma.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::words::split;

    fn swap(a: &str, b: &str) -> usize {
        super::swap(&split(a), &split(b))
    }

    #[test]
    fn parts_around_a_verb_have_other_roles() {
        assert_eq!(swap("why do owls hunt mice", "why do mice hunt owls"), 2);
        assert_eq!(
            swap("turn red wine to vinegar", "turn vinegar to red wine"),
            2
        );
        assert_eq!(
            swap("is Oslo colder than Rome", "is Rome colder than Oslo"),
            2
        );
    }

    #[test]
    fn lists_and_moved_parts_keep_their_roles() {
        assert_eq!(swap("compare tea and milk", "compare milk and tea"), 1);
        assert_eq!(swap("in Rust how do I loop", "how do I loop in Rust"), 0);
        assert_eq!(swap("why do owls hunt", "why do owls hunt"), 0);
        assert_eq!(swap("", ""), 0);
        assert_eq!(swap(&"a ".repeat(400), &"b ".repeat(400)), 0);
    }
}
