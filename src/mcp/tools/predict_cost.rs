//! The tool `predict_cost`.

use std::collections::BTreeMap;

use rmcp::model::{CallToolResult, JsonObject, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Words, parse, reading_tool_with};
use crate::domain::{Caller, Error, NanoUsd, whole_number};
use crate::gateway::{CostPrediction, CostWish};
use crate::mcp::{McpHandler, structured};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// What would be asked. Send this or `input_tokens`.
    prompt: Option<String>,
    /// The prompt's length in tokens.
    #[serde(default, deserialize_with = "whole_number")]
    input_tokens: Option<u64>,
    /// Default: what each model usually writes for such a prompt.
    #[serde(default, deserialize_with = "whole_number")]
    expected_output_tokens: Option<u64>,
    /// "auto" (default): all models; or one.
    model: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// By model, in USD.
    predictions: BTreeMap<String, Prediction>,
    /// Models without a known price.
    unpriced: Vec<String>,
    task: &'static str,
    /// Where model "auto" would go now.
    auto: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Prediction {
    provider: String,
    total_cost: f64,
    input_cost: f64,
    output_cost: f64,
    input_tokens: u64,
    output_tokens: u64,
}

pub(super) fn definition() -> Tool {
    reading_tool_with::<Input, Output>(Words {
        name: "predict_cost",
        title: "Predict costs",
        description: "Says what a completion would probably cost at each model, at today's prices, \
             without asking any.",
    })
}

pub(super) async fn call(
    handler: &McpHandler,
    caller: &Caller,
    arguments: JsonObject,
) -> Result<CallToolResult, Error> {
    let input: Input = parse(arguments)?;
    let wish = CostWish {
        prompt: input.prompt,
        input_tokens: input.input_tokens,
        output_tokens: input.expected_output_tokens,
        model: input.model,
    };
    let report = handler.gateway().predict_cost(caller, wish).await?;
    let mut predictions = BTreeMap::new();
    for prediction in report.predictions {
        let name = prediction.model.to_string();
        let name = if predictions.contains_key(&name) {
            format!("{}/{name}", prediction.provider)
        } else {
            name
        };
        predictions.insert(name, Prediction::from(prediction));
    }
    Ok(structured(&Output {
        predictions,
        unpriced: report.unpriced,
        task: report.task.as_str(),
        auto: report.auto.map(|target| target.to_string()),
    }))
}

impl From<CostPrediction> for Prediction {
    fn from(prediction: CostPrediction) -> Self {
        let total = prediction.input_cost.saturating_add(prediction.output_cost);
        Self {
            provider: prediction.provider.to_string(),
            total_cost: total.usd(),
            input_cost: NanoUsd::usd(prediction.input_cost),
            output_cost: prediction.output_cost.usd(),
            input_tokens: prediction.input_tokens,
            output_tokens: prediction.output_tokens,
        }
    }
}
