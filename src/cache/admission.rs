//! Which answers are worth keeping.

/// An answer of more characters than this explains something, whatever it
/// begins with.
const MAX_REFUSAL_CHARS: usize = 600;

/// How models say that they are sorry, in lower case and without "very".
const APOLOGIES: [&str; 9] = [
    "i'm sorry",
    "i am sorry",
    "sorry",
    "i apologize",
    "i apologise",
    "my apologies",
    "unfortunately",
    "i'm afraid",
    "i am afraid",
];

/// What may stand between an apology and its reason.
const LINKS: [&str; 5] = ["but ", "however ", "that ", "for ", "and "];

/// How models begin when they refuse, whatever the verb is: a false alarm
/// costs a hit. Vendors that say so by the reason why the answer ended are not
/// read here.
const REFUSALS: [&str; 26] = [
    "i can't ",
    "i cannot ",
    "i can not ",
    "i won't ",
    "i will not ",
    "i'm unable ",
    "i am unable ",
    "i'm not able ",
    "i am not able ",
    "i'm not comfortable ",
    "i am not comfortable ",
    "i'm not allowed ",
    "i am not allowed ",
    "i do not have ",
    "i don't have ",
    "i must decline",
    "i have to decline",
    "i need to decline",
    "as an ai",
    "as a language model",
    "as a large language model",
    "i'm an ai",
    "i am an ai",
    "i'm just an ai",
    "i am just an ai",
    "i'm only an ai",
];

/// What cannot be done, after an apology anywhere in its sentence.
const INABILITIES: [&str; 6] = [
    " i can't ",
    " i cannot ",
    " i can not ",
    " i'm unable ",
    " i'm not able ",
    " i won't ",
];

/// Apologies of other languages, and what cannot be done in them; either
/// alone may be the translation that was asked for.
const FOREIGN: [(&str, &[&str]); 13] = [
    ("es tut mir leid", &["kann ich", "ich kann", "darf ich"]),
    ("tut mir leid", &["kann ich", "ich kann", "darf ich"]),
    ("entschuldigung", &["kann ich", "ich kann", "darf ich"]),
    ("leider", &["kann ich", "darf ich"]),
    ("je suis désolé", &["je ne peux", "je ne suis pas"]),
    ("désolé", &["je ne peux", "je ne suis pas"]),
    ("lo siento", &["no puedo"]),
    ("desculpe", &["não posso", "não consigo"]),
    ("mi dispiace", &["non posso"]),
    ("het spijt me", &["kan ik", "ik kan"]),
    ("抱歉", &["无法", "不能"]),
    ("对不起", &["无法", "不能"]),
    ("申し訳", &["できません"]),
];

/// Tells whether an answer is a refusal by its words: it may be a model's
/// mood, and another call answers.
pub(super) fn is_refusal(answer: &str) -> bool {
    if answer.chars().nth(MAX_REFUSAL_CHARS).is_some() {
        return false;
    }
    let answer = answer.to_lowercase().replace('’', "'");
    // Marks of emphasis and quotation say nothing.
    let answer: String = answer
        .chars()
        .filter(|c| !matches!(c, '*' | '_' | '#' | '>' | '"' | '`'))
        .collect();
    let answer = answer.trim();
    let is_foreign = FOREIGN.iter().any(|(sorry, cannot)| {
        let rest = answer.strip_prefix(sorry);
        rest.is_some_and(|rest| cannot.iter().any(|cannot| rest.contains(cannot)))
    });
    let mut rest = answer;
    while let Some(after) = after_apology(rest) {
        rest = after;
    }
    let is_sorry = rest.len() < answer.len();
    let end = rest.find(['.', '\n']).unwrap_or(rest.len());
    let sentence = rest.get(..end).unwrap_or(rest);
    is_foreign
        || REFUSALS.iter().any(|start| rest.starts_with(start))
        || (is_sorry && INABILITIES.iter().any(|words| sentence.contains(words)))
}

/// Returns what follows an apology at the start; `None` without one.
fn after_apology(answer: &str) -> Option<&str> {
    let said = ["really ", "very ", "so ", "truly "]
        .iter()
        .find_map(|much| {
            let (subject, rest) = answer.split_once(much)?;
            let is_subject = matches!(subject, "i'm " | "i am ");
            (is_subject && rest.starts_with("sorry")).then_some(rest)
        });
    let said = said.unwrap_or(answer);
    let rest = APOLOGIES
        .iter()
        .find_map(|sorry| said.strip_prefix(sorry))?;
    let is_pause =
        |c: char| c.is_whitespace() || matches!(c, ',' | '.' | '!' | ';' | ':' | '-' | '—' | '–');
    let bare = rest.trim_start_matches(is_pause);
    // "Sorry is a game" is about the word.
    let link = LINKS.iter().find_map(|link| bare.strip_prefix(link));
    let is_apart = rest.starts_with(|c: char| is_pause(c) && c != ' ')
        || ["i ", "i'"].iter().any(|subject| bare.starts_with(subject));
    match link {
        Some(after) => Some(after.trim_start_matches(is_pause)),
        None if is_apart => Some(bare),
        None => None,
    }
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
            "I'm sorry, I can't assist with that request.",
            "I’m sorry, I can’t help with that.",
            "I am sorry, I cannot provide that.",
            "Sorry, I can't help with that.",
            "I apologize, I cannot do that.",
            "I'm really sorry, but I can't help with that",
            "I'm afraid I can't help with that.",
            "Unfortunately, I cannot help with that request.",
            "I can't answer that.",
            "I can not help with that.",
            "I’m sorry, but I cannot discuss that.",
            "I'm not comfortable helping with that.",
            "I do not have access to real-time data.",
            "I can't browse the internet.",
            "As a language model, I cannot",
            "My apologies, but I can't help with that.",
            "**I'm sorry, but I can't help with that.**",
            "I am Sorry, but I’m unable to provide this",
            "I'm sorry, but as an AI",
            "I'm so sorry! Unfortunately, I won't do that.",
            "Sorry, but that is something I can't help with.",
            "Es tut mir leid, dabei kann ich nicht helfen.",
            "Lo siento, pero no puedo ayudarte con eso.",
            "抱歉，我无法提供帮助。",
        ] {
            assert!(is_refusal(refusal), "{refusal}");
        }
        for answer in [
            "You can't help it: gravity pulls all masses.",
            "Sorry is a game for two to four players.",
            "The passage says: I cannot help you.",
            "I'm sorry to hear that. Rest, drink water and see a doctor.",
            "Unfortunately, no. Rust has no default arguments.",
            "Es tut mir leid.",
            "Sorry",
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
