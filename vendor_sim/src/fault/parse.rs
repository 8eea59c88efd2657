//! Faults as words: `hang`, `slow:500`, `rate_limited:2`.

use std::fmt;

use serde_json::{Value, json};

use super::Fault;

/// A word that names no fault, or names one without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFaultError {
    word: String,
    reason: String,
}

impl fmt::Display for ParseFaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read fault {:?}: {}", self.word, self.reason)
    }
}

impl std::error::Error for ParseFaultError {}

pub(super) fn parse(word: &str) -> Result<Fault, ParseFaultError> {
    let (name, value) = word
        .split_once(':')
        .map_or((word, None), |(n, v)| (n, Some(v)));
    let number = || {
        value
            .and_then(|text| text.parse::<u64>().ok())
            .map_or(Value::Null, Value::from)
    };
    let document = match (name, value) {
        ("slow", Some(_)) => json!({"slow": {"ms": number()}}),
        ("drip", Some(_)) => json!({"drip": {"gap_ms": number()}}),
        ("stall" | "cut_body" | "short_body" | "reset_body", Some(_)) => {
            json!({name: {"after_bytes": number()}})
        }
        ("status" | "html_error", Some(_)) => json!({name: {"status": number()}}),
        ("huge" | "endless_line", Some(_)) => json!({name: {"bytes": number()}}),
        ("deep", Some(_)) => json!({"deep": {"levels": number()}}),
        ("finish", Some(reason)) => json!({"finish": {"reason": reason}}),
        ("rate_limited", value) => json!({"rate_limited": {"retry_after": value}}),
        (name, Some(_)) => json!({name: number()}),
        (name, None) => json!(name),
    };
    // One list of faults is enough: serde knows the names and the values.
    serde_json::from_value(document).map_err(|error| ParseFaultError {
        word: word.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_faults_are_the_same_thing() {
        let faults = [
            ("hang", Fault::Hang),
            ("slow:500", Fault::Slow { ms: 500 }),
            ("drip:10", Fault::Drip { gap_ms: 10 }),
            ("reset_body:12", Fault::ResetBody { after_bytes: 12 }),
            ("rate_limited", Fault::RateLimited { retry_after: None }),
            (
                "rate_limited:2",
                Fault::RateLimited {
                    retry_after: Some("2".to_owned()),
                },
            ),
            ("status:502", Fault::Status { status: 502 }),
            ("error_inside200", Fault::ErrorInside200),
            ("huge:100", Fault::Huge { bytes: 100 }),
            ("deep:100", Fault::Deep { levels: 100 }),
            ("endless_line:100", Fault::EndlessLine { bytes: 100 }),
            ("blocked_prompt", Fault::BlockedPrompt),
            (
                "finish:RECITATION",
                Fault::Finish {
                    reason: "RECITATION".to_owned(),
                },
            ),
        ];

        for (word, fault) in faults {
            assert_eq!(parse(word).as_ref(), Ok(&fault));
            assert_eq!(fault.to_string(), word);
        }
    }

    #[test]
    fn a_fault_is_named_the_same_in_json() {
        let fault = Fault::ErrorInside200;

        assert_eq!(serde_json::to_value(&fault).unwrap(), json!(fault.name()));
    }

    #[test]
    fn words_that_say_too_little_or_too_much_are_refused() {
        for word in [
            "",
            "explode",
            "slow",
            "slow:soon",
            "status",
            "finish",
            "hang:5",
            "status:70000",
        ] {
            assert!(parse(word).is_err(), "{word}");
        }
    }
}
