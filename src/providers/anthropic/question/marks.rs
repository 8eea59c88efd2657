//! Marks up to which the vendor keeps the prompt.

use super::block::{self, CacheControl, Marked, Turn};
use super::tools::ToolForm;
use crate::domain::{CompletionRequest, PromptCache, Role};

/// The most marks that the vendor takes.
const MAX_MARKS: usize = 4;

/// Settles the marks of a prompt: the caller's where they stand, as far as
/// the vendor takes them, and where there is none the gateway's own.
pub(super) fn settle<'a>(
    request: &CompletionRequest,
    tools: &mut [ToolForm<'_>],
    system: &mut [Marked<'a>],
    turns: &mut [Turn<'a>],
) {
    let placed = count(tools, system, turns);
    match (placed, kept(request), request.prompt_cache) {
        (0, Some(kept), _) => mark_ends(system, turns, kept),
        (1..MAX_MARKS, _, Some(kept)) => mark_end(turns, kept),
        _ => {}
    }
    // The last ones keep the most, and what is kept long must come first.
    let surplus = count(tools, system, turns).saturating_sub(MAX_MARKS);
    let mut is_short = false;
    let all = marks(tools, system, turns).filter(|mark| mark.is_some());
    for (place, mark) in all.enumerate() {
        if place < surplus {
            *mark = None;
            continue;
        }
        let short = CacheControl::from(PromptCache::FiveMinutes);
        is_short |= *mark == Some(short);
        if is_short {
            *mark = Some(short);
        }
    }
}

fn count<'a>(
    tools: &mut [ToolForm<'_>],
    system: &mut [Marked<'a>],
    turns: &mut [Turn<'a>],
) -> usize {
    let all = marks(tools, system, turns);
    all.filter(|mark| mark.is_some()).count()
}

/// Lists the places of marks in the order of the prompt.
fn marks<'m, 'a>(
    tools: &'m mut [ToolForm<'_>],
    system: &'m mut [Marked<'a>],
    turns: &'m mut [Turn<'a>],
) -> impl Iterator<Item = &'m mut Option<CacheControl>> {
    let of_tools = tools.iter_mut().map(|tool| &mut tool.cache_control);
    let blocks = turns.iter_mut().flat_map(|turn| &mut turn.content);
    let blocks = system.iter_mut().chain(blocks);
    of_tools.chain(blocks.map(|block| &mut block.cache_control))
}

/// Returns how long the vendor shall keep a prompt that nobody has marked: as
/// the caller says, and in a conversation that goes on, whose next turn
/// begins with this one.
fn kept(request: &CompletionRequest) -> Option<PromptCache> {
    let mut messages = request.messages.iter();
    let goes_on = messages.any(|message| message.role == Role::Assistant);
    request
        .prompt_cache
        .or(goes_on.then_some(PromptCache::FiveMinutes))
}

/// Marks the ends of what the next call has in common with this one: the
/// instructions, with the tools before them, and the last two turns of the
/// user.
fn mark_ends(system: &mut [Marked<'_>], turns: &mut [Turn<'_>], kept: PromptCache) {
    block::mark(system, kept);
    let of_user = turns.iter_mut().rev().filter(|turn| turn.role == "user");
    for turn in of_user.take(2) {
        block::mark(&mut turn.content, kept);
    }
}

/// Marks the end of the user's last turn, unless the caller has: that is what
/// a mark on the whole asks of the vendor where others stand beside it.
fn mark_end(turns: &mut [Turn<'_>], kept: PromptCache) {
    let mut of_user = turns.iter_mut().rev().filter(|turn| turn.role == "user");
    let last = of_user.next();
    if let Some(end) = last.and_then(|turn| block::end(&mut turn.content)) {
        end.get_or_insert(kept.into());
    }
}
