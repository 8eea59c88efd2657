//! Which model a vendor bills for.

use crate::domain::{Catalogue, ModelId, Target};

/// Returns the model whose price an answer has, by the name that the answer
/// gives; `None` if that is a model that nobody here knows.
///
/// A vendor may answer with another model than the one asked for, and bills
/// that one. A dated or shortened form of a name is the same model; a server
/// of the team's own names files and folders as it likes. Aliases do not
/// count: they lead from a retired model to another one.
/// `is_priced` tells whether a model of the vendor has a price.
pub(super) fn billed_model(
    catalogue: &Catalogue,
    target: &Target,
    served: &ModelId,
    is_priced: impl Fn(&ModelId) -> bool,
) -> Option<ModelId> {
    if *served == target.model || target.provider.as_str() == "local" {
        return Some(target.model.clone());
    }
    if is_priced(served) {
        return Some(served.clone());
    }
    // The longest name is the nearest: `claude-opus-5-5-20260901` is no form
    // of `claude-opus-5`, and of two that fit the shorter says less.
    let models = catalogue.models().iter();
    let forms =
        models.filter(|spec| spec.provider == target.provider && served.is_form_of(&spec.id));
    forms
        .max_by_key(|spec| spec.id.as_str().len())
        .map(|spec| spec.id.clone())
}
