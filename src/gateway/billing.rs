//! Which model a vendor bills for.

use crate::domain::{Catalogue, ModelId, Target};

/// Returns the model whose price an answer has, by the name that the answer
/// gives; `None` if that is a model that nobody here knows.
///
/// A vendor may answer with another model than the one asked for, and bills
/// that one. A dated or shortened form of the asked name is the asked model;
/// a server of the team's own names files and folders as it likes.
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
    let by_alias = catalogue.find(served.as_str()).ok();
    if let Some(spec) = by_alias.filter(|spec| spec.provider == target.provider) {
        return Some(spec.id.clone());
    }
    served
        .is_form_of(&target.model)
        .then(|| target.model.clone())
}
