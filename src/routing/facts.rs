//! What the router knows of a request.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::quality::TaskMix;
use super::task::TaskEstimate;
use super::tokens::estimate_tokens;
use crate::domain::{Capabilities, CompletionRequest, ContentPart, Requirements};

/// The models that come into question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice<'a> {
    /// Any of the catalogue.
    Any,
    /// This one alone, by provider and id; the caller named it.
    Named {
        /// Its provider.
        provider: &'a str,
        /// Its id.
        model: &'a str,
    },
}

/// A request as the router sees it.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The estimated input, in tokens.
    pub input_tokens: u64,
    /// The longest visible answer, in tokens.
    pub max_tokens: u32,
    /// What the model must be able to do.
    pub needs: Capabilities,
    /// How many tools there are.
    pub tools: usize,
    /// The longest name of a tool that is offered or was called, in bytes.
    pub longest_tool_name: usize,
    /// The assistant begins the answer.
    pub is_prefilled: bool,
    /// The effort that the caller asks for.
    pub effort: Option<crate::domain::Effort>,
    /// The model may think even if it does not by itself.
    pub may_think: bool,
    /// What else the caller asks for.
    pub requirements: &'a Requirements,
    /// The models that come into question.
    pub choice: Choice<'a>,
    /// The kind of work.
    pub task: TaskEstimate,
    /// How much each kind counts where something is known of each.
    pub mix: TaskMix,
    /// Who asks, as a hash; 0 is nobody that was heard of.
    pub caller: u64,
    /// How much low cost weighs beyond what the caller asks, 0 to 1.
    pub cost_pressure: f64,
    /// When the call began: decides which price is in force.
    pub at: Timestamp,
    /// Its day, UTC: decides which models are served.
    pub today: Date,
}

impl<'a> Facts<'a> {
    /// Returns the tokens that are asked for, the answer included.
    pub fn size(&self) -> u64 {
        self.input_tokens.saturating_add(u64::from(self.max_tokens))
    }

    /// Reads the facts off a request that began `at` and asks for this kind of
    /// work.
    pub fn new(
        request: &'a CompletionRequest,
        choice: Choice<'a>,
        (task, at): (TaskEstimate, Timestamp),
    ) -> Self {
        Self {
            input_tokens: estimate_tokens(request),
            max_tokens: request.max_tokens,
            needs: request.needs(),
            tools: request.tools.len(),
            longest_tool_name: longest_tool_name(request),
            is_prefilled: request.is_prefilled(),
            effort: request.effort,
            may_think: request.may_think,
            requirements: &request.requirements,
            choice,
            mix: TaskMix::of(&task),
            task,
            caller: 0,
            cost_pressure: 0.0,
            at,
            today: Offset::UTC.to_datetime(at).date(),
        }
    }
}

fn longest_tool_name(request: &CompletionRequest) -> usize {
    let parts = request.messages.iter().flat_map(|message| &message.content);
    let called = parts.filter_map(|part| match part {
        ContentPart::ToolCall(call) => Some(call.name.len()),
        _ => None,
    });
    let offered = request.tools.iter().map(|tool| tool.name.len());
    offered.chain(called).max().unwrap_or_default()
}
