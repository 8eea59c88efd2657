//! What calls cost.

mod pricing;

pub use pricing::{Band, Price, PriceTable, RateCard, Rates};
