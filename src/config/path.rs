//! The place of a value in a document.

use std::fmt;

/// One step down into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list, counted from 0.
    Index(usize),
}

/// The steps from the root of a document to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

impl Path {
    /// Splits a dotted path of plain keys.
    pub(super) fn dotted(keys: &str) -> Self {
        Self(
            keys.split('.')
                .map(|key| Step::Key(key.to_owned()))
                .collect(),
        )
    }

    pub(super) fn key(&self, key: impl Into<String>) -> Self {
        self.then(Step::Key(key.into()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    pub(super) fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Returns the place of the value around this one, and the last step.
    pub(super) fn split_last(&self) -> Option<(Self, &Step)> {
        let (last, rest) = self.0.split_last()?;
        Some((Self(rest.to_vec()), last))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Path {
    /// Writes `models[3].request.efforts`; keys that are not plain words are
    /// quoted, as in `routing.fallbacks."openai/gpt-5.4"[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    let dot = if position == 0 { "" } else { "." };
                    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                    if !key.is_empty() && key.len() <= 80 && key.chars().all(is_word) {
                        write!(f, "{dot}{key}")?;
                    } else {
                        let shown: String = key.chars().take(80).collect();
                        write!(f, "{dot}{shown:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_words_are_quoted() {
        let path = Path::dotted("routing.fallbacks")
            .key("openai/gpt-5.4")
            .index(0);

        assert_eq!(path.to_string(), r#"routing.fallbacks."openai/gpt-5.4"[0]"#);
    }
}
