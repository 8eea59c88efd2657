//! Tokens in classes that do not overlap.

/// Tokens of one completion, each counted in exactly one class.
///
/// Vendors report classes that overlap (`cached` inside `prompt`, `reasoning`
/// inside `completion`); adapters take them apart, so that a cost is the sum of
/// each class at its own rate. Reasoning is billed at the output rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Fresh input, neither read from nor written to a vendor's prompt cache.
    pub input: u64,
    /// Input read from the vendor's prompt cache.
    pub cache_read: u64,
    /// Input written to the vendor's prompt cache for five minutes.
    pub cache_write_5m: u64,
    /// Input written to the vendor's prompt cache for one hour.
    pub cache_write_1h: u64,
    /// Visible output.
    pub output: u64,
    /// Hidden reasoning.
    pub reasoning: u64,
}

impl TokenUsage {
    /// Returns the count of every class: input, cache reads, cache writes for
    /// five minutes and for an hour, output, reasoning.
    pub const fn classes(&self) -> [u64; 6] {
        [
            self.input,
            self.cache_read,
            self.cache_write_5m,
            self.cache_write_1h,
            self.output,
            self.reasoning,
        ]
    }

    /// Returns the input of all classes: what price bands and context windows
    /// are measured by.
    pub const fn total_input(&self) -> u64 {
        self.input
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
    }

    /// Returns visible output and hidden reasoning together.
    pub const fn total_output(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }

    /// Returns the tokens written to the vendor's prompt cache.
    pub const fn cache_write(&self) -> u64 {
        self.cache_write_5m.saturating_add(self.cache_write_1h)
    }
}

/// Where token counts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageSource {
    /// The vendor reported them; bills rest on these.
    Provider,
    /// The gateway estimated them because the vendor said nothing.
    Estimated,
}

/// Token counts and how they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The counts.
    pub tokens: TokenUsage,
    /// Where they come from.
    pub source: UsageSource,
    /// True if the vendor's figures contradicted each other and were clamped
    /// at zero: a fake, or an API that changed.
    pub is_inconsistent: bool,
}

impl Usage {
    /// Takes consistent counts that the vendor reported.
    pub const fn reported(tokens: TokenUsage) -> Self {
        Self {
            tokens,
            source: UsageSource::Provider,
            is_inconsistent: false,
        }
    }

    /// Takes counts that the gateway estimated.
    pub const fn estimated(tokens: TokenUsage) -> Self {
        Self {
            tokens,
            source: UsageSource::Estimated,
            is_inconsistent: false,
        }
    }
}
