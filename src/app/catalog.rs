//! The command `catalog`: the models, their prices, what changes soon, and
//! whether the vendors agree.

mod comparison;
mod listing;
mod table;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use serde::Serialize;

use super::{AppError, provider};
use crate::config::Config;
use crate::providers::{ApplicationDefault, Exchange, GoogleIdentity, HttpTransport};
use comparison::Comparison;
use listing::Listing;

/// How long a vendor may take for its list.
const LIST_WAIT: Duration = Duration::from_secs(10);

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogForm {
    /// A table for people.
    Text,
    /// One JSON document.
    Json,
}

/// Whether the vendors are asked for their own lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogScope {
    /// What is known here, and what the configured vendors say.
    WithVendors,
    /// What is known here.
    Offline,
}

/// All that the command has to say.
#[derive(Debug, Serialize)]
struct Catalog {
    #[serde(flatten)]
    listing: Listing,
    vendors: Vec<Comparison>,
}

/// Returns what the command prints, as of `today`.
///
/// Each configured vendor is asked for its list, which is free; one that does
/// not answer within ten seconds is named as such.
///
/// # Errors
/// [`AppError`] if an adapter cannot be built.
pub async fn catalog(
    config: &Config,
    today: Date,
    form: CatalogForm,
    scope: CatalogScope,
) -> Result<String, AppError> {
    let vendors = match scope {
        CatalogScope::Offline => Vec::new(),
        CatalogScope::WithVendors => compare(config).await?,
    };
    let catalog = Catalog {
        listing: Listing::new(config, today),
        vendors,
    };
    match form {
        CatalogForm::Text => Ok(table::write(&catalog)),
        CatalogForm::Json => serde_json::to_string_pretty(&catalog)
            .map(|text| text + "\n")
            .map_err(|fault| AppError::Build(fault.to_string())),
    }
}

async fn compare(config: &Config) -> Result<Vec<Comparison>, AppError> {
    let transport = HttpTransport::try_new(&config.providers).map_err(AppError::Build)?;
    let exchange = Exchange::new(Arc::new(transport), config.providers.timeouts);
    let identity: Arc<dyn GoogleIdentity> = Arc::new(ApplicationDefault::default());
    let mut providers = Vec::new();
    for settings in &config.providers.configured {
        let built = provider(settings, &exchange, &identity);
        providers.push(built.map_err(AppError::Build)?);
    }
    let asked = providers
        .iter()
        .map(|provider| comparison::with_vendor(config, provider.as_ref()));
    Ok(futures_util::future::join_all(asked).await)
}
