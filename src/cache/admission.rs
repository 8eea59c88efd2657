//! Which answers are worth keeping.

/// An answer of more characters than this explains something, whatever it
/// begins with.
const MAX_REFUSAL_CHARS: usize = 600;

/// How models begin when they refuse, in lower case. Vendors that say so by
/// the reason why the answer ended are not read here.
const REFUSALS: [&str; 24] = [
    "i can't help",
    "i can't assist",
    "i can't provide",
    "i can't comply",
    "i can't do that",
    "i can't fulfill",
    "i can't create",
    "i can't discuss",
    "i cannot help",
    "i cannot assist",
    "i cannot provide",
    "i cannot comply",
    "i cannot fulfill",
    "i cannot create",
    "i am unable to",
    "i'm unable to",
    "i'm not able to",
    "i am not able to",
    "i won't",
    "i will not",
    "i must decline",
    "as an ai",
    "i'm just an ai",
    "i don't have access",
];

/// Tells whether an answer is a refusal by its words: it may be a model's
/// mood, and another call answers.
pub(super) fn is_refusal(answer: &str) -> bool {
    if answer.chars().nth(MAX_REFUSAL_CHARS).is_some() {
        return false;
    }
    let answer = answer.trim().to_lowercase().replace('’', "'");
    let sorry = [
        "i'm sorry, but ",
        "i am sorry, but ",
        "sorry, but ",
        "i'm sorry. ",
        "sorry, ",
        "i apologize, but ",
    ];
    let rest = sorry
        .iter()
        .find_map(|start| answer.strip_prefix(start))
        .unwrap_or(&answer);
    REFUSALS.iter().any(|start| rest.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_from_answers() {
        for refusal in [
            "I'm sorry, but I can't help with that.",
            "I can’t assist with that request.",
            "As an AI language model, I cannot tell.",
            "I am unable to open links.",
        ] {
            assert!(is_refusal(refusal), "{refusal}");
        }
        for answer in [
            "You can't help it: gravity pulls all masses.",
            "Sorry is a game for two to four players.",
            "The passage says: I cannot help you.",
            "",
        ] {
            assert!(!is_refusal(answer), "{answer}");
        }
        assert!(!is_refusal(&format!(
            "I won't lie: {}",
            "it works. ".repeat(100)
        )));
    }
}
