//! Requests are closed at every level: one wrong member anywhere is refused.

mod requests;

use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client;

/// Members whose content is the caller's own, or that the vendor's own file
/// leaves open.
const FREE: [&str; 13] = [
    "arguments",
    "guardrails",
    "parameters",
    "schema",
    "input_schema",
    "input",
    "metadata",
    "logit_bias",
    "args",
    "response",
    "responseJsonSchema",
    "parametersJsonSchema",
    "partMetadata",
];

/// Tells whether the vendor does not look below `place`.
fn is_free(place: &str) -> bool {
    FREE.iter().any(|name| place.ends_with(&format!("/{name}")))
}

fn is_list_of_texts(value: &Value) -> bool {
    value.get(0).is_some_and(Value::is_string)
}

/// Returns the JSON pointers of `value` and of all that is below, free content
/// left out.
fn places(value: &Value, place: &str) -> Vec<String> {
    let below = |name: &str, value: &Value| places(value, &format!("{place}/{name}"));
    let mut found = vec![place.to_owned()];
    match value {
        _ if is_free(place) => {}
        Value::Object(members) => {
            found.extend(members.iter().flat_map(|(name, value)| below(name, value)));
        }
        Value::Array(values) => {
            let numbered = values.iter().enumerate();
            found.extend(numbered.flat_map(|(index, value)| below(&index.to_string(), value)));
        }
        _ => {}
    }
    found
}

async fn status(simulator: &Simulator, vendor: Vendor, body: &Value) -> u16 {
    client::complete(simulator, vendor, body)
        .await
        .unwrap()
        .status
        .as_u16()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_member_is_refused_in_every_object() {
    let simulator = Simulator::new(1);
    for (vendor, good, refused) in requests::all() {
        assert_eq!(status(&simulator, vendor, &good).await, 200, "{vendor}");
        let mut objects = 0;
        for place in places(&good, "")
            .into_iter()
            .filter(|place| !is_free(place))
        {
            let mut body = good.clone();
            let Some(Value::Object(members)) = body.pointer_mut(&place) else {
                continue;
            };
            members.insert("zzz".to_owned(), json!(1));
            objects += 1;

            assert_eq!(
                status(&simulator, vendor, &body).await,
                refused,
                "{vendor} at {place:?}"
            );
        }
        assert!(objects > 15, "{vendor}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_free_content_is_null() {
    let simulator = Simulator::new(1);
    let nullable = |place: &str| ["/metadata", "/logit_bias", "/guardrails"].contains(&place);
    // Google reads `null` as absent, everywhere.
    let is_googles = |vendor| [Vendor::Google, Vendor::Vertex].contains(&vendor);
    let all = requests::all().into_iter();
    for (vendor, good, refused) in all.filter(|(vendor, ..)| !is_googles(*vendor)) {
        for place in places(&good, "")
            .iter()
            .filter(|place| is_free(place) && !nullable(place))
        {
            let mut body = good.clone();
            *body.pointer_mut(place).unwrap() = Value::Null;

            assert_eq!(
                status(&simulator, vendor, &body).await,
                refused,
                "{vendor} at {place:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_of_another_type_is_refused_everywhere() {
    let simulator = Simulator::new(1);
    for (vendor, good, refused) in requests::all() {
        let takes_one_for_a_list = matches!(vendor, Vendor::Google | Vendor::Vertex);
        for place in places(&good, "").iter().skip(1) {
            for wrong in [
                json!({"zzz": 1}),
                json!([[1]]),
                json!(1e300),
                json!("zzz\u{0}"),
            ] {
                let mut body = good.clone();
                let value = body.pointer_mut(place).unwrap();
                let same_type = std::mem::discriminant(value) == std::mem::discriminant(&wrong)
                    || (value.is_array() && wrong.is_string() && place.ends_with("content"))
                    || (value.is_string() && wrong.is_array() && place.ends_with("content"))
                    || (value.is_array() && wrong.is_string() && place.ends_with("stop"))
                    || (value.is_array() && wrong.is_string() && place.ends_with("system"))
                    || (value.is_object() && wrong.is_string() && place.ends_with("arguments"))
                    || (value.is_object()
                        && wrong.is_string()
                        && place.ends_with("image_url")
                        && vendor == Vendor::Mistral)
                    // One text stands for a list of one.
                    || (takes_one_for_a_list && is_list_of_texts(value) && wrong.is_string());
                if same_type {
                    continue;
                }
                *value = wrong.clone();

                let got = status(&simulator, vendor, &body).await;

                assert_eq!(got, refused, "{vendor} with {wrong} at {place:?}");
            }
        }
    }
}
