//! Vertex AI: other vendors' models by Google's address and identity.

mod application_default;
mod identity;

use http::HeaderName;

use super::endpoint::{Endpoint, segment};
use super::settings::ProviderSettings;

pub use application_default::ApplicationDefault;
pub use identity::{GoogleIdentity, IdentityError};

/// The project whose quota a request counts against, for lists, which name
/// no project in their path.
const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// The paths of one publisher's models.
pub(super) struct Publisher {
    project: String,
    /// The path of models that can be asked.
    pub(super) models: String,
    /// The path of the list of models. Only this version of the API has it.
    pub(super) list: String,
}

impl Publisher {
    /// Makes the paths for `publisher`, `google` or `anthropic`.
    ///
    /// # Errors
    /// A sentence if the settings name no project.
    pub(super) fn try_new(publisher: &str, settings: &ProviderSettings) -> Result<Self, String> {
        let place = settings.vertex.as_ref();
        let place = place.ok_or_else(|| format!("{} has no project", settings.name))?;
        let (project, location) = (segment(&place.project), segment(&place.location));
        Ok(Self {
            models: format!(
                "/v1/projects/{project}/locations/{location}/publishers/{publisher}/models"
            ),
            list: format!("/v1beta1/publishers/{publisher}/models"),
            project: place.project.clone(),
        })
    }

    /// Names the project in lists. Completions have it in their path, and the
    /// header would take one more permission.
    ///
    /// # Errors
    /// A sentence if it cannot be sent.
    pub(super) fn count_lists(&self, endpoint: Endpoint) -> Result<Endpoint, String> {
        endpoint.with_list_header(QUOTA_PROJECT, &self.project)
    }
}
