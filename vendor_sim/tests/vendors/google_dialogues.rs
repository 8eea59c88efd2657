//! What Google refuses about contents, functions, schemas and long prompts.

use serde_json::{Value, json};
use vendor_sim::{Simulator, Vendor};

use crate::client::{self, Answer, changed};
use crate::google_refusals::{assert_refused, base};

fn user(parts: Value) -> Value {
    json!({"role": "user", "parts": parts})
}

fn model(parts: Value) -> Value {
    json!({"role": "model", "parts": parts})
}

fn said(text: &str) -> Value {
    json!([{"text": text}])
}

fn call(name: &str) -> Value {
    json!({"functionCall": {"name": name, "args": {}}})
}

fn result(name: &str) -> Value {
    json!({"functionResponse": {"name": name, "response": {"sum": 3}}})
}

fn contents(contents: Value) -> Value {
    json!({"contents": contents})
}

fn parts(parts: Value) -> Value {
    contents(json!([user(parts)]))
}

#[tokio::test(start_paused = true)]
async fn contents_that_do_not_fit() {
    let system = |parts: Value| json!({"systemInstruction": {"parts": parts}});
    let blob = |kind: &str, data: &str| json!({"inlineData": {"mimeType": kind, "data": data}});
    assert_refused(
        base(),
        vec![
            (contents(Value::Null), "contents is not specified"),
            (contents(json!([])), "contents is not specified"),
            (contents(json!([user(json!([]))])), "contents[0].parts"),
            (contents(json!([{"role": "user"}])), "must not be empty"),
            (
                contents(json!([{"role": "assistant", "parts": said("a")}])),
                "valid role",
            ),
            (
                contents(json!([{"role": "tool", "parts": said("a")}])),
                "valid role",
            ),
            (
                contents(json!([{"role": "function", "parts": said("a")}])),
                "valid role",
            ),
            (
                contents(json!([user(said("a")), model(said("b"))])),
                "ends with a user turn",
            ),
            (parts(json!([{}])), "must have one initialized field"),
            (
                parts(json!([{"thought": true}])),
                "must have one initialized field",
            ),
            (
                parts(json!([blob("image/gif", "aGk=")])),
                "Unsupported MIME type",
            ),
            (parts(json!([blob("", "aGk=")])), "Unsupported MIME type"),
            (parts(json!([blob("image/png", "")])), "inline_data.data"),
            (
                parts(json!([{"fileData": {"fileUri": "gs://a/b"}}])),
                "file uri",
            ),
            (
                parts(json!([{"fileData": {"fileUri": "https://a/b", "mimeType": "x/y"}}])),
                "Unsupported MIME type",
            ),
            (system(json!([])), "system_instruction"),
            (
                system(json!([blob("image/png", "aGk=")])),
                "system_instruction",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn pictures_and_files_are_read() {
    let parts = json!([
        {"text": "say: seen"},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "mediaResolution": {
            "level": "MEDIA_RESOLUTION_LOW"}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": "https://a/b.pdf"}},
    ]);

    let answer = ask(&contents(json!([user(parts)]))).await;

    assert_eq!(answer.at("/candidates/0/content/parts/0/text"), "seen");
    let details = json!([
        {"modality": "TEXT", "tokenCount": 7},
        {"modality": "IMAGE", "tokenCount": 1_000},
        {"modality": "DOCUMENT", "tokenCount": 1_000},
    ]);
    assert_eq!(answer.at("/usageMetadata/promptTokensDetails"), details);
}

async fn ask(changes: &Value) -> Answer {
    let body = changed(&base(), changes);
    let answer = client::complete(&Simulator::new(1), Vendor::Google, &body).await;
    answer.unwrap()
}

#[tokio::test(start_paused = true)]
async fn calls_and_results_that_do_not_match() {
    let old = changed(&base(), &json!({"model": "gemini-2.5-flash"}));
    let begun = user(said("add"));
    let turn = |turns: Value| {
        let mut all = vec![begun.clone()];
        all.extend(turns.as_array().unwrap().iter().cloned());
        contents(json!(all))
    };
    let mut with_id = result("add");
    with_id["functionResponse"]["id"] = json!("2");
    let mut call_with_id = call("add");
    call_with_id["functionCall"]["id"] = json!("1");
    let missing = json!({"functionResponse": {"name": "add"}});
    assert_refused(
        old,
        vec![
            (
                contents(json!([
                    model(json!([call("add")])),
                    user(json!([result("add")]))
                ])),
                "comes immediately after a user turn",
            ),
            (
                turn(json!([
                    model(said("so")),
                    model(json!([call("add")])),
                    user(json!([result("add")]))
                ])),
                "comes immediately after a user turn",
            ),
            (
                turn(json!([user(json!([result("add")]))])),
                "after a function call turn",
            ),
            (
                turn(json!([model(json!([call("add")])), user(said("and?"))])),
                "number of function",
            ),
            (
                turn(json!([
                    model(json!([call("a"), call("b")])),
                    user(json!([result("a")]))
                ])),
                "number of function",
            ),
            (
                turn(json!([
                    model(json!([call("a")])),
                    user(json!([result("a"), result("a")]))
                ])),
                "number of function",
            ),
            (
                turn(json!([
                    model(json!([call("a")])),
                    user(json!([result("b")]))
                ])),
                "name and id",
            ),
            (
                turn(json!([
                    model(json!([call_with_id])),
                    user(json!([with_id]))
                ])),
                "name and id",
            ),
            (
                turn(json!([model(json!([call("add")])), user(json!([missing]))])),
                "function_response.response",
            ),
            (parts(json!([call("add")])), "belong to the role"),
            (
                turn(json!([model(json!([result("add")])), user(said("a"))])),
                "belong to the role",
            ),
            (
                turn(json!([
                    model(json!([call("")])),
                    user(json!([result("a")]))
                ])),
                "Name cannot be",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn newer_models_need_their_signature_back() {
    let tools = json!([{"functionDeclarations": [{"name": "add"}]}]);
    let question = user(said("call tool add {\"a\": 1}"));
    let asked = ask(&json!({"tools": tools, "contents": [question]})).await;
    let returned = asked.at("/candidates/0/content");
    let dialogue = |model: &str, content: Value| {
        json!({"model": model, "tools": tools,
            "contents": [question, content, user(json!([result("add")]))]})
    };
    let mut unsigned = returned.clone();
    let part = unsigned["parts"][0].as_object_mut().unwrap();
    part.remove("thoughtSignature");
    let mut substituted = returned.clone();
    substituted["parts"][0]["thoughtSignature"] = json!("skip_thought_signature_validator");

    assert!(returned["parts"][0]["thoughtSignature"].is_string());
    let same = "gemini-3.8-flash";
    assert_eq!(ask(&dialogue(same, substituted)).await.status, 200);
    let old = ask(&dialogue("gemini-2.5-flash", unsigned.clone())).await;
    assert_eq!(old.status, 200);
    assert_refused(
        changed(&base(), &dialogue(same, returned.clone())),
        vec![
            (dialogue(same, unsigned), "missing a thought_signature"),
            (
                dialogue("gemini-4-argon", returned.clone()),
                "Corrupted thought signature",
            ),
            (
                dialogue("gemini-2.5-pro", returned),
                "Corrupted thought signature",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn calls_of_earlier_turns_need_no_signature() {
    let turns = json!([
        user(said("add")),
        model(json!([call("add")])),
        user(json!([result("add")])),
        model(said("3")),
        user(said("say: thanks")),
    ]);

    let answer = ask(&contents(turns)).await;

    assert_eq!(answer.at("/candidates/0/content/parts/0/text"), "thanks");
}

fn tools(functions: Value) -> Value {
    json!({"tools": [{"functionDeclarations": functions}]})
}

#[tokio::test(start_paused = true)]
async fn functions_that_do_not_fit() {
    let add = json!({"name": "add", "parameters": {"type": "OBJECT",
        "properties": {"a": {"type": "integer"}}, "required": ["a"]}});
    let with = |schema: Value| tools(json!([{"name": "add", "parameters": schema}]));
    let calling = |mode: &str, names: Value| {
        json!({"toolConfig": {"functionCallingConfig": {"mode": mode,
            "allowedFunctionNames": names}}})
    };
    let long = "a".repeat(65);
    assert_refused(
        changed(&base(), &tools(json!([add]))),
        vec![
            (tools(json!([])), "'tool_type'"),
            (json!({"tools": [{}]}), "'tool_type'"),
            (tools(json!([add, add])), "Duplicate function declaration"),
            (tools(json!([{"name": ""}])), "Invalid function name"),
            (tools(json!([{"name": "1st"}])), "Invalid function name"),
            (tools(json!([{"name": "a b"}])), "Invalid function name"),
            (tools(json!([{"name": long}])), "Invalid function name"),
            (
                with(json!({"type": "OBJECT"})),
                "should be non-empty for OBJECT type",
            ),
            (with(json!({"properties": {}})), "type: must be specified"),
            (with(json!({"type": "thing"})), "v1beta.Type)"),
            (
                with(json!({"type": "OBJECT", "additionalProperties": false})),
                "Unknown name \"additionalProperties\"",
            ),
            (
                with(json!({"type": "OBJECT", "properties": {"a": {"$ref": "#"}}})),
                "Unknown name \"$ref\"",
            ),
            (with(json!({"type": "ARRAY"})), "items: missing field"),
            (
                with(
                    json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}},
                "required": ["b"]}),
                ),
                "required: property is not defined",
            ),
            (
                tools(json!([{"name": "add", "parameters": {"type": "STRING"},
                "parametersJsonSchema": {}}])),
                "only one of parameters",
            ),
            (
                tools(json!([{"name": "add", "parametersJsonSchema": "x"}])),
                "must be an object",
            ),
            (calling("SOME", json!([])), "FunctionCallingConfig.Mode"),
            (
                calling("AUTO", json!(["add"])),
                "only when the function calling mode is ANY",
            ),
            (calling("ANY", json!(["sub"])), "sub is not among"),
            (
                json!({"tools": null, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
                "without function_declarations",
            ),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn older_models_give_json_or_call_functions() {
    let json = json!({"generationConfig": {"responseMimeType": "application/json"}});
    let both = changed(&json, &tools(json!([{"name": "add"}])));

    let newer = ask(&both).await;

    assert_eq!(newer.status, 200);
    let old = changed(&base(), &json!({"model": "gemini-2.5-pro"}));
    assert_refused(old, vec![(both, "is unsupported")]).await;
}

#[tokio::test(start_paused = true)]
async fn prompts_that_are_too_long() {
    let text = "x".repeat(4 * 1_048_576 - 16 + 1);
    let long = contents(json!([user(said(&text))]));

    for model in ["gemini-3.8-flash", "gemini-4-argon"] {
        let answer = ask(&changed(&long, &json!({"model": model}))).await;

        assert_eq!(answer.status, 400);
        assert_eq!(
            answer.at("/error/message"),
            "The input token count (1048577) exceeds the maximum number of tokens allowed \
             (1048576)."
        );
    }
}
