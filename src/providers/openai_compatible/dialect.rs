//! How vendors of OpenAI's dialect differ, as data.

/// One vendor's way of speaking it.
#[derive(Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The vendor's name, as in configuration.
    pub name: &'static str,
    /// The path of chat completions below the base URL.
    pub chat_path: &'static str,
    /// The path of the list of models below the base URL.
    pub models_path: &'static str,
    /// The role of instructions for a model that reasons; others have
    /// `system`.
    pub reasoning_system_role: &'static str,
    /// Whether usage comes with a stream unasked.
    pub stream_usage: StreamUsage,
    /// Where instructions may stand.
    pub instructions: Instructions,
    /// Who may speak after a tool's result.
    pub turn_order: TurnOrder,
    /// What the id of a call may be.
    pub call_ids: CallIds,
    /// What `top_p` may be.
    pub top_p: TopPRange,
    /// How a model that reasons is told to keep its thoughts to itself.
    pub thoughts: Thoughts,
    /// How an assistant's message that the model shall go on with is marked.
    pub prefill: Prefill,
}

/// Whether usage comes with a stream unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamUsage {
    /// It must be asked for: `stream_options`.
    Asked,
    /// It comes, and asking is refused.
    Unasked,
}

/// Where instructions may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// Anywhere in the conversation.
    Anywhere,
    /// Before it alone: later ones are moved there, in their order.
    First,
}

/// Who may speak after a tool's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnOrder {
    /// Anybody.
    Any,
    /// The assistant alone.
    AnswerResults,
}

/// What the id of a tool call may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallIds {
    /// Any text.
    Any,
    /// Nine letters and digits.
    NineSigns,
}

/// What `top_p` may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopPRange {
    /// Anything from 0 to 1.
    Any,
    /// More than 0, and 1 alone beside a temperature of 0.
    AboveZero,
}

/// Whether thoughts come with the answer unless the request forbids it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoughts {
    /// They do not, or apart from the text.
    Apart,
    /// They may stand in the text: `include_reasoning: false` forbids it.
    InText,
}

/// What makes an assistant's last message the beginning of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefill {
    /// Its place.
    ByPlace,
    /// A member `prefix: true`.
    Flagged,
}

impl Dialect {
    /// OpenAI itself.
    pub const OPENAI: Self = Self {
        name: "openai",
        chat_path: "/chat/completions",
        models_path: "/models",
        reasoning_system_role: "developer",
        stream_usage: StreamUsage::Asked,
        instructions: Instructions::Anywhere,
        turn_order: TurnOrder::Any,
        call_ids: CallIds::Any,
        top_p: TopPRange::Any,
        thoughts: Thoughts::Apart,
        prefill: Prefill::ByPlace,
    };

    /// Mistral, which refuses every member that it does not know, and
    /// instructions after an answer.
    pub const MISTRAL: Self = Self {
        name: "mistral",
        chat_path: "/v1/chat/completions",
        models_path: "/v1/models",
        reasoning_system_role: "system",
        stream_usage: StreamUsage::Unasked,
        instructions: Instructions::First,
        turn_order: TurnOrder::AnswerResults,
        call_ids: CallIds::NineSigns,
        top_p: TopPRange::AboveZero,
        prefill: Prefill::Flagged,
        ..Self::OPENAI
    };

    /// Groq. Qwen's thoughts stand in the text there unless they are
    /// forbidden.
    pub const GROQ: Self = Self {
        name: "groq",
        chat_path: "/openai/v1/chat/completions",
        models_path: "/openai/v1/models",
        reasoning_system_role: "system",
        stream_usage: StreamUsage::Unasked,
        thoughts: Thoughts::InText,
        ..Self::OPENAI
    };

    /// A server on the team's own machine: Ollama, llama.cpp, vLLM.
    pub const LOCAL: Self = Self {
        name: "local",
        reasoning_system_role: "system",
        ..Self::OPENAI
    };

    /// Every vendor of the dialect.
    pub const ALL: [&'static Self; 4] = [&Self::OPENAI, &Self::MISTRAL, &Self::GROQ, &Self::LOCAL];
}
