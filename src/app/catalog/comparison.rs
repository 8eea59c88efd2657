//! Our models beside a vendor's own list.

use std::collections::BTreeMap;

use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::LIST_WAIT;
use crate::config::Config;
use crate::domain::{ListedModel, ModelId, ModelSpec, Provider};

/// The most unknown models that are named.
const MOST_NAMED: usize = 20;

/// What a vendor says that we do not, or the other way round.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Comparison {
    pub(super) provider: String,
    /// Why there is nothing to compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// How many models the vendor lists.
    pub(super) listed: usize,
    /// One line for each difference.
    pub(super) differences: Vec<String>,
    /// How many of the listed models we do not have.
    pub(super) unknown: usize,
    /// The first of them.
    pub(super) unknown_models: Vec<String>,
}

/// Asks a vendor and compares.
pub(super) async fn with_vendor(config: &Config, provider: &dyn Provider) -> Comparison {
    let deadline = Instant::now() + LIST_WAIT;
    let error = match timeout_at(deadline, provider.list_models(deadline)).await {
        Ok(Ok(listed)) => {
            let ours = config
                .models
                .iter()
                .filter(|spec| spec.provider == *provider.name());
            let known: Vec<Known<'_>> = ours.map(|spec| Known::new(config, spec)).collect();
            return Comparison {
                provider: provider.name().to_string(),
                ..compare(&known, &config.aliases, &listed)
            };
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    Comparison {
        provider: provider.name().to_string(),
        error: Some(error),
        ..Comparison::default()
    }
}

/// A model of ours with all its names.
struct Known<'a> {
    spec: &'a ModelSpec,
    names: Vec<ModelId>,
}

impl<'a> Known<'a> {
    fn new(config: &Config, spec: &'a ModelSpec) -> Self {
        let canonical = spec.canonical();
        let aliases = config.aliases.iter();
        let own = aliases.filter(|(_, model)| **model == canonical);
        // An alias may be another, retired model; only forms of the same
        // name count.
        let names = own
            .map(|(alias, _)| ModelId::new(alias.as_str()))
            .filter(|alias| alias.is_form_of(&spec.id))
            .chain(spec.vertex_id.clone())
            .chain([spec.id.clone()]);
        Self {
            spec,
            names: names.collect(),
        }
    }

    fn is(&self, listed: &ListedModel) -> bool {
        let mut names = self.names.iter();
        names.any(|name| *name == listed.id) || listed.id.is_form_of(&self.spec.id)
    }
}

fn compare(
    known: &[Known<'_>],
    aliases: &BTreeMap<String, String>,
    listed: &[ListedModel],
) -> Comparison {
    let mut differences = Vec::new();
    for model in known {
        // The exact id tells more than a form of it.
        let forms: Vec<&ListedModel> = listed.iter().filter(|entry| model.is(entry)).collect();
        let exact = forms.iter().find(|entry| entry.id == model.spec.id);
        match exact.or(forms.first()) {
            Some(entry) => differences.extend(differ(model.spec, entry)),
            None => differences.push(format!("{} is not listed", model.spec.id)),
        }
    }
    let unknown: Vec<&ListedModel> = listed
        .iter()
        .filter(|entry| !known.iter().any(|model| model.is(entry)))
        .filter(|entry| !aliases.contains_key(entry.id.as_str()))
        .collect();
    Comparison {
        listed: listed.len(),
        differences,
        unknown: unknown.len(),
        unknown_models: unknown
            .iter()
            .take(MOST_NAMED)
            .map(|entry| shown(&entry.id))
            .collect(),
        ..Comparison::default()
    }
}

fn differ(spec: &ModelSpec, entry: &ListedModel) -> Vec<String> {
    let id = &spec.id;
    let mut found = Vec::new();
    if !entry.is_active {
        found.push(format!("{id} is listed as not active"));
    }
    if let Some(end) = entry.ends.filter(|end| spec.ends != Some(*end)) {
        let ours = spec.ends.map_or("no end".to_owned(), |end| end.to_string());
        let next = entry.replacement.as_ref();
        let next = next.map_or(String::new(), |next| {
            format!("; {} takes its place", shown(next))
        });
        found.push(format!("{id} ends on {end}, here {ours}{next}"));
    }
    let limits = [
        ("context_window", entry.context_window, spec.context_window),
        ("max_output", entry.max_output, spec.max_output),
    ];
    for (name, theirs, ours) in limits {
        if let Some(theirs) = theirs.filter(|theirs| *theirs != ours) {
            found.push(format!("{id} has {name} {theirs}, here {ours}"));
        }
    }
    found
}

/// A vendor may write anything; a terminal shall not obey it.
fn shown(id: &ModelId) -> String {
    let signs = id.as_str().chars().filter(|sign| !sign.is_control());
    signs.take(128).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::config::Sources;

    fn compared(listed: &[ListedModel]) -> Comparison {
        let config = Config::load(&Sources::default()).unwrap();
        let wanted = ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-5-5"];
        let ours = config
            .models
            .iter()
            .filter(|spec| wanted.contains(&spec.id.as_str()));
        let known: Vec<Known<'_>> = ours.map(|spec| Known::new(&config, spec)).collect();
        compare(&known, &config.aliases, listed)
    }

    #[test]
    fn each_difference_is_named() {
        let found = compared(&[
            ListedModel {
                ends: Some(date(2027, 1, 31)),
                replacement: Some(ModelId::new("claude-haiku-5-5")),
                context_window: Some(200_000),
                ..ListedModel::new("claude-haiku-4-5-20251001")
            },
            ListedModel {
                ends: Some(date(2026, 11, 30)),
                max_output: Some(64_001),
                is_active: false,
                ..ListedModel::new("claude-sonnet-4-5")
            },
            ListedModel::new("claude-next\u{1b}[31m"),
        ]);

        assert_eq!(
            found.differences,
            [
                "claude-opus-5-5 is not listed",
                "claude-haiku-4-5 ends on 2027-01-31, here no end; claude-haiku-5-5 takes its place",
                "claude-sonnet-4-5 is listed as not active",
                "claude-sonnet-4-5 has max_output 64001, here 64000",
            ]
        );
        assert_eq!(found.unknown_models, ["claude-next[31m"]);
    }

    #[test]
    fn what_agrees_is_silent() {
        let found = compared(&[
            ListedModel::new("claude-haiku-4-5@20251001"),
            ListedModel::new("claude-sonnet-4-5"),
            ListedModel::new("claude-opus-5-5"),
            // A name that leads to another model here is known, too.
            ListedModel::new("claude-3-opus"),
        ]);

        assert_eq!(found.differences, [] as [&str; 0]);
        assert_eq!((found.listed, found.unknown), (4, 0));
    }
}
