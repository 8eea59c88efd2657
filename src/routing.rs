//! Which target answers a request, and why.
//!
//! Pure functions of the request's facts, the catalogue and what is known of
//! each target: [`rank()`] filters what cannot answer, asks an [`Estimator`]
//! what to expect of the rest, and orders them by one utility. A router that
//! learns is another estimator.

mod estimate;
mod experience;
mod explain;
mod explore;
mod facts;
mod fading;
mod filter;
mod quality;
mod rank;
mod settings;
mod state;
mod task;
mod taught;
mod tokens;
mod utility;

#[cfg(test)]
mod properties;

pub use estimate::{
    Estimator, FreshRates, Health, LearnedEstimator, PredictedCost, Prices, Qualities, TargetHealth,
};
pub use experience::{AnswerLesson, Experience, InputFactor, ReportedTokens};
pub use explain::explain;
pub use explore::explore;
pub use facts::{Choice, Facts};
pub use filter::shortfall;
pub use quality::{Features, Lesson, Near, Neighbourhood, Prior, Quality, QualityModel, TaskMix};
pub use rank::{Ranking, rank};
pub use settings::{Scale, Settings, WeightSettings};
pub use state::{Fold, Others, Reader, RouterState, Taken, Unsaved};
pub use task::{
    LABELS, Language, LanguageFinding, TaskClassifier, TaskEstimate, TaskSource, WeightsError,
};
pub use taught::{Feedback, PromptQualities, Taught};
pub use tokens::{
    TokenCount, estimate_size, estimate_text_tokens, estimate_tokens, upper_bound_tokens,
};
pub use utility::UtilityFunction;
