//! Drives the simulator as its users do: as a service, over sockets, and as a
//! program.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

mod anthropic_answers;
mod anthropic_dialogues;
mod anthropic_refusals;
mod client;
mod closed;
mod faults;
mod google_answers;
mod google_dialogues;
mod google_documents;
mod google_refusals;
mod google_streams;
mod google_troubles;
mod groq_answers;
mod groq_refusals;
mod metadata;
mod mistral_answers;
mod mistral_dialogues;
mod mistral_refusals;
mod models;
mod openai_answers;
mod openai_dialogues;
mod openai_refusals;
mod program;
mod randomness;
mod sockets;
mod streams;
mod troubles;
mod vertex;
mod vertex_claude;
