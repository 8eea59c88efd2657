//! AI gateway.
