//! Marks of what shall be cached.

use super::{ApiError, Request};
use crate::anthropic::request::CacheControl;
use crate::anthropic::usage;

/// Most marks of one request.
const MAX_MARKS: usize = 4;

pub(super) fn check(request: &Request) -> Result<(), ApiError> {
    let marks: Vec<&CacheControl> = usage::cache_marks(request).collect();
    if marks.len() > MAX_MARKS {
        return Err(ApiError::invalid(format!(
            "A maximum of {MAX_MARKS} blocks with cache_control may be provided. Found {}.",
            marks.len()
        )));
    }
    Ok(())
}
