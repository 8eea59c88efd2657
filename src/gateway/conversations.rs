//! Keeps a conversation at the target that it began with: the vendor's
//! prompt cache has what went before, and voices do not change in mid-talk.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash as _, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{
    Caller, CompletionRequest, ContentPart, Effort, ImageSource, Message, ModelSelector,
    Requirements, Role, Target,
};

/// The most conversations that are remembered. Each has one place, by its
/// hash, which a later one may take: what is forgotten costs a little money.
const CONVERSATIONS: usize = 8_192;
/// How long after its last answer one is: vendors keep prompts for five
/// minutes to an hour.
const KEPT: Duration = Duration::from_hours(1);

/// Who answered which conversation last. Nothing of what was said is kept
/// but a hash.
#[derive(Debug)]
pub(super) struct Conversations {
    places: Box<[Place]>,
    hash: RandomState,
}

/// Mostly empty, so what it holds lies apart.
type Place = Mutex<Option<Box<Conversation>>>;

#[derive(Debug)]
struct Conversation {
    hash: u64,
    /// With other wishes the choice is made anew.
    requirements: Requirements,
    effort: Option<Effort>,
    target: Target,
    until: Instant,
}

impl Default for Conversations {
    fn default() -> Self {
        Self {
            places: (0..CONVERSATIONS).map(|_| Mutex::default()).collect(),
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
        let hash = self.hash(caller, messages.get(..end)?);
        let place = self.place(hash)?.lock();
        let place = place.unwrap_or_else(PoisonError::into_inner);
        let found = place.as_ref().filter(|known| {
            known.hash == hash
                && known.until > Instant::now()
                && known.effort == request.effort
                && known.requirements == request.requirements
        });
        found.map(|known| known.target.clone())
    }

    /// Remembers who answered.
    pub(super) fn answered(&self, caller: &Caller, request: &CompletionRequest, target: &Target) {
        if request.model != ModelSelector::Auto {
            return;
        }
        let hash = self.hash(caller, &request.messages);
        if let Some(place) = self.place(hash) {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(Conversation {
                hash,
                requirements: request.requirements.clone(),
                effort: request.effort,
                target: target.clone(),
                until: Instant::now() + KEPT,
            }));
        }
    }

    fn place(&self, hash: u64) -> Option<&Place> {
        let index = hash % self.places.len() as u64;
        self.places.get(usize::try_from(index).ok()?)
    }

    /// Hashes who asks and what was said, with a secret of this process.
    /// Instructions do not count: clients put dates and the like in them.
    fn hash(&self, caller: &Caller, messages: &[Message]) -> u64 {
        let mut hasher = self.hash.build_hasher();
        caller.hash(&mut hasher);
        let is_said = |message: &&Message| message.role != Role::System;
        for message in messages.iter().filter(is_said) {
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
        ContentPart::Reasoning { .. } | ContentPart::CacheMark(_) => {}
        ContentPart::ToolCall(call) => {
            (3, &call.id, &call.name, call.arguments.to_string()).hash(hasher);
        }
        ContentPart::ToolResult(result) => {
            (4, &result.call_id).hash(hasher);
            result.content.iter().for_each(|part| say(part, hasher));
        }
    }
}
