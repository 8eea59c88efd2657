//! The vendors: each adapter translates between the domain and one wire.
//!
//! Everything that leaves the process goes through one [`Transport`], so a
//! test can put a simulator in its place without a socket.

mod anthropic;
mod endpoint;
mod exchange;
mod failure;
mod model_list;
mod openai_compatible;
mod parameters;
mod served_model;
mod settings;
mod token_count;
mod transport;
mod wait;

pub use anthropic::Anthropic;
pub use exchange::Exchange;
pub use openai_compatible::{Dialect, OpenAiCompatible};
pub use settings::{ProviderSettings, Settings, Timeouts};
pub use transport::{BodyError, HttpTransport, Transport, TransportBody, TransportError};
