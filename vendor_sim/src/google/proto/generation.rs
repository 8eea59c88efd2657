//! The settings of an answer, and schemas.

use super::{Kind, Message, Service, many, one, only};

pub(super) static GENERATION_CONFIG: Message = Message {
    name: "GenerationConfig",
    fields: &[
        one("candidateCount", Kind::Int32),
        many("stopSequences", Kind::Text),
        one("maxOutputTokens", Kind::Int32),
        one("temperature", Kind::Float),
        one("topP", Kind::Float),
        only(Service::Gemini, one("topK", Kind::Int32)),
        only(Service::Vertex, one("topK", Kind::Float)),
        one("seed", Kind::Int32),
        one("presencePenalty", Kind::Float),
        one("frequencyPenalty", Kind::Float),
        one("responseLogprobs", Kind::Bool),
        one("logprobs", Kind::Int32),
        one("responseMimeType", Kind::Text),
        one("responseSchema", Kind::Message(&SCHEMA)),
        one("responseJsonSchema", Kind::Any),
        many("responseModalities", MODALITY),
        one("mediaResolution", MEDIA_RESOLUTION),
        one("thinkingConfig", Kind::Message(&THINKING_CONFIG)),
    ],
};

const MODALITY: Kind = Kind::Enum(
    "GenerationConfig.Modality",
    &["MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"],
);

const MEDIA_RESOLUTION: Kind = Kind::Enum(
    "GenerationConfig.MediaResolution",
    &[
        "MEDIA_RESOLUTION_UNSPECIFIED",
        "MEDIA_RESOLUTION_LOW",
        "MEDIA_RESOLUTION_MEDIUM",
        "MEDIA_RESOLUTION_HIGH",
    ],
);

static THINKING_CONFIG: Message = Message {
    name: "ThinkingConfig",
    fields: &[
        one("includeThoughts", Kind::Bool),
        one("thinkingBudget", Kind::Int32),
        only(Service::Gemini, one("thinkingLevel", GEMINI_LEVEL)),
        only(Service::Vertex, one("thinkingLevel", VERTEX_LEVEL)),
    ],
};

/// `XHIGH` is in the SDK's types and not yet in Vertex's discovery document.
const GEMINI_LEVEL: Kind = Kind::Enum(
    "ThinkingConfig.ThinkingLevel",
    &[
        "THINKING_LEVEL_UNSPECIFIED",
        "LOW",
        "MEDIUM",
        "HIGH",
        "MINIMAL",
        "XHIGH",
    ],
);

const VERTEX_LEVEL: Kind = Kind::Enum(
    "GenerationConfig.ThinkingConfig.ThinkingLevel",
    &[
        "THINKING_LEVEL_UNSPECIFIED",
        "LOW",
        "MEDIUM",
        "HIGH",
        "MINIMAL",
    ],
);

/// OpenAPI's subset of JSON Schema. What a caller has as JSON Schema goes
/// into the fields for that; the usual trap is `additionalProperties`, which
/// only Vertex lists here.
pub(super) static SCHEMA: Message = Message {
    name: "Schema",
    fields: &[
        one("type", TYPE),
        one("format", Kind::Text),
        one("title", Kind::Text),
        one("description", Kind::Text),
        one("nullable", Kind::Bool),
        many("enum", Kind::Text),
        one("maxItems", Kind::Int64),
        one("minItems", Kind::Int64),
        one("properties", Kind::MapOf(&SCHEMA)),
        many("required", Kind::Text),
        one("minProperties", Kind::Int64),
        one("maxProperties", Kind::Int64),
        one("minLength", Kind::Int64),
        one("maxLength", Kind::Int64),
        one("pattern", Kind::Text),
        one("example", Kind::Any),
        many("anyOf", Kind::Message(&SCHEMA)),
        many("propertyOrdering", Kind::Text),
        one("default", Kind::Any),
        one("items", Kind::Message(&SCHEMA)),
        one("minimum", Kind::Float),
        one("maximum", Kind::Float),
        only(Service::Vertex, one("additionalProperties", Kind::Any)),
        only(Service::Vertex, one("ref", Kind::Text)),
        only(Service::Vertex, one("defs", Kind::MapOf(&SCHEMA))),
    ],
};

const TYPE: Kind = Kind::Enum(
    "Type",
    &[
        "TYPE_UNSPECIFIED",
        "STRING",
        "NUMBER",
        "INTEGER",
        "BOOLEAN",
        "ARRAY",
        "OBJECT",
        "NULL",
    ],
);
