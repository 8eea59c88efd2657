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
}

impl Dialect {
    /// OpenAI itself.
    pub const OPENAI: Self = Self {
        name: "openai",
        chat_path: "/chat/completions",
        models_path: "/models",
        reasoning_system_role: "developer",
    };

    /// A server on the team's own machine: Ollama, llama.cpp, vLLM.
    pub const LOCAL: Self = Self {
        name: "local",
        reasoning_system_role: "system",
        ..Self::OPENAI
    };

    /// Every vendor of the dialect.
    pub const ALL: [&'static Self; 2] = [&Self::OPENAI, &Self::LOCAL];
}
