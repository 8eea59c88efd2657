//! The files of the configuration folder, and the defaults in the binary.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use config::{Map, Value};

use super::fault::Report;
use super::path::Path as Place;
use super::sources::Sources;
use super::{document, interpolate, typed};

/// The longest file that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// What the documents in the binary call themselves, before the file's name.
pub(super) const BUILT_IN_PREFIX: &str = "built-in ";

/// The files that exist, and what the binary carries of each.
const BUILT_IN: [(&str, &str); 4] = [
    ("gateway.yaml", include_str!("../../config/gateway.yaml")),
    ("models.yaml", include_str!("../../config/models.yaml")),
    ("pricing.yaml", include_str!("../../config/pricing.yaml")),
    ("prompts.yaml", include_str!("../../config/prompts.yaml")),
];

/// One document and the name by which faults call it.
pub(super) struct Document {
    /// `built-in models.yaml`, or the path of the file.
    pub(super) source: String,
    /// What it says.
    pub(super) members: Map<String, Value>,
}

/// The documents of each kind: the built-in one, then the folder's.
#[derive(Default)]
pub(super) struct Files {
    pub(super) gateway: Vec<Document>,
    pub(super) models: Vec<Document>,
    pub(super) pricing: Vec<Document>,
    pub(super) prompts: Vec<Document>,
}

impl Files {
    /// Reads every document that there is.
    pub(super) fn read(sources: &Sources, report: &mut Report) -> Self {
        let folder = folder(sources, report);
        if let Some(folder) = &folder {
            look_for_strangers(folder, report);
        }
        let mut files = Self::default();
        let kinds = [
            &mut files.gateway,
            &mut files.models,
            &mut files.pricing,
            &mut files.prompts,
        ];
        for ((name, built_in), documents) in BUILT_IN.into_iter().zip(kinds) {
            let source = format!("{BUILT_IN_PREFIX}{name}");
            documents.extend(document(source, built_in, sources, report));
            if let Some(folder) = &folder {
                let path = folder.path.join(name);
                let source = path.display().to_string();
                match read_bounded(&path) {
                    // A copy of ours changes nothing and takes time to parse.
                    Ok(Some(text)) if text == built_in => {}
                    Ok(Some(text)) => documents.extend(document(source, &text, sources, report)),
                    Ok(None) => {}
                    Err(reason) => report.fault(source, "", reason),
                }
            }
        }
        files
    }
}

struct Folder {
    path: PathBuf,
    is_named: bool,
}

/// Finds the folder. One that somebody named must exist; `config/` need not.
fn folder(sources: &Sources, report: &mut Report) -> Option<Folder> {
    const VARIABLE: &str = "GATEWAY_CONFIG_DIR";
    let variable = sources.variable(VARIABLE, report).map(PathBuf::from);
    let named = sources.directory.clone().or(variable);
    let is_named = named.is_some();
    let path = named.unwrap_or_else(|| PathBuf::from("config"));
    if path.is_dir() {
        return Some(Folder { path, is_named });
    }
    if is_named {
        let reason = format!("there is no folder {}", path.display());
        if sources.directory.is_some() {
            report.fault(path.display().to_string(), "", "there is no such folder");
        } else {
            report.variable(VARIABLE, reason);
        }
    }
    None
}

/// Looks for YAML files of other names. In a folder that somebody named, one
/// is a fault, for a misspelt name would go unread; the working directory's
/// `config/` may belong to somebody else, so there it is a warning.
fn look_for_strangers(folder: &Folder, report: &mut Report) {
    let entries = match fs::read_dir(&folder.path) {
        Ok(entries) => entries,
        Err(fault) => {
            let source = folder.path.display().to_string();
            report.fault(source, "", format!("cannot be listed: {fault}"));
            return;
        }
    };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .filter(|name| {
            let extension = Path::new(name).extension();
            extension.is_some_and(|ending| {
                ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml")
            })
        })
        .filter(|name| BUILT_IN.iter().all(|(known, _)| known != name))
        .collect();
    names.sort();
    let known: Vec<String> = BUILT_IN.map(|(name, _)| name.to_owned()).to_vec();
    for name in names {
        let source = folder.path.join(&name).display().to_string();
        let hint = typed::nearest(&name, &known).map_or_else(
            || format!("the files are {}", known.join(", ")),
            |near| format!("did you mean {near}?"),
        );
        let reason = format!("no file of this name is read; {hint}");
        if folder.is_named {
            report.fault(source, "", reason);
        } else {
            report.warn(format!("{source}: {reason}"));
        }
    }
}

fn document(
    source: String,
    text: &str,
    sources: &Sources,
    report: &mut Report,
) -> Option<Document> {
    match document::parse(&source, text) {
        Ok(mut members) => {
            let mut root = Value::from(std::mem::take(&mut members));
            interpolate::expand(&mut root, &source, &Place::default(), sources, report);
            let members = root.into_table().unwrap_or_default();
            Some(Document { source, members })
        }
        Err(reason) => {
            report.fault(source, "", reason);
            None
        }
    }
}

/// Reads a text file of at most [`LONGEST_FILE`] bytes; `None` if there is
/// no such file.
fn read_bounded(path: &Path) -> Result<Option<String>, String> {
    read_text(path, LONGEST_FILE)
}

/// Reads a text file of at most `longest` bytes; `None` if there is none.
///
/// # Errors
/// A reason, never what the file holds.
pub(super) fn read_text(path: &Path, longest: u64) -> Result<Option<String>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(format!("cannot be read: {fault}")),
    };
    let mut bytes = Vec::new();
    file.take(longest.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|fault| format!("cannot be read: {fault}"))?;
    if bytes.len() as u64 > longest {
        return Err(format!("is larger than {longest} bytes"));
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| "is not UTF-8".to_owned())
}
