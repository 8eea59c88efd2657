//! What is wrong with a configuration, all of it at once.

use std::fmt;

/// The most faults that are listed; a file of another kind could have more.
const LISTED: usize = 200;
/// The shortest text that is masked, in bytes. Keys are longer; to mask less
/// would garble words that merely contain it.
const SHORTEST_SECRET: usize = 8;

/// One thing that must be mended before the gateway starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it was said: a file, `environment` or `command line`.
    pub source: String,
    /// The key in the file, the variable or the flag; empty if the fault
    /// concerns the source as a whole.
    pub path: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}: {}", self.source, self.reason)
        } else {
            write!(f, "{}: {}: {}", self.source, self.path, self.reason)
        }
    }
}

/// Every fault of a configuration, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Makes the one fault of a source as a whole.
    pub(crate) fn one(source: impl Into<String>, reason: impl Into<String>) -> Self {
        Self(vec![Fault {
            source: source.into(),
            path: String::new(),
            reason: reason.into(),
        }])
    }

    /// Lists the faults in the order in which they were found.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Fault> {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    /// Writes one fault a line, without a final line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.0.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Collects faults and warnings, and keeps secrets out of both.
#[derive(Default)]
pub(super) struct Report {
    faults: Vec<Fault>,
    has_more: bool,
    warnings: Vec<String>,
    secrets: Vec<String>,
}

impl Report {
    pub(super) fn fault(
        &mut self,
        source: impl Into<String>,
        path: impl ToString,
        reason: impl Into<String>,
    ) {
        let fault = Fault {
            source: source.into(),
            path: path.to_string(),
            reason: reason.into(),
        };
        if self.faults.contains(&fault) {
            return;
        }
        if self.faults.len() < LISTED {
            self.faults.push(fault);
        } else {
            self.has_more = true;
        }
    }

    /// Records a fault of an environment variable.
    /// Tells whether a place has a fault already, so that what follows from
    /// it need not be said.
    pub(super) fn has_fault_at(&self, source: &str, path: impl ToString) -> bool {
        let path = path.to_string();
        let mut faults = self.faults.iter();
        faults.any(|fault| fault.source == source && fault.path == path)
    }

    pub(super) fn variable(&mut self, name: &str, reason: impl Into<String>) {
        self.fault("environment", name, reason);
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if !self.warnings.contains(&warning) && self.warnings.len() < LISTED {
            self.warnings.push(warning);
        }
    }

    /// Remembers a value that no fault, warning or listing may repeat.
    pub(super) fn hide(&mut self, secret: &str) {
        if secret.len() < SHORTEST_SECRET {
            return;
        }
        // Messages quote values, and quoting escapes some characters.
        let quoted = format!("{secret:?}");
        let escaped = quoted
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        self.secrets.extend(escaped.map(str::to_owned));
        self.secrets.push(secret.to_owned());
        self.secrets
            .sort_by_key(|known| std::cmp::Reverse(known.len()));
        self.secrets.dedup();
    }

    /// Replaces every secret in `text` by `***`.
    pub(super) fn masked(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// Returns the warnings if there are no faults.
    ///
    /// # Errors
    /// All faults.
    pub(super) fn finish(self) -> Result<Vec<String>, Faults> {
        if self.faults.is_empty() {
            let warnings = self.warnings.iter();
            return Ok(warnings.map(|warning| self.masked(warning)).collect());
        }
        let masked = self.faults.iter().map(|fault| Fault {
            source: self.masked(&fault.source),
            path: self.masked(&fault.path),
            reason: self.masked(&fault.reason),
        });
        let more = self.has_more.then(|| Fault {
            source: "configuration".to_owned(),
            path: String::new(),
            reason: format!("there are more than {LISTED} faults; mend these first"),
        });
        Err(Faults(masked.chain(more).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_value_is_masked_in_quotes_too() {
        let mut report = Report::default();
        report.hide("sk-\"canary\"");
        report.fault(
            "f",
            "p",
            format!("invalid type: string {:?}", "sk-\"canary\""),
        );

        let faults = report.finish().unwrap_err().to_string();

        assert_eq!(faults, "f: p: invalid type: string \"***\"");
    }
}
