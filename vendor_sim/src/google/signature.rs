//! Signatures of thoughts, which come with function calls and must go back.

use super::models::Model;
use crate::dice::{Dice, hash};

/// How all of them start: base64 of `simulated`.
const START: &str = "c2ltdWxhdGVk";

/// Documented as accepted in place of a signature that a client cannot have,
/// for calls that another model made.
const SUBSTITUTES: [&str; 2] = [
    "skip_thought_signature_validator",
    "context_engineering_is_the_way_to_go",
];

/// Returns a signature of the model's.
pub(super) fn sign(model: &Model, dice: &mut Dice) -> String {
    format!("{}{}", of_model(model), dice.word(24))
}

/// Tells whether the model takes this signature: one of its own.
pub(super) fn fits(signature: &str, model: &Model) -> bool {
    // Clients that keep bytes may write the padding and the alphabet anew;
    // ours have neither.
    SUBSTITUTES.contains(&signature)
        || (signature.len() == 48 && signature.starts_with(&of_model(model)))
}

fn of_model(model: &Model) -> String {
    let mark = Dice::new(hash(model.id), 0, "google-signature").word(12);
    format!("{START}{mark}")
}
