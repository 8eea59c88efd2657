//! The gateway as its users see it: requests at its doors, vendors simulated
//! behind it, time virtual.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, and so may its helpers"
)]

mod adapters;
mod affordable;
mod any_request;
mod bad_input;
mod blocks;
mod cache;
mod circuits;
mod clients;
mod configured;
mod content;
mod conversations;
mod doors;
mod embedding;
mod error_table;
mod failover;
mod failures;
mod finish_reasons;
#[path = "../support/hashed_embedder.rs"]
mod hashed_embedder;
mod hedging;
mod idempotency;
mod identity;
mod learned_parts;
mod learning;
mod ledger;
mod limits;
mod mcp_tools;
mod mcp_wire;
mod messages;
mod model_lists;
mod options;
mod outages;
mod over_hold;
mod overlay;
mod overload;
mod passed_ratings;
mod patience;
mod places;
mod progress;
mod prompt_cache;
mod reload;
mod rivals;
mod round_trip;
mod routing;
mod seats;
mod secrets;
#[path = "../support/simulated_wire.rs"]
mod simulated_wire;
mod stream_bounds;
mod stream_time;
mod streaming;
mod structured;
mod support;
mod traps;
mod usage;
mod v1;
mod windows;
mod wire;
