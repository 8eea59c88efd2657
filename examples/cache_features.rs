//! Prints what the cache sees in prompts, for the verifier's trainer: one
//! JSON line out for each one in.
//!
//! `{"a", "b", "cos"}` gives the row of features; `{"prompt"}` gives the
//! canonical key and the tier; `"names"` gives the features' names.

use std::io::{self, BufRead, Write};

use ai_gateway::cache::{self, History, Prompt, Tier};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let row: Value = serde_json::from_str(&line?)?;
        writeln!(out, "{}", answer(&row))?;
    }
    out.flush()
}

fn answer(row: &Value) -> Value {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    if let (Some(a), Some(b)) = (text("a"), text("b")) {
        let cosine = row.get("cos").and_then(Value::as_f64).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "vectors are f32")]
        let row = cache::features(&Prompt::read(a), &Prompt::read(b), cosine as f32);
        return json!(row.as_slice());
    }
    if let Some(prompt) = text("prompt") {
        let tier = match cache::tier(prompt, History::None) {
            Tier::None => "none",
            Tier::Exact => "exact",
            Tier::Semantic => "semantic",
        };
        return json!({"key": cache::canonical_key(prompt), "tier": tier});
    }
    json!(cache::NAMES.as_slice())
}
