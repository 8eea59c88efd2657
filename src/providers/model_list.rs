//! A vendor's list of models, whose form is nearly the same for all.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde_json::{Map, Value};

use tokio::time::Instant;

use super::endpoint::{Endpoint, segment};
use super::exchange::Reply;
use super::failure;
use crate::domain::{ListedModel, ModelId, ProviderError, ProviderErrorKind};

/// Where the list stands: OpenAI's dialect and Anthropic, Google, Vertex AI.
const LISTS: [&str; 3] = ["data", "models", "publisherModels"];
/// Members for the window: Mistral, Groq, Anthropic, Google.
const WINDOWS: [&str; 4] = [
    "max_context_length",
    "context_window",
    "max_input_tokens",
    "inputTokenLimit",
];
/// Members for the most output: Groq, Anthropic, Google.
const OUTPUTS: [&str; 3] = ["max_completion_tokens", "max_tokens", "outputTokenLimit"];
/// Members for the end: Anthropic, Mistral.
const ENDS: [&str; 2] = ["retires_at", "deprecation"];

/// The most pages that are read; a page has up to a thousand models.
const MAX_PAGES: usize = 20;

/// Gets the list of models below `path`, which has a query, page by page.
///
/// # Errors
/// As for [`Endpoint::get`]; `Broken` for what is no list, or one without
/// end.
pub(super) async fn get(
    endpoint: &Endpoint,
    path: &str,
    deadline: Instant,
) -> Result<Vec<ListedModel>, ProviderError> {
    let mut models = Vec::new();
    let mut page = path.to_owned();
    for _ in 0..MAX_PAGES {
        let reply = endpoint.get_from(&page, deadline).await?;
        models.extend(read(&reply)?);
        let Some(next) = next_page(&reply) else {
            return Ok(models);
        };
        page = format!("{path}&{next}");
    }
    let message = format!("the vendor's list has more than {MAX_PAGES} pages");
    Err(ProviderError::new(ProviderErrorKind::Broken, message))
}

/// What the query of the next page has besides: Google's form or Anthropic's.
fn next_page(reply: &Reply) -> Option<String> {
    let document: Value = serde_json::from_slice(&reply.body).ok()?;
    let members = document.as_object()?;
    let token = text(members, "nextPageToken").filter(|token| !token.is_empty());
    if let Some(token) = token {
        return Some(format!("pageToken={}", segment(token)));
    }
    let has_more = members.get("has_more") == Some(&Value::Bool(true));
    let last = text(members, "last_id").filter(|_| has_more)?;
    Some(format!("after_id={}", segment(last)))
}

/// Reads a list of models. Of an entry only the id must be understood.
///
/// # Errors
/// `Broken` for anything else.
pub(super) fn read(reply: &Reply) -> Result<Vec<ListedModel>, ProviderError> {
    let document: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let list = document.as_ref().and_then(|document| {
        let mut lists = LISTS.iter().map(|name| document.get(name));
        // Google leaves an empty list out.
        match lists.find_map(|list| list) {
            Some(list) => list.as_array().map(Vec::as_slice),
            None => document
                .as_object()
                .filter(|members| members.is_empty())
                .map(|_| &[][..]),
        }
    });
    list.and_then(|entries| entries.iter().map(listed).collect())
        .ok_or_else(|| failure::broken(reply, "the answer is not a list of models"))
}

fn listed(entry: &Value) -> Option<ListedModel> {
    let members = entry.as_object()?;
    let name = text(members, "id").or_else(|| text(members, "name"))?;
    // Google writes `models/x` and `publishers/google/models/x`.
    let id = match name.rsplit_once("models/") {
        Some((before, id)) if before.is_empty() || before.ends_with('/') => id,
        _ => name,
    };
    let is_retired = text(members, "lifecycle") == Some("retired");
    let is_switched_off = members.get("active") == Some(&Value::Bool(false));
    Some(ListedModel {
        ends: ENDS.iter().find_map(|name| day(text(members, name)?)),
        replacement: text(members, "deprecation_replacement_model").map(ModelId::new),
        context_window: WINDOWS.iter().find_map(|name| count(members, name)),
        max_output: OUTPUTS.iter().find_map(|name| count(members, name)),
        is_active: !is_switched_off && !is_retired,
        ..ListedModel::new(id)
    })
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str()
}

fn count(members: &Map<String, Value>, name: &str) -> Option<u32> {
    members.get(name)?.as_u64()?.try_into().ok()
}

/// Reads a day, or the day of a moment in UTC.
fn day(text: &str) -> Option<Date> {
    let moment = text.parse::<Timestamp>();
    let of_moment = moment.map(|moment| Offset::UTC.to_datetime(moment).date());
    of_moment.or_else(|_| text.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(json: &str) -> ListedModel {
        listed(&serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn every_vendors_entry_is_understood() {
        let anthropic = read_one(
            r#"{"type":"model","id":"claude-x","lifecycle":"deprecated",
                "retires_at":"2026-11-30T00:00:00Z","max_input_tokens":200000,"max_tokens":64000}"#,
        );
        let mistral = read_one(
            r#"{"id":"mistral-x","name":"Mistral X","max_context_length":32768,"deprecation":"2026-12-01T12:00:00Z",
                "deprecation_replacement_model":"mistral-y"}"#,
        );
        let groq = read_one(
            r#"{"id":"a/b","active":false,"context_window":131072,"max_completion_tokens":65536}"#,
        );
        let google = read_one(
            r#"{"name":"models/gemini-x","inputTokenLimit":1048576,"outputTokenLimit":65536}"#,
        );

        assert_eq!(anthropic.ends, Some(jiff::civil::date(2026, 11, 30)));
        assert_eq!(anthropic.max_output, Some(64_000));
        assert!(anthropic.is_active && !groq.is_active);
        assert_eq!(mistral.ends, Some(jiff::civil::date(2026, 12, 1)));
        assert_eq!(mistral.replacement, Some(ModelId::new("mistral-y")));
        assert_eq!(
            (groq.context_window, groq.max_output),
            (Some(131_072), Some(65_536))
        );
        assert_eq!(google.id, ModelId::new("gemini-x"));
        assert_eq!(google.context_window, Some(1_048_576));
    }

    #[test]
    fn an_id_alone_is_enough_and_nonsense_beside_it_is_absent() {
        let bare = read_one(r#"{"id":"gpt"}"#);
        let odd = read_one(
            r#"{"id":"meta/models-7b","max_tokens":"many","active":"yes","deprecation":5}"#,
        );
        let vertex = read_one(r#"{"name":"publishers/google/models/gemini-x"}"#);

        assert_eq!(bare, ListedModel::new("gpt"));
        assert_eq!(odd, ListedModel::new("meta/models-7b"));
        assert_eq!(vertex, ListedModel::new("gemini-x"));
    }
}
