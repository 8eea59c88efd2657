//! How long an answer can be at most.

use super::Gateway;
use crate::domain::{CompletionRequest, ModelSpec};
use crate::routing;

/// What an estimate of tokens may fall short by, as a share of it (chosen:
/// within it on English and code for most vendors' tokenizers).
const MARGIN: u64 = 8;

impl Gateway {
    /// Cuts the length that is asked for to what there is: the named model's
    /// longest answer and the room that the conversation leaves in its window,
    /// or for `auto` the most that any model has. Clients ask for the most
    /// that the models of their own vendor can write.
    #[must_use]
    pub fn cut_to_room(&self, mut request: CompletionRequest) -> CompletionRequest {
        let input = routing::estimate_tokens(&request);
        let known = self.known();
        let most = match known.named_model(&request) {
            Ok(Some(spec)) => room(spec, input),
            Ok(None) => {
                let models = known.catalogue.models().iter();
                models.filter_map(|spec| room(spec, input)).max()
            }
            // Whoever answers that says so.
            Err(_) => None,
        };
        if let Some(most) = most {
            request.max_tokens = request.max_tokens.min(most);
        }
        request
    }
}

/// Returns the longest answer of a model; `None` if the conversation does not
/// fit at all.
fn room(spec: &ModelSpec, input: u64) -> Option<u32> {
    let input = u32::try_from(input + input / MARGIN).ok()?;
    let left = spec.context_window.checked_sub(input)?;
    (left > 0).then_some(left.min(spec.max_output))
}
