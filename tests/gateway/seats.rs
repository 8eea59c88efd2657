//! The vendors as the gateway reaches them, each with a model that thinks at
//! more than one effort.

use std::sync::Arc;

use ai_gateway::providers::Transport;
use vendor_sim::{Simulator, Vendor};

use crate::support::Rig;

/// A vendor's wire, and a model behind it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    /// What a failing test says.
    pub(crate) name: &'static str,
    /// Who is played.
    pub(crate) vendor: Vendor,
    /// The provider as the caller sees it.
    pub(crate) provider: &'static str,
    /// A model, by its canonical name.
    pub(crate) model: &'static str,
    /// The efforts that the model takes.
    pub(crate) efforts: &'static [&'static str],
    /// One of them at which a short answer needs no room to think.
    pub(crate) calm: &'static str,
    /// What stands in the environment besides the vendors' keys.
    environment: &'static [(&'static str, &'static str)],
}

const NONE_TO_MAX: &[&str] = &["none", "low", "medium", "high", "xhigh", "max"];

/// Takes the place of the keys of Google and Anthropic.
const ON_VERTEX: &[(&str, &str)] = &[
    ("GEMINI_API_KEY", ""),
    ("ANTHROPIC_API_KEY", ""),
    ("GOOGLE_GENAI_USE_VERTEXAI", "true"),
    ("GOOGLE_CLOUD_PROJECT", "sim-project"),
    ("GOOGLE_VERTEX_BASE_URL", "http://127.0.0.1:1/vertex"),
];

const OLDER_GEMINI: &[(&str, &str)] = &[("GATEWAY__PROVIDERS__GEMINI_VERSION", "v1beta")];

/// Every wire there is.
pub(crate) const SEATS: [Seat; 8] = [
    Seat {
        name: "OpenAI",
        vendor: Vendor::OpenAi,
        provider: "openai",
        model: "openai/gpt-6-luna",
        efforts: NONE_TO_MAX,
        calm: "none",
        environment: &[],
    },
    Seat {
        name: "Anthropic",
        vendor: Vendor::Anthropic,
        provider: "anthropic",
        model: "anthropic/claude-sonnet-5-5",
        efforts: &["low", "medium", "high"],
        calm: "low",
        environment: &[],
    },
    Seat {
        name: "Gemini",
        vendor: Vendor::Google,
        provider: "google",
        model: "google/gemini-3.8-flash",
        efforts: &["low", "medium", "high"],
        calm: "low",
        environment: &[],
    },
    Seat {
        name: "Gemini v1beta",
        vendor: Vendor::Google,
        provider: "google",
        model: "google/gemini-2.5-flash",
        efforts: &["none", "low", "medium", "high"],
        calm: "none",
        environment: OLDER_GEMINI,
    },
    Seat {
        name: "Mistral",
        vendor: Vendor::Mistral,
        provider: "mistral",
        model: "mistral/mistral-small-2603",
        efforts: &["none", "high"],
        calm: "none",
        environment: &[],
    },
    Seat {
        name: "Groq",
        vendor: Vendor::Groq,
        provider: "groq",
        model: "groq/openai/gpt-oss-20b",
        efforts: &["low", "medium", "high"],
        calm: "low",
        environment: &[],
    },
    Seat {
        name: "Gemini on Vertex",
        vendor: Vendor::Vertex,
        provider: "google",
        model: "google/gemini-2.5-pro",
        efforts: &["low", "medium", "high"],
        calm: "low",
        environment: ON_VERTEX,
    },
    Seat {
        name: "Claude on Vertex",
        vendor: Vendor::Vertex,
        provider: "anthropic",
        model: "anthropic/claude-haiku-5-5",
        efforts: &["none", "low", "medium", "high"],
        calm: "none",
        environment: ON_VERTEX,
    },
];

impl Seat {
    /// Starts a gateway with every vendor.
    pub(crate) fn rig(&self) -> Rig {
        self.rig_with(&[])
    }

    /// Starts one whose vendors are whatever answers on `transport`.
    pub(crate) fn rig_over(&self, transport: Arc<dyn Transport>, simulator: Simulator) -> Rig {
        Rig::of_all_over(transport, simulator, self.environment)
    }

    /// Starts one with more in its environment.
    pub(crate) fn rig_with(&self, extra: &[(&str, &str)]) -> Rig {
        Rig::of_all(&[self.environment, extra].concat())
    }
}
