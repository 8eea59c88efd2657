//! Decides whether a stored answer serves another prompt: gradient-boosted
//! trees over the features of the pair, then vetoes.

mod roles;
mod table;

use super::capitals;
use super::features::{Features, features, named};
use super::prompt::Prompt;
use table::Table;
pub use table::TableError;

const SHIPPED: &[u8] = include_bytes!("../../models/verifier/verifier.bin");

/// Why a pair is refused whatever the trees say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Veto {
    /// A number of one prompt is not in the other.
    Numbers,
    /// One says "not" once more than the other.
    Negation,
    /// One goes to where the other comes from, or switches on what the other
    /// switches off.
    Direction,
    /// Two of its parts have changed places.
    Order,
    /// Who does something is whom it is done to.
    Persons,
    /// Lone letters that stand for something differ.
    Letters,
    /// A word is in capitals that is another in small letters.
    Capitals,
    /// Operators or currencies differ.
    Signs,
    /// They are written in different scripts.
    Scripts,
}

/// The verifier's word on a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The probability that one answer serves both, 0 to 1.
    pub probability: f64,
    /// Set if the pair is refused at any probability.
    pub veto: Option<Veto>,
}

/// Weights that were checked.
#[derive(Clone, Debug)]
pub struct Verifier {
    table: Table,
}

impl Verifier {
    /// Reads the weights that are compiled in.
    ///
    /// # Errors
    ///
    /// If they are damaged or belong to other features; the semantic tier
    /// stays off then.
    pub fn shipped() -> Result<Self, TableError> {
        Self::try_new(SHIPPED)
    }

    /// Reads and checks weights.
    ///
    /// # Errors
    ///
    /// If they are damaged or belong to other features.
    pub fn try_new(bytes: &[u8]) -> Result<Self, TableError> {
        let table = Table::try_new(bytes)?;
        Ok(Self { table })
    }

    /// Returns the probability from which a hit is served. Callers may ask
    /// for a higher one, never for a lower one.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.table.threshold()
    }

    /// Judges whether the answer to `stored` serves `asked`; `cosine` is that
    /// of their vectors. Symmetric.
    #[must_use]
    pub fn judge(&self, asked: &Prompt, stored: &Prompt, cosine: f32) -> Verdict {
        let row = features(asked, stored, cosine);
        Verdict {
            probability: self.probability(&row),
            veto: veto(&row, asked, stored),
        }
    }

    /// Returns the probability for a row of features.
    #[must_use]
    pub fn probability(&self, row: &Features) -> f64 {
        let sum = self.table.sum(row);
        1.0 / (1.0 + (-sum).exp())
    }

    /// Returns the SHA-256 of the rows that the weights were trained on.
    #[must_use]
    pub fn training_rows(&self) -> [u8; 32] {
        self.table.training_rows()
    }
}

fn veto(row: &Features, asked: &Prompt, stored: &Prompt) -> Option<Veto> {
    let is_set = |name| named(row, name) > 0.0;
    if is_set("num_mis") || is_set("numw_mis") {
        Some(Veto::Numbers)
    } else if is_set("neg_mis") {
        Some(Veto::Negation)
    } else if is_set("way_mis") || has_turned(asked, stored) {
        Some(Veto::Direction)
    } else if named(row, "swap") > 1.0 || roles::have_changed_places(asked, stored) {
        Some(Veto::Order)
    } else if roles::have_changed_sides(asked, stored) {
        Some(Veto::Persons)
    } else if roles::have_other_letters(asked, stored) {
        Some(Veto::Letters)
    } else if capitals::differ(asked, stored) {
        Some(Veto::Capitals)
    } else if asked.hard_signs() != stored.hard_signs() {
        Some(Veto::Signs)
    } else if asked.scripts != stored.scripts {
        Some(Veto::Scripts)
    } else {
        None
    }
}

/// Tells whether one has a particle where the other has its opposite. "On" is
/// a preposition to the features, so they see too little of it.
fn has_turned(asked: &Prompt, stored: &Prompt) -> bool {
    const OPPOSITES: [(&str, &str); 3] = [("on", "off"), ("up", "down"), ("in", "out")];
    let has = |prompt: &Prompt, text: &str| prompt.words.iter().any(|word| word.text == text);
    let only = |prompt: &Prompt, one: &str, other: &str| has(prompt, one) && !has(prompt, other);
    OPPOSITES.iter().any(|(one, other)| {
        (only(asked, one, other) && only(stored, other, one))
            || (only(asked, other, one) && only(stored, one, other))
    })
}

#[cfg(test)]
mod tests;
