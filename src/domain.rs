//! The vocabulary of the gateway, chat-first: what a caller asks, what a model
//! answers, what it costs and what can go wrong, and the ports through which
//! the rest of the world is reached. No I/O and no vendor lives here.

mod capability;
mod catalogue;
mod completion;
mod draft;
mod embedder;
mod error;
mod identity;
mod ids;
mod latencies;
mod learned_part;
mod ledger;
mod limit;
mod message;
mod money;
mod passed_rating;
mod port;
mod provider_error;
mod quantity;
mod request;
mod routing;
mod stored_answer;
mod target;
mod usage;
mod usage_sums;

pub use capability::{Capabilities, Capability};
pub use catalogue::{
    Catalogue, EffortForm, ListedModel, LookupError, MaxTokensField, ModelSpec, Prior,
    RequestPolicy, SamplingRule, Tier, ToolsRule,
};
pub use completion::{
    Attempt, AttemptOutcome, CacheOutcome, CacheStatus, Chunk, Completion, Cost, FinishReason,
    ProviderAnswer,
};
pub use draft::{
    CacheWish, DEFAULT_MAX_TOKENS, Draft, MAX_TIMEOUT, MAX_TOKENS, Manners, WishedWeights, Wishes,
    whole_number,
};
pub use embedder::{Embedder, EmbedderError, EmbedderState};
pub use error::{Error, ErrorKind};
pub use identity::{AuthRefusal, KeySource, KeySourceError, Rights};
pub use ids::{Caller, ModelId, ProviderName, RequestId, Secret};
pub use latencies::Latencies;
pub use learned_part::{KeptPart, PartName, PartVersion, RoutingStore};
pub use ledger::{LedgerEntry, Outcome};
pub use limit::{
    Allowance, AttemptId, Budget, BudgetPeriod, BudgetWindow, Draw, Grant, Hold, LimitRefusal,
    LimitScope, Measure, Settlement,
};
pub use message::{
    ContentPart, ImageSource, Message, Role, Tool, ToolCall, ToolChoice, ToolResult,
};
pub use money::{NanoUsd, PicoUsdPerToken};
pub use passed_rating::{PassedRating, RatingStore};
pub use port::{
    ChunkSink, Clock, Ledger, LimitStore, Provider, ProviderCall, StoreError, StoreState,
    UsageStore,
};
pub use provider_error::{ProviderError, ProviderErrorKind, TimeoutPhase};
pub use quantity::{OutOfRange, Ratio, Temperature};
pub use request::{
    CacheMode, CompletionRequest, ModelSelector, PromptCache, Requirements, ResponseFormat,
    Sampling, TaskLabel, Weights,
};
pub use routing::{
    Belief, Candidate, Decision, Estimate, Exploration, FilterReason, Flip, Quote, RoutingReport,
    TaskGuess, Terms,
};
pub use stored_answer::{
    CacheKey, CacheScope, CacheStore, NearestQuery, NearestSearch, StoredAnswer, StoredVector,
    VectorSpace, WalkMark,
};
pub use target::{Effort, Target};
pub use usage::{TokenUsage, Usage, UsageSource};
pub use usage_sums::{UsageQuery, UsageSums};
