//! The vendors: each adapter translates between the domain and one wire.
//!
//! Everything that leaves the process goes through one [`Transport`], so a
//! test can put a simulator in its place without a socket.

mod anthropic;
mod endpoint;
mod event_stream;
mod exchange;
mod failure;
mod google;
mod model_list;
mod openai_compatible;
mod parameters;
mod served_model;
mod settings;
mod streaming;
mod token_count;
mod tool_arguments;
mod transport;
mod vertex;
mod wait;

pub use anthropic::Anthropic;
pub use exchange::Exchange;
pub use google::Google;
pub use openai_compatible::{Dialect, OpenAiCompatible};
pub use settings::{ProviderSettings, Settings, Timeouts, VertexPlace};
pub use transport::{BodyError, HttpTransport, Transport, TransportBody, TransportError};
pub use vertex::{ApplicationDefault, GoogleIdentity, IdentityError};
