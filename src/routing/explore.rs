//! Now and then another than the best, to learn about it.

use super::rank::Ranking;
use crate::domain::{Candidate, Exploration};

/// Who is further behind the best is not tried out, in utility.
const NEAR: f64 = 0.03;
/// The feedback that every target is taken to have had, so that no chance is
/// infinite.
const FEEDBACK_PRIOR: f64 = 8.0;

/// Lets chance choose in a share of calls among targets that are nearly as
/// good as the best, those more often of which less is known; the chosen one
/// then stands first.
///
/// `draws` are two numbers within `0.0..1.0` that the call's id decides, so
/// that a decision replays. The propensity is exact: what an estimate over
/// logged calls divides by.
pub fn explore(ranking: &mut Ranking, share: f64, draws: [f64; 2]) -> Exploration {
    let Some(best) = ranking.candidates.first() else {
        return Exploration::NONE;
    };
    let least = best.utility - NEAR;
    let is_near = |candidate: &&Candidate| {
        candidate.filtered_by.is_none() && !candidate.expected.is_down && candidate.utility >= least
    };
    let near = ranking.candidates.iter().take_while(is_near);
    let chances: Vec<f64> = near
        .map(|candidate| {
            1.0 / (candidate.expected.belief.feedback.max(0.0) + FEEDBACK_PRIOR).sqrt()
        })
        .collect();
    let all: f64 = chances.iter().sum();
    if chances.len() < 2 || share <= 0.0 {
        return Exploration::NONE;
    }
    let propensity = |place: usize| {
        let chance = share * chances.get(place).copied().unwrap_or_default() / all;
        if place == 0 {
            1.0 - share + chance
        } else {
            chance
        }
    };
    let [whether, which] = draws;
    let mut place = 0;
    if whether < share {
        let mut left = which * all;
        let found = chances.iter().position(|chance| {
            left -= chance;
            left < 0.0
        });
        place = found.unwrap_or(chances.len() - 1);
    }
    let propensity = propensity(place);
    if let Some(front) = ranking.candidates.get_mut(..=place) {
        front.rotate_right(1);
    }
    Exploration {
        is_explored: place > 0,
        propensity,
    }
}
