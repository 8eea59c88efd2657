//! Holds every call and every attempt to its limits.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::local::LocalLimits;
use super::pace::Paces;
use super::places::{Places, Taken};
use super::policy::{Permit, Policy, Terms};
use super::refusal;
use super::reservation::Reservation;
use super::throttle::Throttle;
use crate::domain::{
    Allowance, AttemptId, Caller, Clock, Draw, Error, Hold, LimitRefusal, LimitScope, LimitStore,
    Measure, ModelSpec, NanoUsd, RequestId, Settlement, Target,
};

/// Knows what is allowed, and asks the store whether it is left.
pub struct Limiter {
    policy: ArcSwap<Policy>,
    store: Arc<dyn LimitStore>,
    /// Keeps rates while the store does not answer.
    fallback: LocalLimits,
    places: Places,
    paces: Paces,
    throttle: Throttle,
    clock: Arc<dyn Clock>,
}

/// A call that was let in. Dropped, its place is free.
#[derive(Debug)]
pub struct Admission {
    terms: Terms,
    requests_left: Option<u64>,
    is_adaptive: bool,
    pressure: f64,
    _places: Taken,
}

/// The most that an attempt can use.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The attempt.
    pub id: AttemptId,
    /// Who makes it.
    pub caller: &'a Caller,
    /// Whom it asks.
    pub target: &'a Target,
    /// Tokens that it cannot exceed.
    pub most_tokens: u64,
    /// Tokens that it probably uses.
    pub likely_tokens: u64,
    /// The most that it can cost; `None` where no price is known.
    pub bound: Option<NanoUsd>,
    /// What it probably costs.
    pub estimate: NanoUsd,
    /// When it must have ended, from now.
    pub lasts: Duration,
}

/// Why an attempt may not be made.
#[derive(Debug)]
pub enum Denied {
    /// No other target would be let through either.
    Call(Error),
    /// Another target may be, if it costs no more than this where that is
    /// said.
    Target(Error, Option<NanoUsd>),
}

impl Limiter {
    /// Makes a limiter over a store.
    pub fn new(policy: Policy, store: Arc<dyn LimitStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            policy: ArcSwap::from_pointee(policy),
            store,
            fallback: LocalLimits::new(Arc::clone(&clock)),
            places: Places::default(),
            paces: Paces::default(),
            throttle: Throttle::default(),
            clock,
        }
    }

    /// Puts other limits in force, from the next call on.
    pub fn replace_policy(&self, policy: Policy) {
        self.policy.store(Arc::new(policy));
    }

    /// Tells whether a caller may see what everybody does.
    pub fn is_admin(&self, caller: &Caller) -> bool {
        self.policy.load().terms(caller).is_admin
    }

    /// Returns which models a caller may use, as of now.
    pub fn permit(&self, caller: &Caller) -> Permit {
        Permit::of(self.policy.load().terms(caller))
    }

    /// Takes note that a vendor throttled a call.
    pub fn throttled(&self, target: &Target) {
        self.throttle.throttled(&target.provider);
    }

    /// Lets a call in: a place among those in flight, and one request of the
    /// rates.
    ///
    /// # Errors
    /// `policy_rate_limited` with the exact wait.
    pub async fn admit(&self, caller: &Caller) -> Result<Admission, Error> {
        let (terms, is_adaptive, is_paced) = {
            let policy = self.policy.load();
            (policy.terms(caller), policy.is_adaptive, policy.is_paced)
        };
        let places = terms.scopes.iter().filter_map(|(scope, rules)| {
            let most = rules.max_concurrent?;
            Some((scope.clone(), most))
        });
        let places = self.places.take(places.collect());
        let places = places.map_err(|(scope, most)| refusal::crowded(&scope, most))?;
        let draws = terms.requests();
        let requests_left = if draws.is_empty() {
            None
        } else {
            match self.store.take(&draws).await {
                // Not while it only is busy: others still count there.
                Err(LimitRefusal::Store(_)) => self.fallback.take(&self.shares(draws)).await,
                taken => taken,
            }
            .map_err(|refused| refusal::error(refused, NanoUsd::ZERO))?
        };
        let pressure = if is_paced {
            self.paces.pressure(&terms.budgets(), self.clock.now())
        } else {
            0.0
        };
        Ok(Admission {
            terms,
            requests_left,
            is_adaptive,
            pressure,
            _places: places,
        })
    }

    /// Sets nothing aside, for a caller without limits.
    pub fn free(&self) -> Reservation<'_> {
        Reservation::free(self)
    }

    /// Sets aside what an attempt may use.
    ///
    /// # Errors
    /// [`Denied`] with `policy_rate_limited` or `policy_budget_exceeded`, or
    /// `gateway_overloaded` where budgets cannot be kept.
    pub async fn reserve(
        &self,
        admission: &Admission,
        wish: Wish<'_>,
    ) -> Result<Reservation<'_>, Denied> {
        let terms = &admission.terms;
        if admission.is_adaptive
            && let Some(per_minute) = terms.own_requests_per_minute()
        {
            let provider = &wish.target.provider;
            let taken = self.throttle.take(wish.caller, provider, per_minute);
            let refused = |wait| Denied::Target(refusal::throttled(provider, wait), None);
            taken.map_err(refused)?;
        }
        let draws = terms.tokens(&wish)?;
        let budgets = terms.budgets();
        if draws.is_empty() && budgets.is_empty() {
            return Ok(self.free());
        }
        let bound = match wish.bound {
            Some(bound) => bound,
            None if budgets.is_empty() => NanoUsd::ZERO,
            None => {
                let error = refusal::unpriced(&wish.target.to_string());
                return Err(Denied::Target(error, None));
            }
        };
        let mut hold = Hold {
            id: wish.id,
            caller: wish.caller.clone(),
            draws,
            budgets,
            bound,
            estimate: wish.estimate.min(bound),
            lasts: wish.lasts,
        };
        let (granted, is_local) = match self.store.reserve(&hold).await {
            // Money is never spent unseen.
            Err(LimitRefusal::Store(_)) if hold.budgets.is_empty() => {
                hold.draws = self.shares(hold.draws);
                (self.fallback.reserve(&hold).await, true)
            }
            granted => (granted, false),
        };
        match granted {
            Ok(grant) => {
                for (period, left) in grant.budgets.iter().zip(&grant.budgets_left) {
                    self.paces.hear(period, *left);
                }
                Ok(Reservation::new(self, grant, hold, is_local))
            }
            Err(refused) => {
                let affordable = match &refused {
                    LimitRefusal::Budget { left, .. } => Some(*left),
                    LimitRefusal::Rate { .. } | LimitRefusal::Busy(_) | LimitRefusal::Store(_) => {
                        None
                    }
                };
                let error = refusal::error(refused, bound);
                Err(match affordable {
                    Some(left) => Denied::Target(error, Some(left)),
                    None => Denied::Call(error),
                })
            }
        }
    }

    /// Returns what is left of the caller's budgets for one more attempt;
    /// `None` without a budget. Others may take it at any moment.
    ///
    /// # Errors
    /// `gateway_overloaded` where the store of budgets does not answer.
    pub async fn affordable(
        &self,
        admission: &Admission,
        caller: &Caller,
    ) -> Result<Option<NanoUsd>, Error> {
        let budgets = admission.terms.budgets();
        if budgets.is_empty() {
            return Ok(None);
        }
        // Setting nothing aside tells what is left.
        let hold = Hold {
            id: AttemptId {
                request: RequestId::random(),
                attempt: 0,
            },
            caller: caller.clone(),
            draws: Vec::new(),
            budgets,
            bound: NanoUsd::ZERO,
            estimate: NanoUsd::ZERO,
            lasts: Duration::ZERO,
        };
        match self.store.reserve(&hold).await {
            Ok(grant) => Ok(Reservation::new(self, grant, hold, false).left().budget),
            Err(LimitRefusal::Budget { left, .. }) => Ok(Some(left)),
            Err(refused) => Err(refusal::error(refused, NanoUsd::ZERO)),
        }
    }

    /// Replaces what was set aside by what was used.
    pub(super) fn settle(&self, settlement: Settlement, is_local: bool) {
        if is_local {
            self.fallback.settle(settlement);
        } else {
            self.store.settle(settlement);
        }
    }

    /// Cuts rates to this process' share of them.
    fn shares(&self, draws: Vec<Draw>) -> Vec<Draw> {
        let instances = u64::from(self.store.instances().max(1));
        let share = |count: u64| (count / instances).max(1);
        let cut = draws.into_iter().map(|draw| Draw {
            per_minute: share(draw.per_minute),
            burst: share(draw.burst),
            amount: draw.amount.min(share(draw.burst)),
            ..draw
        });
        cut.collect()
    }
}

impl Admission {
    /// Returns the caller's group.
    pub fn group(&self) -> Option<Arc<str>> {
        self.terms.group.clone()
    }

    /// Tells whether nothing limits the caller.
    pub const fn is_free(&self) -> bool {
        self.terms.scopes.is_empty()
    }

    /// Tells whether the caller may use a model.
    pub fn allows(&self, spec: &ModelSpec) -> bool {
        self.terms.allow(spec)
    }

    /// Returns how much low cost shall weigh beyond what the call asks, 0 to
    /// 1, because the caller's money goes faster than its period.
    pub const fn pressure(&self) -> f64 {
        self.pressure
    }

    /// Returns what is left of the rate of requests.
    pub fn left(&self) -> Allowance {
        Allowance {
            requests: self.requests_left,
            ..Allowance::default()
        }
    }
}

impl Terms {
    fn own_requests_per_minute(&self) -> Option<u64> {
        let mut scopes = self.scopes.iter();
        scopes.find_map(|(scope, rules)| match scope {
            LimitScope::Caller(_) => rules.requests_per_minute,
            LimitScope::Group(_) | LimitScope::Global => None,
        })
    }

    fn requests(&self) -> Vec<Draw> {
        let draws = self.scopes.iter().filter_map(|(scope, rules)| {
            let per_minute = rules.requests_per_minute?;
            Some(Draw {
                scope: scope.clone(),
                measure: Measure::Requests,
                per_minute,
                burst: rules.burst.unwrap_or(per_minute),
                amount: 1,
            })
        });
        draws.collect()
    }

    /// Lists the draws of tokens. The bound of what an attempt uses is loose:
    /// one that probably fits is not refused for it, and pays afterwards.
    fn tokens(&self, wish: &Wish<'_>) -> Result<Vec<Draw>, Denied> {
        let mut draws = Vec::new();
        for (scope, rules) in &self.scopes {
            let Some(per_minute) = rules.tokens_per_minute else {
                continue;
            };
            if wish.likely_tokens > per_minute {
                let error = refusal::rate(scope, Measure::Tokens, per_minute, None);
                return Err(Denied::Call(error));
            }
            draws.push(Draw {
                scope: scope.clone(),
                measure: Measure::Tokens,
                per_minute,
                burst: per_minute,
                amount: wish.most_tokens.min(per_minute),
            });
        }
        Ok(draws)
    }
}
