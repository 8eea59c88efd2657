//! What calls cost, and what was used.

mod pricing;
mod report;

pub use pricing::{Band, Price, PriceTable, RateCard, Rates};
pub use report::{Money, Part, UsageReport};
