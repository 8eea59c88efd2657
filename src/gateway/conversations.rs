//! Keeps a conversation at the target that it began with: the vendor's
//! prompt cache has what went before, and voices do not change in mid-talk.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash as _, Hasher};
use std::time::Duration;

use moka::sync::Cache;

use crate::domain::{
    Caller, CompletionRequest, ContentPart, ImageSource, Message, ModelSelector, Role, Target,
};

/// The most conversations that are remembered, about 2 MB.
const CONVERSATIONS: u64 = 10_000;
/// How long after its last answer one is: vendors keep prompts for five
/// minutes to an hour.
const KEPT: Duration = Duration::from_hours(1);

/// Who answered which conversation last. Nothing of what was said is kept
/// but a hash.
#[derive(Debug)]
pub(super) struct Conversations {
    targets: Cache<u64, Target>,
    hash: RandomState,
}

impl Default for Conversations {
    fn default() -> Self {
        let targets = Cache::builder()
            .max_capacity(CONVERSATIONS)
            .time_to_live(KEPT);
        Self {
            targets: targets.build(),
            hash: RandomState::new(),
        }
    }
}

impl Conversations {
    /// Returns who answered the last turn of this conversation, if `auto`
    /// chose then and is to choose now.
    pub(super) fn target(&self, caller: &Caller, request: &CompletionRequest) -> Option<Target> {
        if request.model != ModelSelector::Auto {
            return None;
        }
        let messages = &request.messages;
        let mut end = messages
            .iter()
            .rposition(|message| message.role == Role::Assistant)?;
        while messages
            .get(end.checked_sub(1)?)
            .is_some_and(|message| message.role == Role::Assistant)
        {
            end -= 1;
        }
        let before = messages.get(..end)?;
        self.targets.get(&self.key(caller, request, before))
    }

    /// Remembers who answered.
    pub(super) fn answered(&self, caller: &Caller, request: &CompletionRequest, target: &Target) {
        if request.model == ModelSelector::Auto {
            let key = self.key(caller, request, &request.messages);
            self.targets.insert(key, target.clone());
        }
    }

    /// Hashes who asks, what is asked of the routing, and what was said. With
    /// other wishes the choice is made anew.
    fn key(&self, caller: &Caller, request: &CompletionRequest, messages: &[Message]) -> u64 {
        let mut hasher = self.hash.build_hasher();
        caller.to_string().hash(&mut hasher);
        format!("{:?}{:?}", request.requirements, request.effort).hash(&mut hasher);
        for message in messages {
            message.role.hash(&mut hasher);
            message
                .content
                .iter()
                .for_each(|part| say(part, &mut hasher));
        }
        hasher.finish()
    }
}

fn say(part: &ContentPart, hasher: &mut impl Hasher) {
    match part {
        ContentPart::Text(text) => (0, text).hash(hasher),
        ContentPart::Image(ImageSource::Url(url)) => (1, url).hash(hasher),
        ContentPart::Image(ImageSource::Data { base64, .. }) => (2, base64).hash(hasher),
        // Clients leave thoughts out when they repeat a conversation.
        ContentPart::Reasoning { .. } => {}
        ContentPart::ToolCall(call) => {
            (3, &call.id, &call.name, call.arguments.to_string()).hash(hasher);
        }
        ContentPart::ToolResult(result) => {
            (4, &result.call_id).hash(hasher);
            result.content.iter().for_each(|part| say(part, hasher));
        }
    }
}
