//! Writes the turns of a conversation and their parts.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::{
    ContentPart, EffortForm, ImageSource, Message, ModelSpec, Role, ToolCall, ToolResult,
};

/// Stands for the seal of a call that another model made, or that got lost on
/// its way through a client; documented for that.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

#[derive(Serialize)]
pub(super) struct Content<'a> {
    role: &'static str,
    pub(super) parts: Vec<Part<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(flatten)]
    payload: Payload<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Payload<'a> {
    Text(&'a str),
    InlineData(Blob<'a>),
    FileData(File<'a>),
    FunctionCall(Call<'a>),
    FunctionResponse(Response<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    mime_type: &'static str,
    file_uri: &'a str,
}

#[derive(Serialize)]
struct Call<'a> {
    name: &'a str,
    args: &'a Value,
}

#[derive(Serialize)]
struct Response<'a> {
    name: &'a str,
    response: Value,
}

/// Writes the turns so that user and model take turns, the user first, as
/// the vendor wants it: neighbours of one role become one.
pub(super) fn contents<'a>(turns: &[&'a Message], spec: &ModelSpec) -> Vec<Content<'a>> {
    let writer = Writer::new(turns, spec);
    let mut contents: Vec<Content<'a>> = Vec::new();
    // What tools show stands behind all of their results.
    let mut shown: Vec<Part<'a>> = Vec::new();
    for message in turns {
        if message.role != Role::Tool && !shown.is_empty() {
            show(&mut contents, std::mem::take(&mut shown));
        }
        shown.extend(message.content.iter().flat_map(pictures));
        let role = match message.role {
            Role::Assistant => "model",
            Role::System | Role::User | Role::Tool => "user",
        };
        if contents.is_empty() && role == "model" {
            // Chat bots open with a greeting.
            let parts = vec![Part::of(Payload::Text("(the conversation begins)"))];
            contents.push(Content {
                role: "user",
                parts,
            });
        }
        let parts = writer.parts(message);
        match contents.last_mut() {
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => contents.push(Content { role, parts }),
        }
    }
    show(&mut contents, shown);
    contents
}

/// Adds pictures to the turn with the results.
fn show<'a>(contents: &mut [Content<'a>], pictures: Vec<Part<'a>>) {
    if let Some(results) = contents.last_mut() {
        results.parts.extend(pictures);
    }
}

/// Lists the pictures that a tool shows.
fn pictures(part: &ContentPart) -> impl Iterator<Item = Part<'_>> {
    let parts = match part {
        ContentPart::ToolResult(result) => result.content.as_slice(),
        _ => &[],
    };
    parts.iter().filter_map(|part| match part {
        ContentPart::Image(source) => Some(Part::of(picture(source))),
        _ => None,
    })
}

/// Writes the texts of instructions; the vendor refuses empty ones.
pub(super) fn instructions<'a>(system: &[&'a Message]) -> Vec<Part<'a>> {
    let texts = system.iter().flat_map(|message| message.texts());
    texts.filter_map(text).collect()
}

/// Writes a text; `None` for an empty one.
pub(super) fn text(text: &str) -> Option<Part<'_>> {
    (!text.trim().is_empty()).then(|| Part::of(Payload::Text(text)))
}

impl<'a> Part<'a> {
    const fn of(payload: Payload<'a>) -> Self {
        Self {
            payload,
            thought_signature: None,
        }
    }
}

/// What must be known of a conversation to write its parts.
struct Writer<'a> {
    /// The names of the functions called, by the ids of the calls: results
    /// name the function.
    names: HashMap<&'a str, &'a str>,
    /// Models since Gemini 3 want their seals back.
    wants_signature: bool,
}

impl<'a> Writer<'a> {
    fn new(turns: &[&'a Message], spec: &ModelSpec) -> Self {
        let parts = turns.iter().flat_map(|message| &message.content);
        let names = parts.filter_map(|part| match part {
            ContentPart::ToolCall(call) => Some((call.id.as_str(), call.name.as_str())),
            _ => None,
        });
        Self {
            names: names.collect(),
            wants_signature: spec.request.effort_form == EffortForm::Name,
        }
    }

    fn parts(&self, message: &'a Message) -> Vec<Part<'a>> {
        let mut is_first_call = true;
        let parts = message.content.iter().filter_map(|part| match part {
            ContentPart::Text(words) => text(words),
            ContentPart::Image(source) => Some(Part::of(picture(source))),
            // Seals stand on calls; thoughts by themselves are not taken.
            ContentPart::Reasoning { .. } | ContentPart::CacheMark(_) => None,
            ContentPart::ToolCall(call) => {
                Some(self.call(call, std::mem::take(&mut is_first_call)))
            }
            ContentPart::ToolResult(result) => Some(Part::of(self.response(result))),
        });
        parts.collect()
    }

    /// Of several calls at once only the first is sealed.
    fn call(&self, call: &'a ToolCall, is_first: bool) -> Part<'a> {
        let sealed = call.signature.as_deref();
        let signature = sealed.or(is_first.then_some(NO_SIGNATURE));
        Part {
            payload: Payload::FunctionCall(Call {
                name: &call.name,
                args: &call.arguments,
            }),
            thought_signature: signature.filter(|_| self.wants_signature),
        }
    }

    fn response(&self, result: &'a ToolResult) -> Payload<'a> {
        let name = self.names.get(result.call_id.as_str()).copied();
        let texts = result.content.iter().filter_map(|part| match part {
            ContentPart::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let text: String = texts.collect();
        // An object is wanted; one that a tool gave is kept as it is.
        let object: Option<Value> = serde_json::from_str(&text).ok();
        let response = match (object.filter(Value::is_object), result.is_error) {
            (_, true) => json!({ "error": text }),
            (Some(object), false) => object,
            (None, false) => json!({ "output": text }),
        };
        Payload::FunctionResponse(Response {
            name: name.unwrap_or_default(),
            response,
        })
    }
}

fn picture(source: &ImageSource) -> Payload<'_> {
    match source {
        ImageSource::Data { media_type, base64 } => Payload::InlineData(Blob {
            mime_type: media_type,
            data: base64,
        }),
        ImageSource::Url(url) => Payload::FileData(File {
            mime_type: media_type(url),
            file_uri: url,
        }),
    }
}

/// Guesses what is at an address; the vendor wants to be told.
fn media_type(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit('.').next().unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => "image/jpeg",
    }
}
