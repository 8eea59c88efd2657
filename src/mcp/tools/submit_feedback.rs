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

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    request_id: String,
    /// Another instance gave the answer: it will learn from it within some
    /// minutes, if it still runs. The rest is not known here.
    passed_on: bool,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Effect {
    /// Who is judged by it.
    provider: String,
    model: String,
    effort: Option<&'static str>,
    task: &'static str,
    /// What the catalogue says of its quality.
    prior: f64,
    /// What was expected of it for this prompt.
    quality_before: f64,
    quality_after: f64,
    /// How many of its answers were rated.
    feedback: u64,
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
    let effect = match outcome {
        FeedbackOutcome::Learned(effect) => Some(Effect::from(*effect)),
        FeedbackOutcome::PassedOn => None,
    };
    Ok(structured(&Output {
        request_id: id.to_string(),
        passed_on: effect.is_none(),
        effect,
    }))
}

impl From<FeedbackEffect> for Effect {
    fn from(effect: FeedbackEffect) -> Self {
        Self {
            provider: effect.target.provider.to_string(),
            model: effect.target.model.to_string(),
            effort: effect.target.effort.map(|effort| effort.as_str()),
            task: effect.task.as_str(),
            prior: effect.prior,
            quality_before: effect.before,
            quality_after: effect.after,
            feedback: effect.feedback,
            replaced: effect.replaced,
            forgotten: effect.is_forgotten,
        }
    }
}
