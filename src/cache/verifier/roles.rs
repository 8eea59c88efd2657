//! Who does what to whom: requests of the same words in which two parts, two
//! persons or two letters have changed places. The trees see too little of it.

use super::super::frames;
use super::super::prompt::Prompt;
use super::super::words::{Class, Word};

/// A part of more words is another sentence rather than a role in it.
const MAX_PART: usize = 4;

/// Tells whether two parts have changed places around a middle that is more
/// than "and" or "or", or two words that stand side by side: "sell stocks and
/// buy bonds", "are all dogs mammals".
pub(super) fn have_changed_places(asked: &Prompt, stored: &Prompt) -> bool {
    let (a, b) = (heavy(&asked.words), heavy(&stored.words));
    if a.len() != b.len() {
        return false;
    }
    let same = |((_, a), (_, b)): &(&Heavy<'_>, &Heavy<'_>)| a.lemma == b.lemma;
    let front = a.iter().zip(&b).take_while(same).count();
    let back = a.iter().rev().zip(b.iter().rev());
    let back = back.take_while(same).count();
    let end = a.len().saturating_sub(back);
    let (Some(mine), Some(theirs)) = (a.get(front..end), b.get(front..end)) else {
        return false;
    };
    if let ([x, y], [y_b, x_b]) = (mine, theirs) {
        let is_attribute = a
            .get(end)
            .is_some_and(|(_, word)| word.class == Class::Content);
        let is_exchanged = x.1.lemma == x_b.1.lemma && y.1.lemma == y_b.1.lemma;
        let are_roles = [x, y].iter().all(|(_, word)| is_role(word));
        return is_exchanged
            && are_roles
            && !is_attribute
            && !is_told_of(&asked.words, *x, *y)
            && !is_told_of(&stored.words, *y_b, *x_b);
    }
    // "Web services and Windows services": what the parts share is one of them.
    let mut lists = [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter();
    let is_list = lists.any(|(before, after)| {
        let range = front.saturating_sub(before)..end + after;
        let parts = (a.get(range.clone()), b.get(range));
        let (Some(mine), Some(theirs)) = parts else {
            return false;
        };
        middles(mine, theirs).any(|middle| middle.iter().all(|(_, word)| is_link(&word.text)))
    });
    !is_list && middles(mine, theirs).next().is_some()
}

/// What may be a doer or a deed; adverbs move freely.
fn is_role(word: &Word) -> bool {
    word.class == Class::Content && !word.text.ends_with("ly")
}

/// Tells whether one word tells a state of the other, which then may stand on
/// either side of it: "the laptop is best", "the laptop be used".
fn is_told_of(words: &[Word], first: Heavy<'_>, second: Heavy<'_>) -> bool {
    let between = words.get(first.0 + 1..second.0).unwrap_or_default();
    let is_form = |word: &Word| matches!(word.class, Class::Auxiliary | Class::Modal);
    if between.iter().any(is_form) {
        return !second.1.text.ends_with("ing");
    }
    let is_be = |word: &Word| {
        matches!(
            word.text.as_str(),
            "is" | "are" | "was" | "were" | "be" | "been"
        )
    };
    second.1.text.ends_with("ed") && words.iter().take(second.0).any(is_be)
}

fn is_link(word: &str) -> bool {
    matches!(word, "and" | "or" | "vs" | "versus" | "between")
}

/// A word that has a part to play, and where it stands.
type Heavy<'a> = (usize, &'a Word);

/// Lists the middles if `a` is X middle Y and `b` is Y middle X.
fn middles<'a>(a: &'a [Heavy<'a>], b: &'a [Heavy<'a>]) -> impl Iterator<Item = &'a [Heavy<'a>]> {
    let parts = (1..=MAX_PART).flat_map(|x| (1..=MAX_PART).map(move |y| (x, y)));
    parts.filter_map(|(x, y)| middle(a, b, x, y))
}

fn middle<'a>(a: &'a [Heavy<'a>], b: &[Heavy<'_>], x: usize, y: usize) -> Option<&'a [Heavy<'a>]> {
    let length = a.len();
    let inner = length.checked_sub(x + y).filter(|inner| *inner > 0)?;
    let same = |a: &[Heavy<'_>], b: &[Heavy<'_>]| {
        let lemmas = a.iter().map(|(_, word)| &word.lemma);
        lemmas.eq(b.iter().map(|(_, word)| &word.lemma))
    };
    let is_swapped = same(a.get(..x)?, b.get(length - x..)?)
        && same(a.get(length - y..)?, b.get(..y)?)
        && same(a.get(x..x + inner)?, b.get(y..y + inner)?);
    a.get(x..x + inner).filter(|_| is_swapped)
}

fn heavy(words: &[Word]) -> Vec<Heavy<'_>> {
    let heavy = words.iter().enumerate().filter(|(_, word)| {
        matches!(
            word.class,
            Class::Content | Class::Preposition | Class::Joint | Class::Negation
        )
    });
    heavy.collect()
}

/// A person, as who does something or whom it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Person {
    /// The asker, or anybody.
    Asker,
    He,
    She,
    They,
}

/// Tells whether a person does in one request what is done to that person in
/// the other: "can I sue my landlord", "can my landlord sue me".
pub(super) fn have_changed_sides(asked: &Prompt, stored: &Prompt) -> bool {
    if asked.lemma_set != stored.lemma_set {
        return false;
    }
    let (a, b) = (deeds(asked), deeds(stored));
    let is_turned = |one: &Deed<'_>, other: &Deed<'_>| {
        let of_persons = one.by.is_some()
            && (one.by == other.to && one.by != one.to && other.by != other.to
                || one.by != other.by && other.by.is_some() && one.to != other.to);
        // "Trust me" where the other trusts what trusts here.
        let of_thing = one.to.is_some()
            && other.to.is_none()
            && one
                .before
                .iter()
                .any(|doer| other.object == Some(*doer) && one.object.is_none());
        let is_once = |deeds: &[Deed<'_>]| {
            let same = deeds.iter().filter(|deed| deed.lemma == one.lemma);
            same.count() == 1
        };
        one.lemma == other.lemma && is_once(&a) && is_once(&b) && (of_persons || of_thing)
    };
    a.iter().any(|one| {
        b.iter()
            .any(|other| is_turned(one, other) || is_turned(other, one))
    })
}

/// A content word with the persons and things beside it.
struct Deed<'a> {
    lemma: &'a str,
    by: Option<Person>,
    to: Option<Person>,
    /// The content word that follows directly.
    object: Option<&'a str>,
    /// The content words that stand before.
    before: Vec<&'a str>,
}

fn deeds(prompt: &Prompt) -> Vec<Deed<'_>> {
    let words = prompt.words.as_slice();
    let (_, from) = frames::of(words);
    let is_light = |word: &&Word| {
        matches!(
            word.class,
            Class::Auxiliary | Class::Modal | Class::Negation | Class::Filler
        )
    };
    let content = words.iter().enumerate().skip(from);
    let content = content.filter(|(_, word)| word.class == Class::Content);
    content
        .map(|(at, word)| {
            let (before, after) = words.split_at(at);
            let after = after.get(1..).unwrap_or_default();
            let by = before.iter().rev().find(|word| !is_light(word));
            let is_own = |word: &&Word| {
                matches!(word.class, Class::Filler | Class::Self_ | Class::Third)
                    && whom(word).is_none()
            };
            let object = after.iter().find(|word| !is_own(word));
            Deed {
                lemma: &word.lemma,
                by: by.and_then(who),
                to: after.first().and_then(whom),
                object: object
                    .filter(|word| word.class == Class::Content)
                    .map(|word| word.lemma.as_str()),
                before: before
                    .iter()
                    .filter(|word| word.class == Class::Content)
                    .map(|word| word.lemma.as_str())
                    .collect(),
            }
        })
        .collect()
}

fn who(word: &Word) -> Option<Person> {
    match word.text.as_str() {
        "i" | "we" | "you" | "one" => Some(Person::Asker),
        "he" => Some(Person::He),
        "she" => Some(Person::She),
        "they" => Some(Person::They),
        _ => None,
    }
}

fn whom(word: &Word) -> Option<Person> {
    match word.text.as_str() {
        "me" | "us" | "you" | "myself" => Some(Person::Asker),
        "him" => Some(Person::He),
        "her" => Some(Person::She),
        "them" => Some(Person::They),
        _ => None,
    }
}

/// Tells whether letters that stand for something differ or have changed
/// places, where the features read an article or a pronoun: "an A minor chord"
/// and "a minor chord", "a from b" and "b from a".
pub(super) fn have_other_letters(asked: &Prompt, stored: &Prompt) -> bool {
    let (a, b) = (letters(&asked.words), letters(&stored.words));
    let count = |letters: &[&Word], text: &str| letters.iter().filter(|l| l.text == text).count();
    let has_first = |prompt: &Prompt| prompt.words.iter().any(|word| word.text == "first");
    // "World War I" is the first one.
    let is_first = has_first(asked) || has_first(stored);
    let differ =
        count(&a, "a") != count(&b, "a") || (count(&a, "i") != count(&b, "i") && !is_first);
    let has_link = |prompt: &Prompt| prompt.words.iter().any(|word| is_link(&word.text));
    let is_turned = a.len() > 1
        && b.len() > 1
        && !has_link(asked)
        && !has_link(stored)
        && !a.iter().map(|w| &w.text).eq(b.iter().map(|w| &w.text));
    differ || is_turned
}

/// Returns the lone letters that are no article or pronoun.
fn letters(words: &[Word]) -> Vec<&Word> {
    // A title has all its words in capitals.
    let is_title = words
        .iter()
        .skip(1)
        .filter(|word| word.class == Class::Content && word.text.len() > 1)
        .all(|word| word.is_name);
    let is_letter =
        |word: &Word| word.text.len() == 1 && word.text.bytes().all(|b| b.is_ascii_lowercase());
    // What is compared with a: languages and misspelt words are left out.
    let is_variable = |word: &Word| {
        matches!(
            word.text.as_str(),
            "b" | "m" | "n" | "p" | "q" | "x" | "y" | "z"
        )
    };
    let has_variable = words.iter().any(is_variable);
    let counts = |(at, word): &(usize, &Word)| {
        let before = at.checked_sub(1).and_then(|at| words.get(at));
        let text = before.map_or("", |word| word.text.as_str());
        let mut after = words.iter().skip(at + 1);
        match word.text.as_str() {
            "a" => {
                let next = after.next();
                let is_article = next.is_some_and(is_variable)
                    || (next.is_some_and(|next| next.class == Class::Content)
                        && !after.take(2).any(is_variable));
                let is_vitamin = matches!(text, "vitamin" | "vitamins" | "hepatitis" | "influenza");
                is_vitamin || (word.is_name && !is_title) || (has_variable && !is_article)
            }
            "i" => {
                let is_after_name =
                    before.is_some_and(|word| word.is_name && word.class == Class::Content);
                let is_numbered = is_after_name && !is_title;
                let is_type = matches!(text, "an" | "type" | "phase" | "stage" | "class");
                word.is_name && (is_type || is_numbered)
            }
            _ => true,
        }
    };
    let letters = words.iter().enumerate().filter(|(_, word)| is_letter(word));
    letters.filter(counts).map(|(_, word)| word).collect()
}
