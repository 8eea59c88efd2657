//! The APIs that serve Gemini models: two services, two versions each.

/// A service and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// generativelanguage, `v1`.
    GeminiV1,
    /// generativelanguage, `v1beta`.
    GeminiV1Beta,
    /// aiplatform, `v1`.
    VertexV1,
    /// aiplatform, `v1beta1`.
    VertexV1Beta1,
}

impl Api {
    /// Returns the version as paths have it.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::GeminiV1 | Self::VertexV1 => "v1",
            Self::GeminiV1Beta => "v1beta",
            Self::VertexV1Beta1 => "v1beta1",
        }
    }

    /// Returns the name of the protocol buffers' package.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::GeminiV1 => "google.ai.generativelanguage.v1",
            Self::GeminiV1Beta => "google.ai.generativelanguage.v1beta",
            Self::VertexV1 => "google.cloud.aiplatform.v1",
            Self::VertexV1Beta1 => "google.cloud.aiplatform.v1beta1",
        }
    }

    /// Returns the service's own name, as errors give it.
    pub(super) fn service(self) -> &'static str {
        if self.is_vertex() {
            "aiplatform.googleapis.com"
        } else {
            "generativelanguage.googleapis.com"
        }
    }

    pub(crate) fn is_vertex(self) -> bool {
        matches!(self, Self::VertexV1 | Self::VertexV1Beta1)
    }

    /// Tells whether names that move to the newest model are known.
    pub(super) fn has_latest_names(self) -> bool {
        self == Self::GeminiV1Beta
    }
}
