//! The vendors that a gateway has in a run.

use vendor_sim::Vendor;

use crate::scenario::Who;

/// Every vendor with a key; Vertex AI has none.
pub(crate) const ALL: [Vendor; 5] = [
    Vendor::OpenAi,
    Vendor::Anthropic,
    Vendor::Google,
    Vendor::Mistral,
    Vendor::Groq,
];

/// Returns what a gateway has to be told to reach them all at `host`.
pub(crate) fn environment(host: &str) -> Vec<(&'static str, String)> {
    let keys = [
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "MISTRAL_API_KEY",
        "GROQ_API_KEY",
    ];
    let urls = [
        ("OPENAI_BASE_URL", Vendor::OpenAi),
        ("ANTHROPIC_BASE_URL", Vendor::Anthropic),
        ("GOOGLE_GEMINI_BASE_URL", Vendor::Google),
        ("MISTRAL_BASE_URL", Vendor::Mistral),
        ("GROQ_BASE_URL", Vendor::Groq),
    ];
    let keys = keys.map(|name| (name, "simulated-key-4711".to_owned()));
    let urls = urls.map(|(name, vendor)| (name, format!("http://{host}{}", vendor.base_path())));
    keys.into_iter().chain(urls).collect()
}

impl Who {
    /// Lists whom it means.
    pub(crate) fn vendors(self, favourite: Vendor) -> Vec<Vendor> {
        let all = ALL.into_iter();
        all.filter(|vendor| match self {
            Self::Favourite => *vendor == favourite,
            Self::Others => *vendor != favourite,
            Self::All => true,
        })
        .collect()
    }
}
