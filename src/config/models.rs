//! `models.yaml`: the catalogue, the aliases and the local template.

mod form;
mod median;

use std::collections::{BTreeMap, BTreeSet};

use config::{Map, Value, ValueKind};
use serde_json::Value as Json;

use super::fault::Report;
use super::files::Document;
use super::path::Path;
use super::{document, fault_at, typed};
use crate::domain::{ModelSpec, ProviderName};
use form::ModelForm;

/// What `models.yaml` says, once all of its documents are put together.
#[derive(Default)]
pub(super) struct Models {
    /// The models in catalogue order.
    pub(super) specs: Vec<ModelSpec>,
    /// Names for canonical `provider/id`s.
    pub(super) aliases: BTreeMap<String, String>,
    /// Canonical names of all models, those at fault included.
    pub(super) names: BTreeSet<String>,
}

/// A model as some document has it.
struct Entry {
    source: String,
    path: Path,
    value: Value,
}

/// Tells whether a text can be a model's id.
pub(super) fn is_model_id(id: &str) -> bool {
    (1..=128).contains(&id.chars().count())
        && !id.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Puts the documents together: a later entry replaces the one with the same
/// provider and id or comes last; aliases merge by name.
///
/// `local` are the models of the local server, made from the template.
pub(super) fn read(documents: Vec<Document>, local: &[String], report: &mut Report) -> Models {
    let mut entries: Vec<(Option<String>, Entry)> = Vec::new();
    let mut aliases: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    let mut template = None;
    for document in documents {
        let (source, mut members) = (document.source, document.members);
        merge_aliases(&source, members.remove("aliases"), &mut aliases, report);
        merge_entries(&source, members.remove("models"), &mut entries, report);
        if let Some(value) = members.remove("local").filter(|value| !is_null(value)) {
            template = Some(Entry {
                source: source.clone(),
                path: Path::dotted("local"),
                value,
            });
        }
        // Where the catalogue comes from, for people.
        members.remove("source");
        refuse_unknown(&source, &members, report);
    }
    let mut models = Models::default();
    for (name, entry) in entries {
        models.names.extend(name);
        let form = entry.form(report);
        let spec = form.and_then(|form| form.spec(&entry.source, &entry.path, report));
        models.specs.extend(spec);
    }
    median::fill_in(&mut models.specs);
    if let Some(template) = template {
        models.add_local(local, &template, report);
    }
    models.take_aliases(aliases, report);
    models
}

fn is_null(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Nil)
}

fn refuse_unknown(source: &str, members: &Map<String, Value>, report: &mut Report) {
    let known = ["source", "aliases", "local", "models"].map(str::to_owned);
    for key in members.keys() {
        let hint = typed::nearest(key, &known).map_or_else(
            || format!("keys here: {}", known.join(", ")),
            |near| format!("did you mean {near}?"),
        );
        let path = Path::default().key(key);
        fault_at(
            report,
            source,
            &path,
            format!("unknown key `{key}`; {hint}"),
        );
    }
}

fn merge_aliases(
    source: &str,
    value: Option<Value>,
    aliases: &mut BTreeMap<String, (String, Option<String>)>,
    report: &mut Report,
) {
    let path = Path::dotted("aliases");
    let tree = match value {
        Some(value) if !is_null(&value) => document::to_json(&value),
        _ => return,
    };
    let reading = typed::read::<BTreeMap<String, Option<String>>>(tree);
    for (place, reason) in reading.faults {
        fault_at(report, source, &path.join(&place), reason);
    }
    for (alias, target) in reading.value.unwrap_or_default() {
        aliases.insert(alias, (source.to_owned(), target));
    }
}

fn merge_entries(
    source: &str,
    value: Option<Value>,
    entries: &mut Vec<(Option<String>, Entry)>,
    report: &mut Report,
) {
    let path = Path::dotted("models");
    let list = match value.map(|value| value.kind) {
        None | Some(ValueKind::Nil) => return,
        Some(ValueKind::Array(list)) => list,
        Some(_) => return fault_at(report, source, &path, "must be a list of models"),
    };
    let mut seen = BTreeSet::new();
    for (index, value) in list.into_iter().enumerate() {
        let path = path.index(index);
        let name = canonical(&value);
        if let Some(name) = &name
            && !seen.insert(name.clone())
        {
            fault_at(report, source, &path, format!("{name} is listed twice"));
            continue;
        }
        let entry = Entry {
            source: source.to_owned(),
            path,
            value,
        };
        let same = entries
            .iter_mut()
            .find(|(known, _)| known.is_some() && *known == name);
        match same {
            Some((_, known)) => *known = entry,
            None => entries.push((name, entry)),
        }
    }
}

/// Returns `provider/id` if the entry says both.
fn canonical(value: &Value) -> Option<String> {
    let ValueKind::Table(members) = &value.kind else {
        return None;
    };
    let text = |key| match members.get(key).map(|value| &value.kind) {
        Some(ValueKind::String(text)) => Some(text),
        _ => None,
    };
    Some(format!("{}/{}", text("provider")?, text("id")?))
}

impl Entry {
    fn form(&self, report: &mut Report) -> Option<ModelForm> {
        let tree: Json = document::to_json(&self.value);
        let reading = typed::read::<ModelForm>(tree);
        let is_whole = reading.faults.is_empty();
        for (place, reason) in reading.faults {
            fault_at(report, &self.source, &self.path.join(&place), reason);
        }
        // What is missing for its own fault would be reported twice.
        reading.value.filter(|_| is_whole)
    }
}

impl Models {
    fn add_local(&mut self, ids: &[String], template: &Entry, report: &mut Report) {
        let Some(form) = template.form(report) else {
            return;
        };
        // The template is checked even while nothing is made from it.
        let probe = form.clone().named("local", "template");
        let Some(spec) = probe.spec(&template.source, &template.path, report) else {
            return;
        };
        for id in ids {
            let name = format!("local/{id}");
            if self.names.insert(name) {
                self.specs.push(ModelSpec {
                    provider: ProviderName::new("local"),
                    id: crate::domain::ModelId::new(id.as_str()),
                    ..spec.clone()
                });
            }
        }
    }

    fn take_aliases(
        &mut self,
        aliases: BTreeMap<String, (String, Option<String>)>,
        report: &mut Report,
    ) {
        let ids: BTreeSet<&str> = self.specs.iter().map(|spec| spec.id.as_str()).collect();
        let known: Vec<String> = self.names.iter().cloned().collect();
        for (alias, (source, target)) in aliases {
            let Some(target) = target else {
                continue;
            };
            let path = Path::dotted("aliases").key(&alias);
            if alias == "auto" || ids.contains(alias.as_str()) || self.names.contains(&alias) {
                fault_at(report, &source, &path, "hides a model of the same name");
            } else if !is_model_id(&alias) {
                fault_at(
                    report,
                    &source,
                    &path,
                    "a name has 1 to 128 visible characters",
                );
            } else if !self.names.contains(&target) {
                let reason = no_model(&target, &known);
                fault_at(report, &source, &path, reason);
            } else {
                self.aliases.insert(alias, target);
            }
        }
    }
}

/// Says that `name` is not the canonical name of a model, with a near one.
pub(super) fn no_model(name: &str, known: &[String]) -> String {
    let shown: String = name.chars().take(128).collect();
    typed::nearest(name, known).map_or_else(
        || format!("no model is named {shown:?}; the form is provider/id"),
        |near| format!("no model is named {shown:?}; did you mean {near}?"),
    )
}
