//! What feedback has taught about the targets.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::estimate::Qualities;
use super::fading;
use super::quality::{Features, Lesson, Prior, Quality, QualityModel, TaskMix};
use crate::domain::{Belief, Effort, ModelId, ProviderName, Target, TaskLabel};

/// Feedback on one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// The answer: feedback on it replaces what was said before.
    pub call: u128,
    /// Who gave it, as a hash.
    #[serde(default)]
    pub caller: u64,
    /// Who served the model that answered.
    pub provider: ProviderName,
    /// The model.
    pub model: ModelId,
    /// Its effort.
    pub effort: Option<Effort>,
    /// What the prompt was taken for.
    pub task: TaskLabel,
    /// How good the answer was, 0 to 1.
    pub score: f32,
    /// When it was given, in seconds since 1970.
    pub at_s: i64,
    /// The prompt.
    pub features: Arc<Features>,
}

impl Feedback {
    /// Returns who answered.
    pub fn target(&self) -> Target {
        Target {
            provider: self.provider.clone(),
            model: self.model.clone(),
            effort: self.effort,
        }
    }
}

/// A snapshot of what was learned from feedback; make another one when there
/// is more, or when time has passed.
#[derive(Clone, Debug, Default)]
pub struct Taught(Option<Fitted>);

#[derive(Clone, Debug)]
struct Fitted {
    model: QualityModel,
    places: HashMap<ProviderName, HashMap<ModelId, Places>>,
}

/// Where the efforts of a model stand among the priors.
type Places = Vec<(Option<Effort>, usize)>;

impl Taught {
    /// Learns from all feedback, as it counts `now`. `prior` is what the
    /// catalogue says of a target; what it says nothing of is left out.
    pub fn fit<'a>(
        feedback: impl IntoIterator<Item = &'a Feedback>,
        prior: impl Fn(&Target) -> Option<f64>,
        now: Timestamp,
    ) -> Self {
        let mut places: HashMap<_, HashMap<_, Vec<_>>> = HashMap::new();
        let (mut priors, mut lessons) = (Vec::new(), Vec::new());
        for given in feedback {
            let models = places.entry(given.provider.clone()).or_default();
            let efforts = models.entry(given.model.clone()).or_default();
            let known = efforts.iter().find(|(effort, _)| *effort == given.effort);
            let place = match known {
                Some((_, place)) => *place,
                None => {
                    let Some(quality) = prior(&given.target()) else {
                        continue;
                    };
                    priors.push(Prior::new(quality));
                    efforts.push((given.effort, priors.len() - 1));
                    priors.len() - 1
                }
            };
            lessons.push(Lesson {
                features: Arc::clone(&given.features),
                task: given.task,
                model: place,
                reward: given.score,
                weight: fading::kept(given.at_s, now) as f32,
            });
        }
        if lessons.is_empty() {
            return Self(None);
        }
        let model = QualityModel::fit(&lessons, &priors);
        Self(Some(Fitted { model, places }))
    }

    /// Tells whether nothing was learned.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns what was learned for one prompt, which is read only where
    /// there is something.
    pub fn of(&self, mix: &TaskMix, read: impl FnOnce() -> Features) -> PromptQualities<'_> {
        PromptQualities(self.0.as_ref().map(|fitted| {
            let qualities = fitted.model.estimate(mix, &read());
            (fitted, qualities)
        }))
    }
}

/// What was learned about each target for one prompt.
#[derive(Clone, Debug)]
pub struct PromptQualities<'a>(Option<(&'a Fitted, Vec<Quality>)>);

impl Qualities for PromptQualities<'_> {
    fn of(
        &self,
        (provider, model, effort): (&ProviderName, &ModelId, Option<Effort>),
        prior: f64,
    ) -> Belief {
        let learned = self.0.as_ref().and_then(|(fitted, qualities)| {
            let efforts = fitted.places.get(provider)?.get(model)?;
            let (_, place) = efforts.iter().find(|(known, _)| *known == effort)?;
            qualities.get(*place)
        });
        let unknown = Belief {
            prior,
            learned: prior,
            usable: 1.0,
            ..Belief::default()
        };
        // The catalogue may have said otherwise when this was learned.
        learned.map_or(unknown, |quality| Belief {
            prior,
            learned: quality.table,
            correction: quality.delta,
            support: quality.support,
            feedback: quality.lessons as f64,
            usable: 1.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(call: u128, model: &str, prompt: &str, score: f32, at_s: i64) -> Feedback {
        Feedback {
            call,
            caller: 0,
            provider: ProviderName::new("openai"),
            model: ModelId::new(model),
            effort: None,
            task: TaskLabel::Code,
            score,
            at_s,
            features: Arc::new(Features::read(prompt, Some(&[0.6, 0.8]))),
        }
    }

    fn value(taught: &Taught, model: &str, vector: &[f32]) -> f64 {
        let mix = TaskMix::only(TaskLabel::Code);
        let qualities = taught.of(&mix, || Features::read("sort a list", Some(vector)));
        let belief = qualities.of(
            (&ProviderName::new("openai"), &ModelId::new(model), None),
            0.7,
        );
        belief.prior + belief.support * (belief.learned - belief.prior + belief.correction)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn feedback_moves_its_own_model_on_prompts_like_it() {
        let given: Vec<_> = (0..40)
            .map(|call| feedback(call, "bad", "sort a list", 0.1, 0))
            .collect();

        let taught = Taught::fit(&given, |_| Some(0.7), at(0));

        let near = value(&taught, "bad", &[0.6, 0.8]);
        assert!(near < 0.35, "{near}");
        assert_eq!(
            value(&taught, "bad", &[0.8, -0.6]),
            0.7,
            "nothing like it was seen"
        );
        assert_eq!(value(&taught, "other", &[0.6, 0.8]), 0.7);
    }

    #[test]
    fn a_new_prior_counts_before_feedback_is_learned_from_again() {
        let taught = Taught::fit(
            &[feedback(1, "m", "sort a list", 0.1, 0)],
            |_| Some(0.2),
            at(0),
        );

        assert_eq!(value(&taught, "m", &[0.8, -0.6]), 0.7);
    }

    #[test]
    fn feedback_fades_and_nothing_is_learned_of_what_the_catalogue_does_not_know() {
        let given = [feedback(1, "m", "sort a list", 0.0, 0)];
        let weeks = |weeks: i64| Taught::fit(&given, |_| Some(0.7), at(weeks * 7 * 86_400));

        let [now, later] = [0, 3].map(|after| value(&weeks(after), "m", &[0.6, 0.8]));

        assert!(now <= later && later < 0.7001, "{now} {later}");
        assert!(Taught::fit(&given, |_| None, at(0)).is_empty());
    }
}
