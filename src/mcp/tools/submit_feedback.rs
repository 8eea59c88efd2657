//! The tool `submit_feedback`.

use rmcp::model::{CallToolResult, JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parse;
use crate::domain::{Caller, Error, Ratio, RequestId};
use crate::gateway::{FeedbackEffect, FeedbackOutcome};
use crate::mcp::{McpHandler, schema, structured};

const TITLE: &str = "Rate an answer";
const DESCRIPTION: &str = "Says how good an answer of unified_completion was, so that similar \
     prompts go to better models. A score below 0.3 also takes the answer out of the cache.";

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// The answer's request_id, not older than a day.
    request_id: String,
    /// 0 useless, 1 perfect.
    #[schemars(range(min = 0, max = 1))]
    score: f64,
}

/// Of an answer that another instance gave nothing else is known yet.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Output {
    request_id: String,
    /// True if the instance that gave the answer will learn from it.
    passed_on: bool,
    /// Who is judged by it.
    provider: Option<String>,
    model: Option<String>,
    effort: Option<&'static str>,
    task: Option<&'static str>,
    /// What the catalogue says of its quality.
    prior: Option<f64>,
    /// What was expected of it for this prompt.
    quality_before: Option<f64>,
    quality_after: Option<f64>,
    /// How many of its answers were rated.
    feedback: Option<u64>,
    /// The score that this one replaces.
    replaced: Option<f64>,
    /// True if the answer was taken out of the cache.
    forgotten: bool,
}

pub(super) fn definition() -> Tool {
    let hints = ToolAnnotations::with_title(TITLE)
        .read_only(false)
        .destructive(false)
        .idempotent(true)
        .open_world(false);
    Tool::new("submit_feedback", DESCRIPTION, schema::input::<Input>())
        .with_title(TITLE)
        .with_raw_output_schema(schema::output::<Output>())
        .with_annotations(hints)
}

pub(super) async fn call(
    handler: &McpHandler,
    caller: &Caller,
    arguments: JsonObject,
) -> Result<CallToolResult, Error> {
    let input: Input = parse(arguments)?;
    let unreadable = |path: &str, fault: String| Error::unreadable(path, &fault);
    let id: RequestId = input
        .request_id
        .parse()
        .map_err(|fault| unreadable("request_id", fault))?;
    let score = Ratio::try_from(input.score)
        .map_err(|_| unreadable("score", "must be 0 to 1".to_owned()))?;
    let outcome = handler.gateway().submit_feedback(caller, id, score).await?;
    let output = match outcome {
        FeedbackOutcome::Learned(effect) => Output::from(*effect),
        FeedbackOutcome::PassedOn => Output {
            passed_on: true,
            ..Output::default()
        },
    };
    Ok(structured(&Output {
        request_id: id.to_string(),
        ..output
    }))
}

impl From<FeedbackEffect> for Output {
    fn from(effect: FeedbackEffect) -> Self {
        Self {
            request_id: String::new(),
            passed_on: false,
            provider: Some(effect.target.provider.to_string()),
            model: Some(effect.target.model.to_string()),
            effort: effect.target.effort.map(|effort| effort.as_str()),
            task: Some(effect.task.as_str()),
            prior: Some(effect.prior),
            quality_before: Some(effect.before),
            quality_after: Some(effect.after),
            feedback: Some(effect.feedback),
            replaced: effect.replaced,
            forgotten: effect.is_forgotten,
        }
    }
}
