//! One call to one vendor: reserve, ask, settle.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Gateway;
use super::call::CallContext;
use super::circuits::Entry;
use super::open_attempt::OpenAttempt;
use super::structured::{Flaw, Form};
use super::tally::{Pending, UnderWay};
use crate::domain::{
    Allowance, Attempt, AttemptId, Candidate, ChunkSink, CompletionRequest, Cost, Error, ErrorKind,
    ModelSpec, Provider, ProviderAnswer, ProviderCall, ProviderError, ProviderErrorKind, Target,
    TaskLabel, TimeoutPhase, Usage,
};
use crate::limit::Denied;

/// How long past its deadline an adapter may take to say so itself.
const ADAPTER_GRACE: Duration = Duration::from_millis(100);

/// An attempt that was answered.
pub(super) struct Answered {
    pub(super) answer: ProviderAnswer,
    pub(super) usage: Usage,
    /// What the caller's limits had left beside it.
    pub(super) left: Allowance,
}

/// The end of an attempt: what the caller's report says about it, what it
/// cost, and the answer or the failure.
pub(super) struct Ended {
    pub(super) attempt: Attempt,
    pub(super) cost: Cost,
    pub(super) result: Result<Answered, ProviderError>,
    /// What a model may mend, if the answer has no other fault.
    pub(super) flaw: Option<Flaw>,
}

/// What an attempt asks, and whom.
pub(super) struct Ask<'a> {
    /// The attempt's number within the call, from 0.
    pub(super) index: u32,
    /// The call's request, or how it is put to this model.
    pub(super) request: &'a CompletionRequest,
    pub(super) candidate: &'a Candidate,
    pub(super) spec: &'a ModelSpec,
    /// The form that the answer is held to.
    pub(super) form: Option<&'a Form<'a>>,
    /// The kind of work.
    pub(super) task: TaskLabel,
}

impl Gateway {
    /// Makes an attempt of a call, which must end, or have shown something, by `deadline`, and keeps its target in `pending` from the
    /// moment that the vendor may be asked. What comes of it goes to `entry`.
    ///
    /// # Errors
    /// [`Denied`] if limits refuse it or its target is not there; a vendor's
    /// failure is an [`Ended`].
    pub(super) async fn attempt(
        &self,
        call: &CallContext<'_>,
        ask: &Ask<'_>,
        (deadline, entry): (Instant, Entry<'_>),
        pending: &mut Pending,
    ) -> Result<Ended, Denied> {
        let target = &ask.candidate.target;
        let Some(provider) = self.providers.get(&target.provider) else {
            return Err(Denied::Call(unknown_target(target)));
        };
        let id = AttemptId {
            request: call.id,
            attempt: ask.index,
        };
        let reservation = self.reserve(call, id, ask).await?;
        *pending = Some(UnderWay::begin(target.clone()));
        let open = OpenAttempt {
            gateway: self,
            call,
            id,
            target,
            request: ask.request,
            started: Instant::now(),
            started_at: self.clock.now(),
            reservation: Some(reservation),
            pending,
        };
        let provider_call = ProviderCall {
            request: ask.request,
            target,
            spec: ask.spec,
            deadline,
            end: call.last_moment().max(deadline),
            // What may have to be mended is not shown before.
            sink: call
                .relay
                .filter(|_| ask.form.is_none())
                .map(|relay| relay as &dyn ChunkSink),
        };
        if let Some(relay) = call.relay {
            relay.begin_attempt();
        }
        let mut result = complete(provider.as_ref(), provider_call).await;
        let mut flaw = None;
        if let (Ok(answer), Some(form)) = (&mut result, ask.form) {
            flaw = form.check(answer).err();
        }
        // A form that cannot be met is no fault of the vendor's.
        open.learn(&result, ask, entry);
        if let Ok(answer) = &result {
            open.teach(answer, ask, flaw.is_some());
        }
        if let (Ok(answer), Some(flaw)) = (&result, &flaw) {
            result = Err(flaw.error(answer));
        }
        let mut ended = open.end(result);
        ended.flaw = flaw;
        Ok(ended)
    }
}

/// Makes the error of a target that is not there.
pub(super) fn unknown_target(target: &Target) -> Error {
    let message = format!("{target} is in no catalogue");
    Error::new(ErrorKind::GatewayInternal, message)
}

/// Waits for the adapter, which keeps the deadline itself; the wait here only
/// holds it to that.
async fn complete(
    provider: &dyn Provider,
    call: ProviderCall<'_>,
) -> Result<ProviderAnswer, ProviderError> {
    let mut answer = std::pin::pin!(provider.complete(call));
    let mut result = timeout_at(call.deadline + ADAPTER_GRACE, &mut answer).await;
    if result.is_err() && call.sink.is_some_and(ChunkSink::has_begun) {
        result = timeout_at(call.end + ADAPTER_GRACE, answer).await;
    }
    result.unwrap_or_else(|_| {
        let kind = ProviderErrorKind::Timeout(TimeoutPhase::Deadline);
        let mut error = ProviderError::new(kind, "no answer by the attempt's deadline");
        error.may_be_billed = true;
        Err(error)
    })
}
