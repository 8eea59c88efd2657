//! Quality against cost: what routers and single models come to on rows whose
//! outcomes are known.
//!
//! A router is swept over a price λ: on each row it takes the model with the
//! greatest q − λ · c / unit, by the quality q and the cost c that it expects.
//! AIQ is RouterBench's average improvement in quality (Hu et al., 2024): the
//! area under the non-decreasing upper hull of the points, over the range of
//! costs of the single models.

/// Steps of the area under a hull.
const STEPS: u32 = 2_000;
/// Prices of the sweep besides 0, less one: evenly by their logarithm, from
/// [`FIRST`] on over [`DECADES`].
const PRICES: u32 = 80;
const FIRST: f64 = -4.0;
const DECADES: f64 = 6.0;

/// A quality, 0 to 1, and a cost in US dollars, of one answer or in the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) quality: f64,
    pub(super) cost: f64,
}

/// What is known or expected of each model on each row.
#[derive(Debug)]
pub(super) struct Table {
    models: usize,
    cells: Vec<Point>,
}

impl Table {
    /// Takes rows, one after another, of as many cells as there are `models`.
    pub(super) const fn new(models: usize, cells: Vec<Point>) -> Self {
        Self { models, cells }
    }

    fn rows(&self) -> impl Iterator<Item = &[Point]> {
        self.cells.chunks_exact(self.models.max(1))
    }

    /// Returns what each model comes to where it answers every row; a row
    /// counts by its weight.
    pub(super) fn singles(&self, weights: &[f64]) -> Vec<Point> {
        let single = |model| self.mean(std::iter::repeat(model), weights);
        (0..self.models).map(single).collect()
    }

    /// The mean of the cells of one model for each row.
    fn mean(&self, choice: impl Iterator<Item = usize>, weights: &[f64]) -> Point {
        let (mut sum, mut all) = ((0.0, 0.0), 0.0_f64);
        for ((row, model), weight) in self.rows().zip(choice).zip(weights) {
            if let Some(cell) = row.get(model) {
                sum = (sum.0 + weight * cell.quality, sum.1 + weight * cell.cost);
                all += weight;
            }
        }
        let all = all.max(f64::MIN_POSITIVE);
        Point {
            quality: sum.0 / all,
            cost: sum.1 / all,
        }
    }
}

/// What a router chooses for each row, price by price.
#[derive(Debug)]
pub(super) struct Sweep {
    choices: Vec<(f64, Vec<usize>)>,
}

impl Sweep {
    /// Chooses by what is expected. `unit` is the cost, in US dollars, that a
    /// price is for. Prices that choose the same count once.
    pub(super) fn of(expected: &Table, unit: f64) -> Self {
        let mut choices: Vec<(f64, Vec<usize>)> = Vec::new();
        for price in prices() {
            let choice = expected.rows().map(|row| choose(row, price, unit));
            let choice: Vec<usize> = choice.collect();
            if choices.last().is_none_or(|(_, last)| *last != choice) {
                choices.push((price, choice));
            }
        }
        Self { choices }
    }

    /// Returns each price and what it comes to.
    pub(super) fn points(&self, truth: &Table, weights: &[f64]) -> Vec<(f64, Point)> {
        let choices = self.choices.iter();
        choices
            .map(|(price, choice)| (*price, truth.mean(choice.iter().copied(), weights)))
            .collect()
    }
}

fn prices() -> impl Iterator<Item = f64> {
    let exponents = (0..=PRICES).map(|i| FIRST + DECADES * f64::from(i) / f64::from(PRICES));
    std::iter::once(0.0).chain(exponents.map(|exponent| 10_f64.powf(exponent)))
}

/// The first of the best.
fn choose(row: &[Point], price: f64, unit: f64) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (model, cell) in row.iter().enumerate() {
        let worth = cell.quality - price * cell.cost / unit;
        if worth > best.1 {
            best = (model, worth);
        }
    }
    best.0
}

/// The most quality for each cost that mixing points gives.
#[derive(Debug, PartialEq)]
pub(super) struct Hull(Vec<Point>);

impl Hull {
    pub(super) fn over(mut points: Vec<Point>) -> Self {
        points.sort_by(|one, other| {
            let by_cost = one.cost.total_cmp(&other.cost);
            by_cost.then(one.quality.total_cmp(&other.quality))
        });
        let mut hull: Vec<Point> = Vec::new();
        for point in points {
            if hull.last().is_some_and(|last| last.cost == point.cost) {
                if hull.last().is_some_and(|it| point.quality <= it.quality) {
                    continue;
                }
                hull.pop();
            }
            while let [.., before, last] = hull.as_slice() {
                if !is_above(point, *before, *last) {
                    break;
                }
                hull.pop();
            }
            hull.push(point);
        }
        let mut best = f64::NEG_INFINITY;
        hull.retain(|point| {
            let is_kept = point.quality >= best;
            best = best.max(point.quality);
            is_kept
        });
        Self(hull)
    }

    /// Returns the corners, the cheapest first.
    pub(super) fn points(&self) -> &[Point] {
        &self.0
    }

    /// Returns the greatest quality.
    pub(super) fn best(&self) -> f64 {
        self.0.last().map_or(0.0, |point| point.quality)
    }

    fn quality_at(&self, cost: f64) -> f64 {
        if let Some(first) = self.0.first().filter(|first| cost <= first.cost) {
            return first.quality;
        }
        let between = self.edges().find(|(_, to)| cost <= to.cost);
        between.map_or_else(
            || self.best(),
            |(from, to)| {
                let share = (cost - from.cost) / (to.cost - from.cost);
                from.quality + (to.quality - from.quality) * share
            },
        )
    }

    /// Returns the least cost of a quality, if it is reached.
    pub(super) fn cost_at(&self, quality: f64) -> Option<f64> {
        let first = self.0.first()?;
        if first.quality >= quality {
            return Some(first.cost);
        }
        let (from, to) = self.edges().find(|(_, to)| to.quality >= quality)?;
        let share = (quality - from.quality) / (to.quality - from.quality);
        Some(from.cost + (to.cost - from.cost) * share)
    }

    /// Returns the mean quality over a range of costs.
    pub(super) fn area(&self, low: f64, high: f64) -> f64 {
        let at = |step: u32| {
            let cost = low + (high - low) * f64::from(step) / f64::from(STEPS);
            self.quality_at(cost)
        };
        let sum: f64 = (0..=STEPS).map(at).sum();
        (sum - 0.5 * (at(0) + at(STEPS))) / f64::from(STEPS)
    }

    fn edges(&self) -> impl Iterator<Item = (&Point, &Point)> {
        self.0.iter().zip(self.0.iter().skip(1))
    }
}

/// Whether the last point lies not above the line from the one before to a new
/// one.
fn is_above(new: Point, before: Point, last: Point) -> bool {
    (last.quality - before.quality) * (new.cost - before.cost)
        <= (new.quality - before.quality) * (last.cost - before.cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(cost: f64, quality: f64) -> Point {
        Point { quality, cost }
    }

    #[test]
    fn a_hull_keeps_what_no_mix_of_others_beats() {
        let hull = Hull::over(vec![
            point(4.0, 0.9),
            point(1.0, 0.2),
            point(1.0, 0.4),
            // On the line, below it, and dearer for less.
            point(2.0, 0.6),
            point(2.5, 0.5),
            point(5.0, 0.7),
            point(3.0, 0.8),
        ]);

        assert_eq!(
            hull.points(),
            [point(1.0, 0.4), point(3.0, 0.8), point(4.0, 0.9)]
        );
        assert_eq!(hull.best(), 0.9);
        assert_eq!(hull.cost_at(0.3), Some(1.0));
        assert!((hull.cost_at(0.6).unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(hull.cost_at(0.91), None);
        // From 0 to 1 at .4, to 3 at .6 in the mean, to 4 at .85, to 5 at .9.
        let area = (0.4 + 2.0 * 0.6 + 0.85 + 0.9) / 5.0;
        assert!((hull.area(0.0, 5.0) - area).abs() < 1e-6);
        assert!((hull.area(3.0, 3.0) - 0.8).abs() < 1e-12);
    }

    #[test]
    fn a_price_moves_rows_to_cheaper_models() {
        // Two rows, two models; the dear one is better by .5 and by .12.
        let cells = |gain| [point(1.0, 0.4), point(3.0, 0.4 + gain)];
        let table = Table::new(2, [cells(0.5), cells(0.12)].concat());

        let sweep = Sweep::of(&table, 2.0);
        let points = sweep.points(&table, &[1.0, 1.0]);

        // Both at the dear one up to λ = .12, none from .5 on.
        let found: Vec<Point> = points.iter().map(|(_, point)| *point).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        let expected = [point(3.0, 0.71), point(2.0, 0.65), point(1.0, 0.4)];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.quality - expected.quality).abs() < 1e-12);
            assert!((found.cost - expected.cost).abs() < 1e-12);
        }
        assert_eq!(points[0].0, 0.0);
        assert!(points[1].0 > 0.12 && points[1].0 < 0.15, "{points:?}");
        assert!(points[2].0 > 0.5 && points[2].0 < 0.6, "{points:?}");
        // The first row counts thrice.
        let heavy = sweep.points(&table, &[3.0, 1.0])[1].1;
        assert!((heavy.quality - 3.1 / 4.0).abs() < 1e-12 && (heavy.cost - 2.5).abs() < 1e-12);
        assert_eq!(table.singles(&[1.0, 0.0])[1], point(3.0, 0.9));
    }

    #[test]
    fn the_sweep_is_0_and_six_decades() {
        let prices: Vec<f64> = prices().collect();

        assert_eq!(prices.len(), 82);
        assert_eq!((prices[0], prices[1]), (0.0, 1e-4));
        assert!((prices[81] - 100.0).abs() < 1e-9);
    }
}
