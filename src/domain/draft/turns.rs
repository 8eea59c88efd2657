//! Who may say what in a conversation, and who last.

use super::faults::Faults;
use crate::domain::{ContentPart, Message, Role};

const MAX_MESSAGES: usize = 1_000;

/// How a door holds its callers to the bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manners {
    /// As the contract has it: what is out of bounds is refused.
    #[default]
    Contract,
    /// As the vendors' own clients are used to: turns that say nothing are
    /// left out, instructions may stand last, the assistant may begin the
    /// answer, and who asks for too much gets the most there is.
    Vendors,
}

/// Checks who speaks, and leaves out who says nothing where that may be.
pub(super) fn check_messages(
    faults: &mut Faults,
    mut messages: Vec<Message>,
    manners: Manners,
) -> Vec<Message> {
    if messages.len() > MAX_MESSAGES {
        let reason = format!("has {} items, at most {MAX_MESSAGES}", messages.len());
        faults.add("messages", reason);
        return Vec::new();
    }
    if manners == Manners::Vendors {
        messages.iter_mut().for_each(tidy);
        messages.retain(|message| message.role == Role::User || says_something(message));
    }
    for (index, message) in messages.iter().enumerate() {
        if message.content.iter().all(is_blank) {
            faults.add(&format!("messages[{index}].content"), "is empty");
        }
    }
    if messages.is_empty() {
        faults.add("messages", "is empty");
    } else if !may_end_so(&messages, manners) {
        faults.add("messages", "must end with a message of role user");
    }
    messages
}

/// Takes empty texts out of a message that has something besides.
fn tidy(message: &mut Message) {
    if says_something(message) {
        let is_empty =
            |part: &ContentPart| matches!(part, ContentPart::Text(text) if text.is_empty());
        message.content.retain(|part| !is_empty(part));
    }
}

/// Tells whether a message has more in it than blanks and thoughts: no vendor
/// takes a turn of thoughts alone.
fn says_something(message: &Message) -> bool {
    let is_thought = |part: &ContentPart| matches!(part, ContentPart::Reasoning { .. });
    let mut parts = message.content.iter();
    parts.any(|part| !is_blank(part) && !is_thought(part))
}

fn is_blank(part: &ContentPart) -> bool {
    match part {
        ContentPart::Text(text) => text.trim().is_empty(),
        ContentPart::CacheMark(_) => true,
        _ => false,
    }
}

fn may_end_so(messages: &[Message], manners: Manners) -> bool {
    let mut roles = messages.iter().rev().map(|message| message.role);
    match (roles.next(), manners) {
        (Some(Role::User | Role::Tool), _) | (Some(Role::Assistant), Manners::Vendors) => true,
        (Some(Role::System), Manners::Vendors) => {
            let last = roles.find(|role| *role != Role::System);
            matches!(last, Some(Role::User | Role::Tool))
        }
        _ => false,
    }
}
