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
    is_form_of(served.as_str(), target.model.as_str()).then(|| target.model.clone())
}

/// Tells whether two names differ by a path before them or a date or version
/// behind them: `gpt-5.4-mini-2026-03-17`, `claude-haiku-4-5@20251001`,
/// `models/gemini-x-001`.
fn is_form_of(served: &str, asked: &str) -> bool {
    let bare = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let (served, asked) = (bare(served), bare(asked));
    let (short, long) = if served.len() < asked.len() {
        (served, asked)
    } else {
        (asked, served)
    };
    let is_date = |rest: &str| {
        let is_sign = |sign: char| sign.is_ascii_digit() || sign == '-';
        rest.starts_with(['-', '@']) && rest.chars().skip(1).all(is_sign) && rest.len() > 3
    };
    !short.is_empty()
        && long
            .strip_prefix(&short)
            .is_some_and(|rest| rest.is_empty() || rest == "-latest" || is_date(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_paths_make_no_other_model() {
        for (served, asked) in [
            ("gpt-5.4-mini-2026-03-17", "gpt-5.4-mini"),
            ("claude-haiku-4-5@20251001", "claude-haiku-4-5"),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
            ("gemini-x-001", "gemini-x"),
            ("models/gemini-x", "gemini-x"),
            ("gpt-oss-20b", "openai/gpt-oss-20b"),
            ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
            ("codestral-latest", "codestral"),
        ] {
            assert!(is_form_of(served, asked), "{served} {asked}");
        }
    }

    #[test]
    fn everything_else_does() {
        for (served, asked) in [
            ("gpt-5.4-mini", "gpt-5.4"),
            ("gpt-5.4", "gpt-5"),
            ("gemini-3.8-flash", "gemini-3.7-flash"),
            ("gpt-5-6", "gpt-5"),
            ("", "gpt-5"),
            ("gpt-6-sol-pro", "gpt-6-sol"),
        ] {
            assert!(!is_form_of(served, asked), "{served} {asked}");
        }
    }
}
