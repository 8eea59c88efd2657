//! An AI gateway: one MCP tool to reach every language model a team pays for.
//!
//! Modules import one way: `app` → `http`, `mcp` → `gateway` → `limit`,
//! `routing`, `cache`, `usage`, `telemetry` → `domain`; `providers`, `stores`
//! and `embedding` implement the ports of `domain`.

pub mod app;
pub mod cache;
pub mod config;
pub mod domain;
pub mod embedding;
pub mod gateway;
pub mod http;
pub mod limit;
pub mod mcp;
pub mod providers;
pub mod routing;
pub mod stores;
pub mod telemetry;
pub mod usage;
