//! Marks of what shall be cached.

use super::{ApiError, Request};
use crate::anthropic::request::{Block, CacheControl, ResultBlock, Ttl};
use crate::anthropic::usage;
use crate::strict::Content;

/// Most marks of one request.
const MAX_MARKS: usize = 4;

pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    check_results(request)?;
    let marks: Vec<(String, &CacheControl)> = usage::cache_marks(request).collect();
    if marks.len() > MAX_MARKS {
        return Err(ApiError::invalid(format!(
            "A maximum of {MAX_MARKS} blocks with cache_control may be provided. Found {}.",
            marks.len()
        )));
    }
    check_order(&marks)
}

/// Refuses marks inside of results.
fn check_results(request: &Request) -> Result<(), ApiError> {
    for (place, block) in usage::blocks(request) {
        let Block::ToolResult(result) = block else {
            continue;
        };
        let parts = result.content.as_ref().map_or(&[][..], Content::parts);
        let is_marked = |part: &ResultBlock| part.cache_control().is_some();
        if let Some(index) = parts.iter().position(is_marked) {
            // As reported in github.com/caozhiyuan/copilot-api/issues/241.
            return Err(ApiError::invalid(format!(
                "{place}.tool_result.content.{index}.cache_control: cache_control may not be \
                 specified within `tool_result.content`. Instead, place it directly on \
                 `tool_result`"
            )));
        }
    }
    Ok(())
}

/// Refuses an hour behind five minutes.
fn check_order(marks: &[(String, &CacheControl)]) -> Result<(), ApiError> {
    let mut is_short = false;
    for (place, mark) in marks {
        let is_long = mark.ttl == Some(Ttl::Hour);
        if is_long && is_short {
            // As reported in github.com/anthropics/claude-code/issues/39599.
            return Err(ApiError::invalid(format!(
                "{place}.cache_control.ttl: a ttl='1h' cache_control block must not come after a \
                 ttl='5m' cache_control block. Note that blocks are processed in the following \
                 order: `tools`, `system`, `messages`."
            )));
        }
        is_short |= !is_long;
    }
    Ok(())
}
