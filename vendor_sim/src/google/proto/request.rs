//! The bodies of the two methods, with tools and safety settings.

use super::content::CONTENT;
use super::generation::{GENERATION_CONFIG, SCHEMA};
use super::{Field, Kind, Message, Service, many, one, only};

/// The body of `generateContent` and `streamGenerateContent`.
pub(in crate::google) static GENERATE_CONTENT: Message = Message {
    name: "GenerateContentRequest",
    fields: &[
        only(Service::Gemini, MODEL),
        CONTENTS,
        SYSTEM_INSTRUCTION,
        TOOLS,
        one("toolConfig", Kind::Message(&TOOL_CONFIG)),
        many("safetySettings", Kind::Message(&SAFETY_SETTING)),
        GENERATION,
        one("cachedContent", Kind::Text),
        only(Service::Gemini, one("store", Kind::Bool)),
        only(Service::Vertex, one("labels", Kind::Labels)),
    ],
};

/// The body of `countTokens`. Gemini counts bare contents, or a whole request
/// inside; Vertex takes the parts of a request side by side.
pub(in crate::google) static COUNT_TOKENS: Message = Message {
    name: "CountTokensRequest",
    fields: &[
        CONTENTS,
        only(
            Service::Gemini,
            one("generateContentRequest", Kind::Message(&GENERATE_CONTENT)),
        ),
        only(Service::Vertex, MODEL),
        only(Service::Vertex, SYSTEM_INSTRUCTION),
        only(Service::Vertex, TOOLS),
        only(Service::Vertex, GENERATION),
    ],
};

const MODEL: Field = one("model", Kind::Text);
const CONTENTS: Field = many("contents", Kind::Message(&CONTENT));
const SYSTEM_INSTRUCTION: Field = one("systemInstruction", Kind::Message(&CONTENT));
const TOOLS: Field = many("tools", Kind::Message(&TOOL));
const GENERATION: Field = one("generationConfig", Kind::Message(&GENERATION_CONFIG));

/// Tools that the vendor runs itself are not played and not listed.
static TOOL: Message = Message {
    name: "Tool",
    fields: &[many(
        "functionDeclarations",
        Kind::Message(&FUNCTION_DECLARATION),
    )],
};

static FUNCTION_DECLARATION: Message = Message {
    name: "FunctionDeclaration",
    fields: &[
        one("name", Kind::Text),
        one("description", Kind::Text),
        one("behavior", BEHAVIOR),
        one("parameters", Kind::Message(&SCHEMA)),
        one("parametersJsonSchema", Kind::Any),
        one("response", Kind::Message(&SCHEMA)),
        one("responseJsonSchema", Kind::Any),
    ],
};

const BEHAVIOR: Kind = Kind::Enum(
    "FunctionDeclaration.Behavior",
    &["UNSPECIFIED", "BLOCKING", "NON_BLOCKING"],
);

static TOOL_CONFIG: Message = Message {
    name: "ToolConfig",
    fields: &[one(
        "functionCallingConfig",
        Kind::Message(&FUNCTION_CALLING_CONFIG),
    )],
};

static FUNCTION_CALLING_CONFIG: Message = Message {
    name: "FunctionCallingConfig",
    fields: &[one("mode", MODE), many("allowedFunctionNames", Kind::Text)],
};

const MODE: Kind = Kind::Enum(
    "FunctionCallingConfig.Mode",
    &["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"],
);

static SAFETY_SETTING: Message = Message {
    name: "SafetySetting",
    fields: &[
        one("category", CATEGORY),
        one("threshold", THRESHOLD),
        only(Service::Vertex, one("method", METHOD)),
    ],
};

const CATEGORY: Kind = Kind::Enum(
    "HarmCategory",
    &[
        "HARM_CATEGORY_UNSPECIFIED",
        "HARM_CATEGORY_HARASSMENT",
        "HARM_CATEGORY_HATE_SPEECH",
        "HARM_CATEGORY_SEXUALLY_EXPLICIT",
        "HARM_CATEGORY_DANGEROUS_CONTENT",
        "HARM_CATEGORY_CIVIC_INTEGRITY",
        "HARM_CATEGORY_JAILBREAK",
        "HARM_CATEGORY_IMAGE_HATE",
        "HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT",
        "HARM_CATEGORY_IMAGE_HARASSMENT",
        "HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT",
    ],
);

const THRESHOLD: Kind = Kind::Enum(
    "SafetySetting.HarmBlockThreshold",
    &[
        "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
        "BLOCK_LOW_AND_ABOVE",
        "BLOCK_MEDIUM_AND_ABOVE",
        "BLOCK_ONLY_HIGH",
        "BLOCK_NONE",
        "OFF",
    ],
);

const METHOD: Kind = Kind::Enum(
    "SafetySetting.HarmBlockMethod",
    &["HARM_BLOCK_METHOD_UNSPECIFIED", "SEVERITY", "PROBABILITY"],
);
