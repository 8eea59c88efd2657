//! What a vendor has counted.

use std::collections::BTreeMap;

use serde::Serialize;

/// Tokens in disjoint classes: their sum is what the vendor charges for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BilledTokens {
    /// Input that was neither read from nor written to the cache.
    pub input: u64,
    /// Input read from the cache.
    pub cache_read: u64,
    /// Input written to the cache, for the vendor's shorter time.
    pub cache_write: u64,
    /// Input written to the cache for an hour.
    pub cache_write_1h: u64,
    /// Output that the caller sees.
    pub output: u64,
    /// Hidden thinking, charged as output.
    pub reasoning: u64,
}

impl BilledTokens {
    /// Splits `total` input tokens into fresh, read and written ones.
    ///
    /// A quarter was cached and, where the vendor counts that, an eighth is
    /// written; each is at least one token, so that no test of usage passes by
    /// ignoring it.
    pub(crate) fn of_input(total: u64, writes: CacheWrites) -> Self {
        let cache_read = (total / 4).max(1).min(total);
        let written = match writes {
            CacheWrites::None => 0,
            CacheWrites::Short | CacheWrites::Hour => (total / 8).max(1).min(total - cache_read),
        };
        let (cache_write, cache_write_1h) = match writes {
            CacheWrites::Hour => (0, written),
            CacheWrites::None | CacheWrites::Short => (written, 0),
        };
        let input = total - cache_read - written;
        Self {
            input,
            cache_read,
            cache_write,
            cache_write_1h,
            ..Self::default()
        }
    }

    /// Returns the input of all classes.
    pub fn total_input(&self) -> u64 {
        self.input + self.cache_read + self.cache_write + self.cache_write_1h
    }

    /// Returns the output of all classes.
    pub fn total_output(&self) -> u64 {
        self.output + self.reasoning
    }

    fn add(&mut self, more: Self) {
        self.input += more.input;
        self.cache_read += more.cache_read;
        self.cache_write += more.cache_write;
        self.cache_write_1h += more.cache_write_1h;
        self.output += more.output;
        self.reasoning += more.reasoning;
    }
}

/// How a vendor counts writing to its cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheWrites {
    /// Not at all.
    None,
    /// For its shorter time.
    Short,
    /// For an hour.
    Hour,
}

/// What one answer costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bill {
    /// The model that the answer names.
    pub(crate) model: String,
    pub(crate) tokens: BilledTokens,
}

/// Counts of one vendor since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests that reached the vendor, whatever became of them.
    pub received: u64,
    /// Those of them that ask for work, not for a list of models.
    pub asked: u64,
    /// Requests that the vendor's own rules refused with 4xx, also when a
    /// fault hid that from the client: not zero means that the client's
    /// requests are wrong.
    pub refused: u64,
    /// Requests that a fault befell.
    pub faulted: u64,
    /// How often each fault befell, by its name.
    pub faults: BTreeMap<String, u64>,
    /// The vendor's bill, by the model that the answers named. An answer that
    /// was cut on its way is on the bill.
    pub billed: BTreeMap<String, BilledTokens>,
}

impl Stats {
    pub(crate) fn charge(&mut self, bill: Bill) {
        self.billed.entry(bill.model).or_default().add(bill.tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_input_add_up_and_are_not_empty() {
        for writes in [CacheWrites::None, CacheWrites::Short, CacheWrites::Hour] {
            for total in [0, 1, 2, 3, 9, 1_000] {
                let tokens = BilledTokens::of_input(total, writes);

                assert_eq!(tokens.total_input(), total);
                assert_eq!(tokens.cache_read > 0, total > 0);
            }
        }
    }
}
