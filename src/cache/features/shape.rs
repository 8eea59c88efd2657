//! Arithmetic of word order and closed classes of words.

use super::super::words::Word;

/// Shared elements / all elements of two sorted multisets; 1 if both are empty.
pub(super) fn overlap<T: Ord>(a: &[T], b: &[T]) -> f32 {
    let shared = shared(a, b);
    let all = a.len() + b.len() - shared;
    if all == 0 { 1.0 } else { ratio(shared, all) }
}

/// Elements of two sorted multisets that have no partner.
pub(super) fn multiset_distance<T: Ord>(a: &[T], b: &[T]) -> usize {
    a.len() + b.len() - 2 * shared(a, b)
}

fn shared<T: Ord>(a: &[T], b: &[T]) -> usize {
    let (mut rest_a, mut rest_b) = (a, b);
    let mut shared = 0;
    while let ([first_a, after_a @ ..], [first_b, after_b @ ..]) = (rest_a, rest_b) {
        match first_a.cmp(first_b) {
            std::cmp::Ordering::Less => rest_a = after_a,
            std::cmp::Ordering::Greater => rest_b = after_b,
            std::cmp::Ordering::Equal => {
                shared += 1;
                (rest_a, rest_b) = (after_a, after_b);
            }
        }
    }
    shared
}

/// The share of pairs that stand in the other order; at most 32 are compared.
pub(super) fn inversions(places: &[usize]) -> f32 {
    let places = places.get(..32).unwrap_or(places);
    let (mut inverted, mut pairs) = (0, 0);
    for (index, first) in places.iter().enumerate() {
        for second in places.iter().skip(index + 1) {
            pairs += 1;
            inverted += usize::from(second < first);
        }
    }
    if pairs == 0 {
        0.0
    } else {
        ratio(inverted, pairs)
    }
}

/// The share of neighbours that stand in the other order.
pub(super) fn descents(places: &[usize]) -> f32 {
    let steps = places.len().saturating_sub(1);
    let down = places.windows(2).filter(|pair| match pair {
        [first, second] => second < first,
        _ => false,
    });
    let down = down.count();
    if steps == 0 { 0.0 } else { ratio(down, steps) }
}

/// The share of the longer text that lies in a common beginning or end.
pub(super) fn edges(a: &[Word], b: &[Word]) -> f32 {
    let longer = a.len().max(b.len());
    let shorter = a.len().min(b.len());
    if longer == 0 {
        return 1.0;
    }
    let same = |(a, b): &(&Word, &Word)| a.text == b.text;
    let front = a.iter().zip(b).take_while(same).count();
    let back = a.iter().rev().zip(b.iter().rev()).take_while(same).count();
    ratio((front + back).min(shorter), longer)
}

fn ratio(part: usize, whole: usize) -> f32 {
    let float = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX));
    float(part) / float(whole)
}

/// Prepositions that give direction, side or part.
pub(super) fn preposition(word: &str) -> Option<&'static str> {
    const ALL: [&str; 18] = [
        "from", "to", "in", "on", "at", "for", "with", "by", "into", "onto", "than", "as",
        "between", "among", "through", "via", "per", "versus",
    ];
    ALL.into_iter().find(|&known| known == word)
}

/// What is possible, due or to come.
pub(super) fn modality(word: &str) -> Option<&'static str> {
    match word {
        "can" | "could" | "may" | "might" => Some("can"),
        "should" | "ought" | "must" | "shall" => Some("should"),
        "will" | "would" => Some("will"),
        _ => None,
    }
}

/// The past.
pub(super) fn tense(word: &str) -> Option<&'static str> {
    matches!(word, "did" | "was" | "were" | "had" | "been").then_some("past")
}

/// Who else is spoken about.
pub(super) fn third_person(word: &str) -> Option<&'static str> {
    match word {
        "he" | "him" | "his" | "himself" => Some("he"),
        "she" | "her" | "hers" | "herself" => Some("she"),
        "they" | "them" | "their" | "theirs" | "themselves" => Some("they"),
        "it" | "its" | "itself" => Some("it"),
        _ => None,
    }
}

/// Whose thing or deed it is, if the asker's or anybody's.
pub(super) fn asker(word: &str) -> Option<&'static str> {
    match word {
        "i" | "me" | "myself" | "we" | "us" | "you" | "yourself" | "one" => Some("i"),
        "my" | "mine" | "our" | "ours" | "your" | "yours" => Some("my"),
        _ => None,
    }
}

/// How parts are joined.
pub(super) fn joint(word: &str) -> Option<&'static str> {
    match word {
        "and" => Some("and"),
        "or" => Some("or"),
        "but" => Some("but"),
        "if" | "whether" => Some("if"),
        _ => None,
    }
}
