//! Strict fakes of language-model vendors' HTTP APIs, with seeded faults.
//!
//! A [`Simulator`] plays every [`Vendor`]: it refuses what the real API
//! refuses, answers in the vendor's own shapes, and misbehaves on demand. Use
//! [`Simulator::router`] inside a test with paused time, or [`Server`] for
//! real sockets and real connection resets.
//!
//! ```
//! use vendor_sim::{Fault, Simulator, Vendor};
//!
//! let simulator = Simulator::new(1);
//! simulator.push_many(Vendor::OpenAi, [Fault::Reset, Fault::Healthy]);
//! simulator.set_standing(Vendor::Anthropic, Some(Fault::Overloaded));
//! let router = simulator.router();
//! # drop(router);
//! ```
//!
//! A vendor is one module that implements `Dialect` and one line in
//! `vendor.rs`. Everything is derived from the seed, the request's number and
//! tokio's clock, so that a run can be repeated.

mod access_token;
mod answer;
mod anthropic;
mod bill;
mod clock;
mod control;
mod delivery;
mod dialect;
mod dice;
mod fault;
mod google;
mod groq;
mod log;
mod metadata;
mod mistral;
mod openai;
mod profile;
mod router;
mod schema;
mod server;
mod simulator;
mod strict;
mod tokens;
mod vendor;
mod vertex;

pub use bill::{BilledTokens, Stats};
pub use delivery::ConnectionFault;
pub use fault::{Fault, ParseFaultError};
pub use log::ReceivedRequest;
pub use profile::{Latency, Profile, WeightedFault};
pub use server::Server;
pub use simulator::Simulator;
pub use tokens::token_count;
pub use vendor::{UnknownVendor, Vendor};
