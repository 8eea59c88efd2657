//! Strict fakes of the vendors.
