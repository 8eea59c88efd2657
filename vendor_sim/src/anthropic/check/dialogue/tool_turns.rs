//! Tool calls, and their results in the very next turn.

use std::collections::BTreeSet;

use super::{ApiError, Block, Message, Role};

/// Messages of one role in a row, which the vendor reads as one.
struct Turn<'a> {
    role: Role,
    /// The blocks with their places: message and block.
    blocks: Vec<(usize, usize, &'a Block)>,
    /// Where the turn ends.
    last_message: usize,
}

pub(super) fn check(messages: &[Message]) -> Result<(), ApiError> {
    let turns = turns(messages);
    let mut asked = BTreeSet::new();
    let mut asked_at = 0;
    for turn in &turns {
        if turn.role == Role::User {
            check_results(turn, &asked, asked_at)?;
            asked.clear();
            continue;
        }
        asked_at = turn.last_message;
        for (message, block, content) in &turn.blocks {
            if let Block::ToolUse(call) = content
                && !asked.insert(call.id.as_str())
            {
                return Err(ApiError::invalid(format!(
                    "messages.{message}.content.{block}: `tool_use` ids must be unique"
                )));
            }
        }
    }
    unanswered(&asked, asked_at)
}

fn turns(messages: &[Message]) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let parts = message.content.parts().iter().enumerate();
        let blocks = parts.map(|(block_index, block)| (index, block_index, block));
        match turns.last_mut().filter(|turn| turn.role == message.role) {
            Some(turn) => {
                turn.blocks.extend(blocks);
                turn.last_message = index;
            }
            None => turns.push(Turn {
                role: message.role,
                blocks: blocks.collect(),
                last_message: index,
            }),
        }
    }
    turns
}

/// Checks that a user turn answers every call, before it says anything else.
fn check_results(turn: &Turn<'_>, asked: &BTreeSet<&str>, asked_at: usize) -> Result<(), ApiError> {
    let mut open = asked.clone();
    for (message, block, content) in &turn.blocks {
        let Block::ToolResult(result) = content else {
            unanswered(&open, asked_at)?;
            continue;
        };
        let id = result.tool_use_id.as_str();
        if !open.remove(id) {
            let problem = if asked.contains(id) {
                format!("each tool_use must have a single result. Found multiple for: {id}")
            } else {
                format!(
                    "unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each \
                     `tool_result` block must have a corresponding `tool_use` block in the \
                     previous message."
                )
            };
            return Err(ApiError::invalid(format!(
                "messages.{message}.content.{block}: {problem}"
            )));
        }
    }
    unanswered(&open, asked_at)
}

fn unanswered(open: &BTreeSet<&str>, asked_at: usize) -> Result<(), ApiError> {
    if open.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = open.iter().copied().collect();
    Err(ApiError::invalid(format!(
        "messages.{asked_at}: `tool_use` ids were found without `tool_result` blocks immediately \
         after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the \
         next message.",
        ids.join(", ")
    )))
}
