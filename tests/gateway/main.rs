//! The gateway as its users see it: requests at its doors, vendors simulated
//! behind it, time virtual.

mod adapters;
mod bad_input;
mod failover;
mod failures;
mod mcp_tools;
mod mcp_wire;
mod routing;
mod secrets;
mod support;
mod v1;
