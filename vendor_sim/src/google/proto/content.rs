//! Contents and their parts.

use super::{Field, Kind, Message, Service, either, many, one, only};

pub(super) static CONTENT: Message = Message {
    name: "Content",
    fields: &[one("role", Kind::Text), many("parts", Kind::Message(&PART))],
};

/// Parts of what is not played, such as code that the vendor runs, are not
/// listed, and so are refused like any unknown name.
static PART: Message = Message {
    name: "Part",
    fields: &[
        data("text", Kind::Text),
        data("inlineData", Kind::Message(&BLOB)),
        data("fileData", Kind::Message(&FILE_DATA)),
        data("functionCall", Kind::Message(&FUNCTION_CALL)),
        data("functionResponse", Kind::Message(&FUNCTION_RESPONSE)),
        one("thought", Kind::Bool),
        one("thoughtSignature", Kind::Bytes),
        one("videoMetadata", Kind::Message(&VIDEO_METADATA)),
        one("mediaResolution", Kind::Message(&MEDIA_RESOLUTION)),
        only(Service::Gemini, one("partMetadata", Kind::Struct)),
    ],
};

const fn data(name: &'static str, kind: Kind) -> Field {
    either("data", name, kind)
}

static BLOB: Message = Message {
    name: "Blob",
    fields: &[
        one("mimeType", Kind::Text),
        one("data", Kind::Bytes),
        only(Service::Vertex, one("displayName", Kind::Text)),
    ],
};

static FILE_DATA: Message = Message {
    name: "FileData",
    fields: &[
        one("mimeType", Kind::Text),
        one("fileUri", Kind::Text),
        only(Service::Vertex, one("displayName", Kind::Text)),
    ],
};

static FUNCTION_CALL: Message = Message {
    name: "FunctionCall",
    fields: &[
        one("id", Kind::Text),
        one("name", Kind::Text),
        one("args", Kind::Struct),
    ],
};

static FUNCTION_RESPONSE: Message = Message {
    name: "FunctionResponse",
    fields: &[
        one("id", Kind::Text),
        one("name", Kind::Text),
        one("response", Kind::Struct),
        many("parts", Kind::Message(&FUNCTION_RESPONSE_PART)),
        one("scheduling", SCHEDULING),
        only(Service::Gemini, one("willContinue", Kind::Bool)),
    ],
};

const SCHEDULING: Kind = Kind::Enum(
    "FunctionResponse.Scheduling",
    &["SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT"],
);

static FUNCTION_RESPONSE_PART: Message = Message {
    name: "FunctionResponsePart",
    fields: &[
        data("inlineData", Kind::Message(&BLOB)),
        only(Service::Vertex, data("fileData", Kind::Message(&FILE_DATA))),
    ],
};

static VIDEO_METADATA: Message = Message {
    name: "VideoMetadata",
    fields: &[
        one("startOffset", Kind::Text),
        one("endOffset", Kind::Text),
        one("fps", Kind::Float),
    ],
};

static MEDIA_RESOLUTION: Message = Message {
    name: "PartMediaResolution",
    fields: &[one(
        "level",
        Kind::Enum(
            "PartMediaResolution.Level",
            &[
                "MEDIA_RESOLUTION_UNSPECIFIED",
                "MEDIA_RESOLUTION_LOW",
                "MEDIA_RESOLUTION_MEDIUM",
                "MEDIA_RESOLUTION_HIGH",
                "MEDIA_RESOLUTION_ULTRA_HIGH",
            ],
        ),
    )],
};
