//! Lists of short texts, within their bounds.

use super::Manners;
use super::faults::Faults;
use crate::domain::ProviderName;

const MAX_STOPS: usize = 4;
/// The most of them that a model of the catalogue may take.
const MAX_VENDORS_STOPS: usize = 16;
const MAX_STOP_BYTES: usize = 256;
const MAX_PROVIDERS: usize = 16;

pub(super) fn stops(faults: &mut Faults, stops: Vec<String>, manners: Manners) -> Vec<String> {
    let most = match manners {
        Manners::Contract => MAX_STOPS,
        Manners::Vendors => MAX_VENDORS_STOPS,
    };
    if stops.len() > most {
        faults.add("stop", format!("has {} items, at most {most}", stops.len()));
    }
    if stops
        .iter()
        .any(|stop| stop.is_empty() || stop.len() > MAX_STOP_BYTES)
    {
        faults.add(
            "stop",
            format!("items must have 1 to {MAX_STOP_BYTES} bytes"),
        );
    }
    stops
}

pub(super) fn providers(faults: &mut Faults, names: Vec<String>) -> Vec<ProviderName> {
    if names.len() > MAX_PROVIDERS {
        faults.add(
            "requirements.providers",
            format!("has {} items, at most {MAX_PROVIDERS}", names.len()),
        );
        return Vec::new();
    }
    let known = ProviderName::KNOWN;
    for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
        let shown: String = name.chars().take(40).collect();
        faults.add(
            "requirements.providers",
            format!("{shown:?} is none of {}", known.join(", ")),
        );
    }
    names.into_iter().map(ProviderName::new).collect()
}
