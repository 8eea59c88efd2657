//! What choosing by expected outcomes would have come to.

use super::curve::{Hull, Point, Sweep, Table};
use super::draws::interval;
use super::outcomes::{Forecast, Forecasts};
use super::pool::Truths;

/// How many points of a curve are shown at most.
const SHOWN: usize = 10;
/// Returns lines that compare choosing by what was learned with choosing by
/// the mean of each model, on the rows whose truth is known.
pub(super) fn summary(forecasts: &Forecasts<'_>, truths: &Truths) -> Vec<String> {
    let known = truths.rows.iter().flatten().count();
    let mut lines = Vec::new();
    if !truths.strangers.is_empty() {
        lines.push(format!(
            "warning: DEV has no scores of {}, which are left out",
            Vec::from_iter(truths.strangers.iter().map(String::as_str)).join(", ")
        ));
    }
    let without = truths.rows.len() - known;
    lines.push(format!(
        "{known} rows scored{}",
        if without > 0 {
            format!(", {without} left out that do not have a score and a cost of every model")
        } else {
            String::new()
        }
    ));
    if known > 0 {
        lines.extend(Trial::of(forecasts, truths).lines(&forecasts.models));
    }
    lines
}

/// Choices, and what is known of them.
struct Trial {
    truth: Table,
    learned: Sweep,
    fixed: Sweep,
    rows: usize,
    /// The place of the best single model, and what it comes to.
    best: (usize, Point),
}

/// What a way to choose comes to.
#[derive(Debug, PartialEq)]
struct Figures {
    aiq: f64,
    best: f64,
    /// Costs in US dollars.
    at_95: Option<f64>,
    at_99: Option<f64>,
}

impl Trial {
    fn of(forecasts: &Forecasts<'_>, truths: &Truths) -> Self {
        let known = forecasts.rows.iter().zip(&truths.rows);
        let known = known.filter_map(|(row, truth)| Some((row, truth.as_ref()?)));
        let known: Vec<(&Forecast<'_>, &Vec<Point>)> = known.collect();
        let models = forecasts.models.len();
        let truth = known.iter().flat_map(|(_, truth)| truth.iter().copied());
        let truth = Table::new(models, truth.collect());
        let singles = truth.singles(&vec![1.0; known.len()]);
        let best = best(&singles);
        // What costs nothing cannot be a unit.
        let unit = if best.1.cost > 0.0 { best.1.cost } else { 1.0 };
        let table = |qualities: &dyn Fn(&Forecast<'_>) -> Vec<f64>| {
            let cells = known.iter().flat_map(|(row, _)| {
                let costs = forecasts.models.iter().zip(&singles);
                // Without any bill to learn from, the mean has to do.
                let costs = costs.map(|(model, single)| {
                    row.prediction.c.get(model).copied().unwrap_or(single.cost)
                });
                let cells = qualities(row).into_iter().zip(costs);
                let cells = cells.map(|(quality, cost)| Point { quality, cost });
                cells.collect::<Vec<_>>()
            });
            Sweep::of(&Table::new(models, cells.collect()), unit)
        };
        Self {
            learned: table(&|row| row.prediction.q.values().copied().collect()),
            fixed: table(&|row| row.means.to_vec()),
            rows: known.len(),
            truth,
            best,
        }
    }

    fn lines(&self, models: &[&str]) -> Vec<String> {
        let weights = vec![1.0; self.rows];
        let singles = self.truth.singles(&weights);
        let (place, best) = self.best;
        let points = self.learned.points(&self.truth, &weights);
        let learned = hull(&points, &singles);
        let fixed = hull(&self.fixed.points(&self.truth, &weights), &singles);
        let mix = Hull::over(singles.clone());
        let figures = |name, hull| Figures::of(hull, &singles, best).line(name, best);
        let (low, high) = self.interval();
        let mut lines = vec![
            format!(
                "best single model: {}, quality {:.4}, {:.3e} USD a row",
                models.get(place).unwrap_or(&"?"),
                best.quality,
                best.cost
            ),
            figures("best mix of single models", &mix),
            figures("static", &fixed),
            figures("learned", &learned),
            format!(
                "AIQ, learned less static: {:+.4} [95 %: {low:+.4}, {high:+.4}]",
                self.gain(&weights)
            ),
            "curve of learned, by the price λ of quality:".to_owned(),
        ];
        for point in some(learned.points()) {
            let price = points.iter().find(|(_, other)| other == point);
            lines.push(format!(
                "λ {}: quality {:.4}, {:.3e} USD a row, {} of the best single model's cost",
                price.map_or("∞".to_owned(), |(price, _)| format!("{price:.4}")),
                point.quality,
                point.cost,
                share(Some(point.cost), best.cost)
            ));
        }
        lines
    }

    fn interval(&self) -> (f64, f64) {
        interval(self.rows, |sample| {
            let mut weights = vec![0.0; self.rows];
            for row in sample {
                if let Some(weight) = weights.get_mut(*row) {
                    *weight += 1.0;
                }
            }
            self.gain(&weights)
        })
    }

    /// Returns how much more AIQ has what was learned than the means.
    fn gain(&self, weights: &[f64]) -> f64 {
        let singles = self.truth.singles(weights);
        let (low, high) = range(&singles);
        let aiq =
            |sweep: &Sweep| hull(&sweep.points(&self.truth, weights), &singles).area(low, high);
        aiq(&self.learned) - aiq(&self.fixed)
    }
}

impl Figures {
    fn of(hull: &Hull, singles: &[Point], best: Point) -> Self {
        let (low, high) = range(singles);
        Self {
            aiq: hull.area(low, high),
            best: hull.best(),
            at_95: hull.cost_at(best.quality * 95.0 / 100.0),
            at_99: hull.cost_at(best.quality * 99.0 / 100.0),
        }
    }

    fn line(&self, name: &str, best: Point) -> String {
        format!(
            "{name}: AIQ {:.4}, best quality {:.4}, 95 % of the best single model's quality at \
             {} of its cost, 99 % at {}",
            self.aiq,
            self.best,
            share(self.at_95, best.cost),
            share(self.at_99, best.cost)
        )
    }
}

/// What prices come to, and the cheapest model, which a price beyond all
/// chooses.
fn hull(points: &[(f64, Point)], singles: &[Point]) -> Hull {
    let cheapest = singles.iter().copied().min_by(|one, other| {
        let by_cost = one.cost.total_cmp(&other.cost);
        by_cost.then(other.quality.total_cmp(&one.quality))
    });
    let points = points.iter().map(|(_, point)| *point);
    Hull::over(points.chain(cheapest).collect())
}

/// The first of the best, of equals the cheapest.
fn best(singles: &[Point]) -> (usize, Point) {
    let none = Point {
        quality: 0.0,
        cost: 0.0,
    };
    let models = singles.iter().copied().enumerate();
    let best = models.min_by(|(_, one), (_, other)| {
        let by_quality = other.quality.total_cmp(&one.quality);
        by_quality.then(one.cost.total_cmp(&other.cost))
    });
    best.unwrap_or((0, none))
}

/// The least and the greatest cost.
fn range(singles: &[Point]) -> (f64, f64) {
    let costs = || singles.iter().map(|single| single.cost);
    let low = costs().fold(f64::INFINITY, f64::min);
    (low, costs().fold(0.0, f64::max))
}

fn share(cost: Option<f64>, of: f64) -> String {
    match cost {
        None => "no share".to_owned(),
        Some(_) if of <= 0.0 => "n/a".to_owned(),
        Some(cost) => format!("{:.1} %", 100.0 * cost / of),
    }
}

/// The first, the last, and points evenly between them.
fn some(points: &[Point]) -> Vec<&Point> {
    if points.len() <= SHOWN {
        return points.iter().collect();
    }
    let places = (0..SHOWN).map(|i| i * (points.len() - 1) / (SHOWN - 1));
    places.filter_map(|place| points.get(place)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::super::outcomes::Prediction;
    use super::*;

    const fn point(cost: f64, quality: f64) -> Point {
        Point { quality, cost }
    }

    #[test]
    fn figures_are_those_of_the_field() {
        // The cheap one is better where the dear one is not.
        let truths = Truths {
            rows: vec![
                Some(vec![point(1.0, 0.2), point(2.0, 0.8)]),
                None,
                Some(vec![point(1.0, 0.6), point(2.0, 0.4)]),
            ],
            strangers: BTreeSet::new(),
        };
        let id = serde_json::from_str("1").unwrap();
        let forecast = |q: [f64; 2]| Forecast {
            prediction: Prediction {
                id: &id,
                q: ["a", "b"].into_iter().zip(q).collect(),
                // No bill was seen.
                c: Default::default(),
            },
            means: Arc::new([0.4, 0.6]),
        };
        let forecasts = Forecasts {
            models: vec!["a", "b"],
            rows: vec![
                forecast([0.2, 0.8]),
                forecast([1.0, 1.0]),
                forecast([0.6, 0.4]),
            ],
        };

        let lines = summary(&forecasts, &truths);

        let head = "the best single model's";
        let expected = [
            "2 rows scored, 1 left out that do not have a score and a cost of every model"
                .to_owned(),
            "best single model: b, quality 0.6000, 2.000e0 USD a row".to_owned(),
            // From .4 at 1 to .6 at 2: .57 at 1.85, .594 at 1.97.
            format!(
                "best mix of single models: AIQ 0.5000, best quality 0.6000, 95 % of {head} \
                 quality at 92.5 % of its cost, 99 % at 98.5 %"
            ),
            format!(
                "static: AIQ 0.5000, best quality 0.6000, 95 % of {head} quality at 92.5 % of \
                 its cost, 99 % at 98.5 %"
            ),
            // From .4 at 1 to .7 at 1.5: .57 at 1.2833, .594 at 1.3233.
            format!(
                "learned: AIQ 0.6250, best quality 0.7000, 95 % of {head} quality at 64.2 % of \
                 its cost, 99 % at 66.2 %"
            ),
            // Of samples of two rows half have both; the others show no difference.
            "AIQ, learned less static: +0.1250 [95 %: +0.0000, +0.1250]".to_owned(),
            "curve of learned, by the price λ of quality:".to_owned(),
            // .8 − λ falls below .2 − λ / 2 at 1.2.
            format!("λ 1.3335: quality 0.4000, 1.000e0 USD a row, 50.0 % of {head} cost"),
            format!("λ 0.0000: quality 0.7000, 1.500e0 USD a row, 75.0 % of {head} cost"),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_long_curve_is_shown_from_end_to_end() {
        let points: Vec<Point> = (0..47).map(|i| point(f64::from(i), 0.5)).collect();

        let shown = some(&points);

        assert_eq!(shown.len(), SHOWN);
        assert_eq!((shown[0], shown[9]), (&points[0], &points[46]));
        assert_eq!(some(&points[..10]).len(), 10);
    }
}
