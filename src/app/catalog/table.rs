//! The catalogue as text for people.

use std::fmt::Write as _;

use super::Catalog;
use super::comparison::Comparison;
use super::listing::{DatedPrice, Listing, Model, Rates};

const COLUMNS: usize = 12;
const HEADINGS: [&str; COLUMNS] = [
    "model",
    "tier",
    "window",
    "output",
    "efforts",
    "in $/M",
    "out $/M",
    "cached $/M",
    "written $/M",
    "since",
    "ends",
    "source of the price",
];

/// Writes the table, what changes, and what the vendors say.
pub(super) fn write(catalog: &Catalog) -> String {
    let mut text = String::new();
    let listing = &catalog.listing;
    write_models(&mut text, listing);
    let _ = writeln!(text, "\n* its vendor is configured here");
    write_bands(&mut text, &listing.models);
    write_section(&mut text, "Other names", names(listing));
    write_section(&mut text, "Soon", listing.warnings.iter().cloned());
    for vendor in &catalog.vendors {
        let title = format!("What {} says", vendor.provider);
        write_section(&mut text, &title, lines(vendor).into_iter());
    }
    text
}

fn write_models(text: &mut String, listing: &Listing) {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(listing.models.iter().map(row));
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn row(model: &Model) -> [String; COLUMNS] {
    let mark = if model.is_configured { "*" } else { " " };
    let tier = serde_json::to_value(model.tier).unwrap_or_default();
    let efforts: Vec<&str> = model.efforts.iter().map(|effort| effort.as_str()).collect();
    let price = model.price.as_ref();
    let rate = |of: fn(&DatedPrice) -> Option<f64>| {
        let rate = price.and_then(of);
        rate.map_or_else(|| "-".to_owned(), |usd| usd.to_string())
    };
    [
        format!("{mark} {}/{}", model.provider, model.id),
        tier.as_str().unwrap_or_default().to_owned(),
        model.context_window.to_string(),
        model.max_output.to_string(),
        if efforts.is_empty() {
            "-".to_owned()
        } else {
            efforts.join(",")
        },
        rate(|price| Some(price.rates.input_usd_per_million)),
        rate(|price| Some(price.rates.output_usd_per_million)),
        rate(|price| price.rates.cache_read_usd_per_million),
        price.map_or_else(|| "-".to_owned(), |price| written(&price.rates)),
        price.map_or_else(|| "-".to_owned(), |price| price.from.to_string()),
        model
            .ends
            .map_or_else(|| "-".to_owned(), |end| end.to_string()),
        price.map_or_else(|| "-".to_owned(), |price| price.source.clone()),
    ]
}

/// Returns the rates of writes to the vendor's cache: `2.5, 4 for an hour`.
fn written(rates: &Rates) -> String {
    let short = rates.cache_write_5m_usd_per_million;
    let long = rates.cache_write_1h_usd_per_million;
    let parts = [
        short.map(|usd| usd.to_string()),
        long.map(|usd| format!("{usd} for an hour")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return "-".to_owned();
    }
    parts.join(", ")
}

fn write_bands(text: &mut String, models: &[Model]) {
    let lines = models.iter().flat_map(|model| {
        let bands = model.price.iter().flat_map(|price| &price.bands);
        bands.map(move |band| {
            let cached = band.rates.cache_read_usd_per_million;
            format!(
                "{}/{}: {} / {} / {} for all tokens once the input exceeds {}",
                model.provider,
                model.id,
                band.rates,
                cached.map_or_else(|| "-".to_owned(), |usd| format!("${usd}")),
                written(&band.rates),
                band.above_input_tokens
            )
        })
    });
    write_section(
        text,
        "Long inputs ($ for a million tokens: input / output / cached / written)",
        lines,
    );
}

fn names(listing: &Listing) -> impl Iterator<Item = String> {
    let aliases = listing.aliases.iter();
    aliases.map(|(alias, model)| format!("{alias} = {model}"))
}

fn lines(vendor: &Comparison) -> Vec<String> {
    if let Some(error) = &vendor.error {
        return vec![format!("no list: {error}")];
    }
    let mut lines = vendor.differences.clone();
    if lines.is_empty() {
        lines.push(format!(
            "all of ours are among its {} models",
            vendor.listed
        ));
    }
    if vendor.unknown > 0 {
        let more = vendor.unknown.saturating_sub(vendor.unknown_models.len());
        let tail = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let named = vendor.unknown_models.join(", ");
        lines.push(format!("not in our catalogue: {named}{tail}"));
    }
    lines
}

fn write_section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}
