//! The frame of a question: "how do I", "what is the best way to" and "ways
//! to" ask alike, "why" and "when" do not.

use super::words::{Class, Word};

/// What kind of answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A way to do something.
    How,
    /// The state of something, or how something does it.
    HowIs,
    /// How many, how long …
    Quantity,
    /// A thing.
    What,
    /// What somebody does something to or with.
    Object,
    /// A cause.
    Why,
    /// A person.
    Who,
    /// A time.
    When,
    /// A place.
    Where,
    /// Yes or no.
    YesNo,
    /// Something to be done, or no question at all.
    Command,
}

const WAYS: [&str; 12] = [
    "way",
    "ways",
    "method",
    "methods",
    "steps",
    "approach",
    "approaches",
    "technique",
    "techniques",
    "tips",
    "procedure",
    "strategies",
];

/// What may stand before a way without making it another.
const PLAIN: [&str; 22] = [
    "the",
    "a",
    "an",
    "some",
    "any",
    "of",
    "best",
    "good",
    "better",
    "most",
    "more",
    "effective",
    "efficient",
    "possible",
    "proper",
    "right",
    "correct",
    "different",
    "your",
    "great",
    "ideal",
    "various",
];

const MEASURES: [&str; 16] = [
    "many", "much", "long", "old", "far", "often", "big", "tall", "fast", "high", "deep", "large",
    "hard", "soon", "early", "late",
];

/// Returns the frame that a text opens with, and how many of its words belong
/// to it and name nothing.
pub(super) fn of(words: &[Word]) -> (Frame, usize) {
    let lead = lead(words);
    let rest = words.get(lead..).unwrap_or_default();
    let (frame, length) = question(rest);
    // "Explain how" is "how"; "explain" before a thing is a command.
    if frame == Frame::Command {
        (Frame::Command, 0)
    } else {
        (frame, lead + length)
    }
}

fn text(words: &[Word], at: usize) -> &str {
    words.get(at).map_or("", |word| word.text.as_str())
}

/// Returns how many words only introduce the question.
fn lead(words: &[Word]) -> usize {
    let mut at = 0;
    while at < 12 {
        let next = |offset: usize| text(words, at + offset);
        let step = match (next(0), next(1), next(2)) {
            ("explain" | "describe", "to", "me" | "us") => 3,
            ("please" | "hi" | "hello" | "hey" | "so" | "ok" | "explain" | "and", ..) => 1,
            (
                "can" | "could" | "would" | "will",
                "you" | "someone" | "anyone",
                "please" | "tell" | "explain" | "show" | "describe" | "help" | "give",
            ) => 2,
            ("tell" | "show" | "help" | "teach", "me" | "us", _) => 2,
            ("do" | "does", "you" | "anyone" | "anybody" | "someone", "know") => 3,
            ("i", "want" | "need", "to") if next(3) == "know" => 4,
            ("i", "would", "like") if next(3) == "to" && next(4) == "know" => 5,
            ("i", "was", "wondering") => 3,
            ("according", "to", "you") => 3,
            ("in", "your", "opinion") => 3,
            _ => break,
        };
        at += step;
    }
    at
}

fn question(words: &[Word]) -> (Frame, usize) {
    let first = text(words, 0);
    let second = text(words, 1);
    match first {
        "how" if second == "come" => (Frame::Why, 2),
        "how" if MEASURES.contains(&second) => (Frame::Quantity, 1),
        "how" if second == "to" => (Frame::How, 2),
        "how"
            if matches!(
                second,
                "is" | "are" | "was" | "were" | "does" | "did" | "has"
            ) =>
        {
            let asks_way = matches!(text(words, 2), "one" | "someone" | "anyone");
            (if asks_way { Frame::How } else { Frame::HowIs }, 2)
        }
        "how" => (Frame::How, 1),
        "what" | "which" => what(words),
        "why" => (Frame::Why, 1),
        "who" | "whom" | "whose" => (Frame::Who, 1),
        "when" => (Frame::When, 1),
        "where" => (Frame::Where, 1),
        "for" if second == "what" && text(words, 2) == "reason" => (Frame::Why, 3),
        "is" | "are" if second == "there" => way_from(words, 2).unwrap_or((Frame::YesNo, 2)),
        _ => {
            if let Some(way) = way_from(words, 0) {
                return way;
            }
            let class = words.first().map_or(Class::Content, |word| word.class);
            match class {
                Class::Auxiliary | Class::Modal => (Frame::YesNo, 1),
                _ => (Frame::Command, 0),
            }
        }
    }
}

fn what(words: &[Word]) -> (Frame, usize) {
    let second = text(words, 1);
    let third = text(words, 2);
    match second {
        "is" | "are" | "was" | "were" | "would" => {
            let from = if third == "be" { 3 } else { 2 };
            way_from(words, from)
                .or_else(|| cause_from(words, from))
                .unwrap_or((Frame::What, from))
        }
        "should" | "can" | "could" | "do" | "must" => {
            // "What should I do to", "what do I need to do to".
            let doing = (3..8).find(|&at| text(words, at) == "do" && text(words, at + 1) == "to");
            match doing {
                Some(at) if matches!(third, "i" | "you" | "we" | "one" | "someone") => {
                    (Frame::How, at + 2)
                }
                _ => (Frame::Object, 1),
            }
        }
        "does" | "did" | "will" => (Frame::Object, 1),
        "time" | "date" => (Frame::When, 2),
        _ => way_from(words, 1).unwrap_or((Frame::What, 1)),
    }
}

/// Reads "the best way to" at `from`.
fn way_from(words: &[Word], from: usize) -> Option<(Frame, usize)> {
    let mut at = from;
    while at < from + 6 && PLAIN.contains(&text(words, at)) {
        at += 1;
    }
    let is_way = WAYS.contains(&text(words, at))
        && matches!(
            text(words, at + 1),
            "to" | "of" | "for" | "i" | "you" | "we" | "one" | "in"
        );
    is_way.then_some((Frame::How, at + 2))
}

/// Reads "the reason for" at `from`.
fn cause_from(words: &[Word], from: usize) -> Option<(Frame, usize)> {
    let mut at = from;
    while at < from + 5
        && matches!(
            text(words, at),
            "the" | "a" | "some" | "main" | "real" | "actual" | "of"
        )
    {
        at += 1;
    }
    let is_cause = matches!(text(words, at), "reason" | "reasons" | "cause" | "causes")
        && matches!(
            text(words, at + 1),
            "for" | "behind" | "that" | "why" | "of"
        );
    is_cause.then_some((Frame::Why, at + 2))
}

#[cfg(test)]
mod tests {
    use super::super::words::split;
    use super::*;

    fn frame(text: &str) -> (Frame, usize) {
        of(&split(text))
    }

    #[test]
    fn ways_to_ask_for_a_way_are_one_frame() {
        for text in [
            "How do I cook rice?",
            "How to cook rice",
            "What is the best way to cook rice?",
            "What are some good ways to cook rice",
            "Best way to cook rice",
            "Is there any way to cook rice",
            "What should I do to cook rice",
            "Can you please tell me how to cook rice",
        ] {
            assert_eq!(frame(text).0, Frame::How, "{text}");
        }
    }

    #[test]
    fn other_questions_are_other_frames() {
        assert_eq!(frame("Why is rice white?").0, Frame::Why);
        assert_eq!(frame("What is the reason behind white rice?").0, Frame::Why);
        assert_eq!(frame("How many grains").0, Frame::Quantity);
        assert_eq!(frame("Should I cook rice?").0, Frame::YesNo);
        assert_eq!(frame("Cook rice").0, Frame::Command);
        assert_eq!(frame("What is the fastest way to cook rice").0, Frame::What);
        assert_eq!(frame("").0, Frame::Command);
    }
}
