//! What the end of an attempt teaches: about its vendor, and to the router.

use std::time::Duration;

use super::attempt::Ask;
use super::circuits::Entry;
use super::disposition::disposition;
use super::health::Slowness;
use super::open_attempt::OpenAttempt;
use super::refusal::is_our_deadline;
use super::relay::Relay;
use super::usual_waits::Waiting;
use crate::domain::{
    ChunkSink as _, FinishReason, ProviderAnswer, ProviderError, ProviderErrorKind, UsageSource,
};
use crate::routing::{
    AnswerLesson, ReportedTokens, estimate_size, estimate_text_tokens, estimate_tokens,
};

/// The least time that an attempt must have had for its time-out to count
/// against the vendor by itself, and for many of them to mean anything at all
/// (chosen).
const FAIR_TIME: Duration = Duration::from_secs(2);
const SIGNIFICANT_TIME: Duration = Duration::from_millis(500);

impl OpenAttempt<'_> {
    /// Draws conclusions about the vendor.
    pub(super) fn learn(
        &self,
        result: &Result<ProviderAnswer, ProviderError>,
        ask: &Ask<'_>,
        entry: Entry<'_>,
    ) {
        let gateway = self.gateway;
        let latency = self.started.elapsed();
        let metrics = gateway.metrics.reliability();
        match result {
            Ok(answer) => {
                self.measure_stream(answer, latency);
                self.measure_wait(latency);
                if answer.finish_is_unknown {
                    gateway.metrics.unknown_finish(self.target);
                }
                entry.answered(metrics);
                let slowness = self.slowness(answer, ask, latency);
                gateway
                    .health
                    .succeeded(self.target, (latency, slowness), self.started_at);
            }
            Err(error) if is_our_deadline(error.kind) && latency < self.needs(ask) => {
                if latency >= SIGNIFICANT_TIME {
                    entry.cut(metrics);
                }
            }
            // A caller that does not read proves nothing against a vendor.
            Err(error)
                if is_timeout(error.kind) && self.call.relay.is_some_and(Relay::reader_is_slow) => {
            }
            Err(error) => {
                if error.kind == ProviderErrorKind::RateLimited {
                    gateway.limits.throttled(self.target);
                }
                let is_too_large = error.kind == ProviderErrorKind::TooLargeForPlan;
                let size = is_too_large.then(|| estimate_size(self.request));
                entry.failed(disposition(error), size, metrics);
                gateway.health.failed(self.target, error, self.started_at);
            }
        }
        gateway.report_condition(&self.target.provider);
    }

    /// Tells the router what the answer was like.
    pub(super) fn teach(&self, answer: &ProviderAnswer, ask: &Ask<'_>, is_flawed: bool) {
        let gateway = self.gateway;
        let is_cut = answer.finish == FinishReason::Length;
        // The caller sets the limit: only where it left far more room than
        // anybody expected does a cut say something about the model.
        let usual = u64::from(gateway.routing.expected_output_tokens);
        let roomy = usual
            .max(ask.candidate.expected.output_tokens)
            .saturating_mul(4);
        let was_tight = u64::from(self.request.max_tokens) < roomy;
        let is_usable = match answer.finish {
            FinishReason::Length if was_tight => None,
            FinishReason::Length | FinishReason::ContentFilter => Some(false),
            FinishReason::Stop | FinishReason::ToolCalls => Some(!is_flawed),
        };
        let reported = answer
            .usage
            .filter(|usage| usage.source == UsageSource::Provider);
        let tokens = reported.map(|usage| ReportedTokens {
            input: usage.tokens.total_input(),
            estimated_input: estimate_tokens(self.request),
            visible: usage.tokens.output,
            thinking: usage.tokens.reasoning,
            is_cut,
        });
        let lesson = AnswerLesson {
            target: self.target,
            task: ask.task,
            caller: self.call.caller_hash,
            tokens,
            is_usable,
        };
        gateway.learning.learn(&lesson, self.started_at);
    }

    /// Returns the time that a vendor usually needs to show what is waited for.
    fn needs(&self, ask: &Ask<'_>) -> Duration {
        let waits_for_first = self.call.relay.is_some_and(|relay| !relay.has_begun());
        let usual = if waits_for_first && ask.form.is_none() {
            ask.candidate.expected.to_first
        } else {
            ask.candidate.expected.latency
        };
        usual.max(FAIR_TIME)
    }

    /// Measures how soon the text began and how fast it came.
    fn measure_stream(&self, answer: &ProviderAnswer, latency: Duration) {
        let Some(sent) = self.call.relay.and_then(Relay::sent) else {
            return;
        };
        let to_first = sent.began.saturating_duration_since(self.started);
        let flow = latency.saturating_sub(to_first);
        let visible = answer.usage.map_or(0, |usage| usage.tokens.output);
        let tokens = visible.max(sent.tokens.tokens());
        self.gateway
            .metrics
            .streamed(self.target, to_first, tokens, flow);
    }

    /// Compares how long it took with what its target is known for. What came
    /// as a whole does not tell where the time went.
    fn slowness(&self, answer: &ProviderAnswer, ask: &Ask<'_>, latency: Duration) -> Slowness {
        /// Fewer tokens do not tell how fast they come.
        const LEAST_FLOW: u64 = 16;
        let Some(prior) = ask.spec.prior(self.target.effort) else {
            return Slowness::default();
        };
        let written = || estimate_text_tokens(&answer.text());
        let visible = answer
            .usage
            .map_or_else(written, |usage| usage.tokens.output);
        let flow_s = visible as f64 / prior.tokens_per_second.max(0.1);
        let first_s = (prior.ttft_ms / 1e3).max(0.001);
        let sent = self.call.relay.filter(|_| ask.form.is_none());
        let Some(sent) = sent.and_then(Relay::sent) else {
            let factor = latency.as_secs_f64() / (first_s + flow_s);
            return Slowness {
                first: Some(factor),
                flow: Some(factor),
            };
        };
        let to_first = sent.began.saturating_duration_since(self.started);
        let flow = latency.saturating_sub(to_first).as_secs_f64();
        Slowness {
            first: Some(to_first.as_secs_f64() / first_s),
            flow: (visible >= LEAST_FLOW).then(|| flow / flow_s),
        }
    }

    /// Remembers how long it took, where that decides when to hedge.
    fn measure_wait(&self, latency: Duration) {
        if !self.gateway.settings.hedging {
            return;
        }
        let began = self.call.relay.and_then(Relay::sent).map(|sent| sent.began);
        let (waiting, wait) = match began {
            Some(began) => {
                let wait = began.saturating_duration_since(self.started);
                (Waiting::ForFirst, wait)
            }
            None => (Waiting::ForWhole, latency),
        };
        self.gateway.waits.record(self.target, waiting, wait);
    }
}

const fn is_timeout(kind: ProviderErrorKind) -> bool {
    matches!(kind, ProviderErrorKind::Timeout(_))
}
