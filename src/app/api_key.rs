//! The command that makes a key.

use crate::http::FreshKey;

/// Makes a key for `name`. Returns the key and, on a second line, the entry
/// to store; the key is kept nowhere.
///
/// # Errors
/// A sentence if the name cannot be a holder's.
pub fn new_api_key(name: &str) -> Result<String, String> {
    let fresh = FreshKey::try_new(name)?;
    Ok(format!("{}\n{}\n", fresh.key.expose(), fresh.entry))
}
