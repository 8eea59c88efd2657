//! What the models say.

use serde_json::{Value, json};

use crate::dice::{Dice, hash};
use crate::schema;
use crate::tokens::{cut, token_count};

/// What matters for an answer, in no vendor's words.
pub(crate) struct Question<'a> {
    pub(crate) model: &'a str,
    /// The last text of the user.
    pub(crate) prompt: &'a str,
    pub(crate) tools: Vec<Tool<'a>>,
    pub(crate) choice: ToolChoice<'a>,
    /// Answer with a document of this schema.
    pub(crate) schema: Option<&'a Value>,
    /// How hard to think: `none` to `max`.
    pub(crate) effort: &'a str,
    /// The limit on hidden and visible output together.
    pub(crate) max_tokens: u64,
    pub(crate) stop: Vec<&'a str>,
}

/// A tool that may be called.
pub(crate) struct Tool<'a> {
    pub(crate) name: &'a str,
    /// The schema of its arguments.
    pub(crate) schema: Option<&'a Value>,
}

/// Whether a tool must be called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ToolChoice<'a> {
    Auto,
    Never,
    Any,
    Named(&'a str),
}

/// An answer in no vendor's shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) call: Option<ToolCall>,
    pub(crate) reasoning_tokens: u64,
    pub(crate) end: End,
}

/// A tool call that the model asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) arguments: Value,
}

/// Why an answer ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    Natural,
    /// The output limit.
    Length,
    /// A stop sequence, which is not part of the text.
    Sequence(String),
    ToolCall,
}

impl Answer {
    /// Returns the visible output's tokens.
    pub(crate) fn visible_tokens(&self) -> u64 {
        let call = self.call.as_ref().map_or(0, |call| {
            token_count(&call.name) + token_count(&call.arguments.to_string())
        });
        token_count(&self.text) + call
    }

    /// Returns an answer that thought until the limit.
    pub(crate) fn starved(max_tokens: u64) -> Self {
        /// Thinking where the caller set no limit. Chosen.
        const UNLIMITED: u64 = 4_096;
        Self {
            text: String::new(),
            call: None,
            reasoning_tokens: max_tokens.min(UNLIMITED),
            end: End::Length,
        }
    }
}

/// Answers. The same seed and question give the same answer.
///
/// A prompt that starts with `say: ` is answered with the rest of it. A prompt
/// that contains `call tool NAME {…}` leads to that call, if the tool exists.
pub(crate) fn compose(question: &Question<'_>, seed: u64) -> Answer {
    let mut dice = Dice::new(seed, hash(question.prompt), question.model);
    let reasoning_tokens = thinking(question.effort, &mut dice);
    let Some(left) = question
        .max_tokens
        .checked_sub(reasoning_tokens)
        .filter(|left| *left > 0)
    else {
        return Answer {
            reasoning_tokens: question.max_tokens,
            ..Answer::starved(0)
        };
    };
    if let Some(call) = requested_call(question) {
        let end = End::ToolCall;
        let answer = Answer {
            text: String::new(),
            call: Some(call),
            reasoning_tokens,
            end,
        };
        if answer.visible_tokens() <= left {
            return answer;
        }
        // Half a call is of no use to anybody; the vendors' own cut ones are
        // not valid JSON either.
        return Answer {
            call: None,
            end: End::Length,
            ..answer
        };
    }
    let (text, end) = shortened(text(question, &mut dice), &question.stop, left);
    Answer {
        text,
        call: None,
        reasoning_tokens,
        end,
    }
}

/// Returns the tokens spent on thinking. Chosen: each step about four times
/// the last, as the vendors' waiting times are.
fn thinking(effort: &str, dice: &mut Dice) -> u64 {
    let base = match effort {
        "none" => return 0,
        "minimal" => 16,
        "low" => 64,
        "medium" => 256,
        "high" => 1_024,
        "xhigh" => 4_096,
        _ => 8_192,
    };
    base + dice.between(0, base / 4)
}

fn requested_call(question: &Question<'_>) -> Option<ToolCall> {
    let tool = |name: &str| question.tools.iter().find(|tool| tool.name == name);
    let generated = |tool: &Tool<'_>| ToolCall {
        name: tool.name.to_owned(),
        arguments: tool.schema.map_or_else(|| json!({}), schema::instance),
    };
    let asked = call_in(question.prompt).filter(|call| tool(&call.name).is_some());
    match question.choice {
        ToolChoice::Never => None,
        ToolChoice::Auto => asked,
        ToolChoice::Any => asked.or_else(|| question.tools.first().map(generated)),
        ToolChoice::Named(name) => asked
            .filter(|call| call.name == name)
            .or_else(|| tool(name).map(generated)),
    }
}

/// Finds `call tool NAME {…}`.
fn call_in(prompt: &str) -> Option<ToolCall> {
    let (_, order) = prompt.split_once("call tool ")?;
    let (name, rest) = order.split_once(char::is_whitespace).unwrap_or((order, ""));
    let mut documents = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    let arguments = documents
        .next()
        .and_then(Result::ok)
        .filter(Value::is_object);
    Some(ToolCall {
        name: name.trim_end_matches(['.', ',', ':']).to_owned(),
        arguments: arguments.unwrap_or_else(|| json!({})),
    })
}

fn text(question: &Question<'_>, dice: &mut Dice) -> String {
    const SENTENCES: [&str; 6] = [
        "No model was asked; the words come from a fixed list.",
        "A real vendor would have thought about the question.",
        "The length of this text is not a sign of care.",
        "Nothing here is true or false, it only fills the answer.",
        "The same seed and question give the same words again.",
        "Please do not show this to a person who expects advice.",
    ];
    if let Some(text) = question.prompt.strip_prefix("say: ") {
        return text.to_owned();
    }
    if let Some(schema) = question.schema {
        return schema::instance(schema).to_string();
    }
    let excerpt = cut(question.prompt, 30);
    let mark = if excerpt.len() < question.prompt.len() {
        "…"
    } else {
        ""
    };
    let mut text = format!("Simulated answer of {} to: {excerpt}{mark}", question.model);
    for _ in 0..dice.between(2, 4) {
        let index = usize::try_from(dice.between(0, 5)).unwrap_or_default();
        text.push(' ');
        text.push_str(SENTENCES.get(index).copied().unwrap_or_default());
    }
    text
}

fn shortened(mut text: String, stop: &[&str], left: u64) -> (String, End) {
    let mut end = End::Natural;
    let found = stop
        .iter()
        .filter_map(|stop| Some((text.find(stop)?, *stop)));
    if let Some((at, sequence)) = found.min_by_key(|(at, _)| *at) {
        end = End::Sequence(sequence.to_owned());
        text.truncate(at);
    }
    if token_count(&text) > left {
        end = End::Length;
        text.truncate(cut(&text, left).len());
    }
    (text, end)
}

/// Bytes of text in a delta. Chosen: several deltas even for short answers.
const DELTA_BYTES: usize = 12;

/// Cuts a text into deltas of whole characters.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = (DELTA_BYTES..=rest.len()).find(|end| rest.is_char_boundary(*end));
        let (piece, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(prompt: &str) -> Question<'_> {
        Question {
            model: "model-1",
            prompt,
            tools: vec![Tool {
                name: "add",
                schema: None,
            }],
            choice: ToolChoice::Auto,
            schema: None,
            effort: "none",
            max_tokens: u64::MAX,
            stop: Vec::new(),
        }
    }

    #[test]
    fn an_answer_depends_on_the_question_and_the_seed() {
        let text = |prompt, seed| compose(&question(prompt), seed).text;

        assert!(text("hello", 1).starts_with("Simulated answer of model-1 to: hello"));
        assert_eq!(text("hello", 1), text("hello", 1));
        assert!((2..9).any(|seed| text("hello", seed) != text("hello", 1)));
    }

    #[test]
    fn say_is_obeyed_to_the_letter() {
        assert_eq!(
            compose(&question("say:  two spaces"), 1).text,
            " two spaces"
        );
    }

    #[test]
    fn thinking_and_text_share_the_limit() {
        let limited = |effort, max_tokens| {
            let question = Question {
                effort,
                max_tokens,
                ..question("say: abcdefgh")
            };
            compose(&question, 1)
        };
        let thought = limited("low", u64::MAX).reasoning_tokens;

        let cut_text = limited("none", 1);
        let starved = limited("low", 10);
        let enough = limited("low", thought + 2);

        assert_eq!(
            (cut_text.text.as_str(), cut_text.end),
            ("abcd", End::Length)
        );
        assert_eq!((starved.text.as_str(), starved.reasoning_tokens), ("", 10));
        assert_eq!(
            (enough.text.as_str(), enough.end),
            ("abcdefgh", End::Natural)
        );
    }

    #[test]
    fn the_first_stop_sequence_ends_the_text() {
        let answer = compose(
            &Question {
                stop: vec!["c", "b"],
                ..question("say: abc")
            },
            1,
        );

        assert_eq!(
            (answer.text.as_str(), answer.end),
            ("a", End::Sequence("b".to_owned()))
        );
    }

    #[test]
    fn a_tool_is_called_on_order_or_by_force() {
        let call = |prompt, choice| {
            compose(
                &Question {
                    choice,
                    ..question(prompt)
                },
                1,
            )
            .call
        };
        let add = |arguments| {
            Some(ToolCall {
                name: "add".to_owned(),
                arguments,
            })
        };

        let order = "Please call tool add {\"a\": 1} now";
        assert_eq!(call(order, ToolChoice::Auto), add(json!({"a": 1})));
        assert_eq!(call(order, ToolChoice::Never), None);
        assert_eq!(call("call tool divide {}", ToolChoice::Auto), None);
        assert_eq!(call("hello", ToolChoice::Any), add(json!({})));
        assert_eq!(call("hello", ToolChoice::Named("add")), add(json!({})));
    }

    #[test]
    fn pieces_add_up_to_the_text() {
        for text in [
            "",
            "short",
            "a text of more than one piece, with €uro signs ££££££",
        ] {
            assert_eq!(pieces(text).collect::<String>(), text);
        }
    }
}
