//! `eval router --outcomes`: what is expected of models that are known from
//! outcomes alone, and what choosing by it comes to.

use serde_json::{Value, json};

use crate::eval::{Desk, eval, predictions, said};

/// Two families of prompts; the model `right` is the better one in the first.
fn poem(word: &str) -> String {
    format!(
        "Compose a cheerful poem about a {word} balloon that floats over the quiet roofs of a \
         small town by the sea while everybody looks up from their work"
    )
}

fn marbles(word: &str) -> String {
    format!(
        "How many {word} marbles are left in this bag of mine after I gave away half of them to \
         my brother and found three more under the old sofa in our kitchen?"
    )
}

fn outcomes() -> Vec<Value> {
    let words = [
        "red", "green", "blue", "black", "white", "grey", "brown", "pink",
    ];
    let rows = words.iter().flat_map(|word| {
        [
            json!({"id": 1, "dataset": "d1", "task": "creative",
                   "prompt": poem(word),
                   "scores": {"left": 0.2, "right": 0.9},
                   "costs": {"left": 0.001, "right": 0.004}}),
            json!({"id": 2, "dataset": "d2", "task": "reasoning",
                   "prompt": marbles(word),
                   "scores": {"left": 1.0, "right": 0.1},
                   "costs": {"left": 0.001, "right": 0.002}}),
        ]
    });
    rows.collect()
}

#[tokio::test]
async fn outcomes_are_learned_and_a_holdout_is_not_looked_into() {
    let desk = Desk::new();
    let dev = desk.write("dev", &outcomes());
    let asked = |scores: Value| {
        [
            json!({"id": "p", "prompt": poem("yellow"),
                   "dataset": "d1", "scores": scores, "costs": scores}),
            json!({"id": "m", "prompt": marbles("yellow"),
                   "dataset": "d2", "scores": scores}),
            json!({"id": "e", "prompt": "", "dataset": "d3"}),
        ]
    };
    let plain = desk.write("plain", &asked(json!({"left": 1, "right": 0})));
    let odd = desk.write("odd", &asked(json!(["nothing", null])));

    let output = eval(&["router", "--outcomes"], &[&dev, &plain], None).await;
    let same = eval(&["router", "--outcomes"], &[&dev, &odd], None).await;
    let arguments = ["router", "--leave-out", "dataset", "--outcomes"];
    let unseen = eval(&arguments, &[&dev, &plain], None).await;

    let found = predictions(&output);
    let at = |row: usize, part: &str, model: &str| found[row][part][model].as_f64().unwrap();
    assert_eq!(output.stdout, same.stdout);
    assert_eq!(found.len(), 3);
    assert!(
        at(0, "q", "right") > at(0, "q", "left") + 0.2,
        "{}",
        found[0]
    );
    assert!(
        at(1, "q", "left") > at(1, "q", "right") + 0.2,
        "{}",
        found[1]
    );
    assert!(at(0, "c", "right") > at(1, "c", "right"));
    // Nothing is like an empty prompt.
    assert!((at(2, "q", "left") - 0.6).abs() < 1e-9 && (at(2, "q", "right") - 0.5).abs() < 1e-9);
    let unseen = predictions(&unseen);
    assert!((unseen[0]["q"]["left"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    assert!((unseen[1]["q"]["right"].as_f64().unwrap() - 0.9).abs() < 1e-9);
    // A family that nobody has leaves nothing out.
    assert_eq!(unseen[2], found[2]);
}

/// Outcomes that differ by model alone.
fn flat(id: &str, prompt: &str, scores: Value) -> Value {
    json!({"id": id, "prompt": prompt, "scores": scores,
           "costs": {"left": 0.001, "right": 0.005}})
}

#[tokio::test]
async fn a_curve_is_told_of_rows_whose_outcomes_are_known() {
    let desk = Desk::new();
    let dev = [
        flat("a", "Count to ten.", json!({"left": 0.5, "right": 0.5})),
        flat("b", "Name a river.", json!({"left": 0.5, "right": 1.0})),
    ];
    let dev = desk.write("dev", &dev);
    // Nothing is like an empty prompt: the means are all that is known.
    let known = [
        flat("a", "", json!({"left": 1.0, "right": 1.0, "third": 1.0})),
        flat("a", "", json!({"left": 0.0, "right": 1})),
        flat("c", "", json!({"left": 1, "right": 1})),
        flat("d", "", json!({"left": 0, "right": 0})),
    ];
    let mut rows = known.to_vec();
    for scores in [
        json!(null),
        json!({"left": 1, "right": null}),
        json!({"left": 1, "right": "1"}),
        json!({"left": 1, "right": 1.5}),
        json!({"left": 1}),
        json!([1, 1]),
    ] {
        rows.push(flat("odd", "", scores));
    }
    rows.push(json!({"id": "none", "prompt": ""}));
    let mut text = rows
        .iter()
        .map(|row| format!("{row}\n"))
        .collect::<String>();
    for odd in ["NaN", "1e999", "-1"] {
        text += &format!(
            "{{\"id\": 1, \"prompt\": \"\", \"scores\": {{\"left\": 1, \"right\": 1}}, \
             \"costs\": {{\"left\": {odd}, \"right\": 1}}}}\n"
        );
    }
    let (holdout, unknown) = (
        desk.write_text("holdout", text),
        desk.write("unknown", &[json!({"id": 1, "prompt": "Count to ten."})]),
    );
    let known = desk.write("known", &known);

    let output = eval(&["router", "--outcomes"], &[&dev, &holdout], None).await;
    let alone = eval(&["router", "--outcomes"], &[&dev, &known], None).await;
    let without = eval(&["router", "--outcomes"], &[&dev, &unknown], None).await;

    assert_eq!(predictions(&output).len(), 14);
    let figures = "AIQ 0.6250, best quality 0.7500, 95 % of the best single model's quality at \
                   88.0 % of its cost, 99 % at 97.6 %";
    let curve = [
        "warning: DEV has no scores of third, which are left out".to_owned(),
        "best single model: right, quality 0.7500, 5.000e-3 USD a row".to_owned(),
        format!("best mix of single models: {figures}"),
        format!("static: {figures}"),
        format!("learned: {figures}"),
        "AIQ, learned less static: +0.0000 [95 %: +0.0000, +0.0000]".to_owned(),
        // .75 − λ falls below .5 − λ/5 at .3125.
        "λ 0.3350: quality 0.5000, 1.000e-3 USD a row, 20.0 % of the best single model's cost"
            .to_owned(),
        "λ 0.0000: quality 0.7500, 5.000e-3 USD a row, 100.0 % of the best single model's cost"
            .to_owned(),
    ];
    for text in [said(&output), said(&alone)] {
        for line in &curve {
            assert!(text.lines().any(|said| said == line), "{line}: {text}");
        }
    }
    let left_out = "4 rows scored, 10 left out that do not have a score and a cost of every model";
    assert!(said(&output).contains(left_out), "{}", said(&output));
    assert!(said(&alone).contains("4 rows scored\n"), "{}", said(&alone));
    let text = said(&without);
    assert!(predictions(&without).len() == 1 && text.contains("0 rows scored, 1 left out"));
    assert!(!text.contains("AIQ") && text.contains("warning: 1 of them were learned from too"));
}

#[tokio::test]
async fn what_was_learned_is_told_apart_from_the_means() {
    let desk = Desk::new();
    let dev = desk.write("dev", &outcomes());
    let rows = [
        json!({"id": 1, "prompt": poem("yellow"), "scores": {"left": 0.2, "right": 0.9},
               "costs": {"left": 0.001, "right": 0.004}}),
        json!({"id": 2, "prompt": marbles("yellow"), "scores": {"left": 1.0, "right": 0.1},
               "costs": {"left": 0.001, "right": 0.002}}),
    ];
    let holdout = desk.write("holdout", &rows);

    let output = eval(&["router", "--outcomes"], &[&dev, &holdout], None).await;

    let text = said(&output);
    for line in [
        // Always left: .6 at .001; right: .5 at .003.
        "best single model: left, quality 0.6000, 1.000e-3 USD a row",
        "static: AIQ 0.6000, best quality 0.6000, 95 % of the best single model's quality at \
         100.0 % of its cost, 99 % at 100.0 %",
        // Each row by its better one: .95 at .0025. From .001 to .003 that is
        // .775 in the mean for three quarters, and then .95.
        "learned: AIQ 0.8188, best quality 0.9500, 95 % of the best single model's quality at \
         100.0 % of its cost, 99 % at 100.0 %",
        "AIQ, learned less static: +0.2188 [95 %: +0.0000, ",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[tokio::test]
async fn odd_pools_end_in_words() {
    let desk = Desk::new();
    let free = |scores: Value| {
        json!({"id": 1, "prompt": "word ".repeat(20_000), "scores": scores,
               "costs": {"m": 0, "n": 0}})
    };
    let single = desk.write("single", &[free(json!({"m": 1})), free(json!({"m": 0.5}))]);
    let free = desk.write(
        "free",
        &[free(json!({"m": 1, "n": 0})), free(json!({"n": 1}))],
    );
    let family = |id: u8, name: Value| json!({"id": id, "prompt": "x", "name": name, "scores": {"m": 1}, "costs": {"m": 0.1}});
    let all_alike = desk.write("alike", &[family(1, json!("a")), family(2, json!("a"))]);
    let partly = desk.write("partly", &[family(1, json!("b")), family(2, json!(null))]);
    let empty = desk.write_text("empty", "\r\n \n");
    let unscored = json!({"id": 1, "prompt": "x", "scores": {}, "costs": {"m": 1}});
    let unscored = desk.write("unscored", &[unscored]);
    let outcomes = &["router", "--outcomes"][..];
    let by_name = &["router", "--leave-out", "name", "--outcomes"][..];
    for (arguments, files, code, parts) in [
        // What costs nothing has no shares.
        (
            outcomes,
            [&single, &single],
            0,
            &["quality at n/a of its cost"][..],
        ),
        (
            outcomes,
            [&free, &free],
            0,
            &["1 rows scored, 1 left out", "quality at n/a"],
        ),
        (outcomes, [&single, &empty], 0, &["0 rows scored\n"]),
        (by_name, [&single, &empty], 0, &["0 rows scored\n"]),
        (
            outcomes,
            [&empty, &single],
            2,
            &["there is no outcome to learn from"],
        ),
        (
            outcomes,
            [&unscored, &single],
            2,
            &["there is no outcome to learn from"],
        ),
        (
            by_name,
            [&all_alike, &single],
            2,
            &["single: no row has the field name"],
        ),
        (
            by_name,
            [&all_alike, &all_alike],
            0,
            &["learned from 0 outcomes", "2 rows scored"],
        ),
        (
            by_name,
            [&all_alike, &partly],
            0,
            &["warning: 1 rows have no name, and nothing is left out for them"],
        ),
        (
            by_name,
            [&single, &partly],
            0,
            &["warning: no row of DEV has a name of these, and nothing is left out"],
        ),
    ] {
        let output = eval(arguments, &files.map(|file| file.as_path()), None).await;

        let text = said(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(code == 0 || output.stdout.is_empty());
        for part in parts {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
