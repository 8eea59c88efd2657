//! Blocks of Anthropic's that nobody else knows, in the history of a
//! conversation.

use serde_json::{Value, json};

use crate::messages::post;
use crate::seats::SEATS;
use crate::support::{Answer, Rig};

fn conversation(seat_model: &str, found: Value) -> Value {
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "toolu_1",
        "content": [{"type": "tool_reference", "tool_name": "mcp__git__log"}]});
    let searched = json!([
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
            "input": {"query": "crab"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": found},
        {"type": "text", "text": "Found."},
        call,
    ]);
    let letter = json!({"type": "document", "title": "A letter",
        "source": {"type": "text", "media_type": "text/plain", "data": "Dear crab"}});
    json!({"model": seat_model, "max_tokens": 4_000, "messages": [
        {"role": "user", "content": [letter, {"type": "text", "text": "Search."}]},
        {"role": "assistant", "content": searched},
        {"role": "user", "content": [result, {"type": "text", "text": "say: well"}]},
    ]})
}

#[tokio::test(start_paused = true)]
async fn they_go_on_as_words() {
    let hit = json!([{"type": "web_search_result", "url": "https://crab.org",
        "title": "All of crabs", "encrypted_content": "Eo8", "page_age": null}]);
    let miss = json!({"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"});
    for seat in SEATS {
        for (found, words) in [(&hit, "All of crabs"), (&miss, "max_uses_exceeded")] {
            let rig = seat.rig();

            let body = conversation(seat.model, found.clone());
            let answer = post(&rig, "/v1/messages", &body).await;

            assert_eq!(answer.status, 200, "{}: {}", seat.name, answer.text);
            let asked = rig.last_question(seat.vendor).to_string();
            for words in ["Dear crab", "web_search", "mcp__git__log", words] {
                assert!(asked.contains(words), "{} {words}: {asked}", seat.name);
            }
        }
    }
}

async fn refused(block: Value) -> Answer {
    let body = json!({"model": "gpt-6-luna", "max_tokens": 100,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, block]}]});
    post(&Rig::new(), "/v1/messages", &body).await
}

#[tokio::test(start_paused = true)]
async fn what_cannot_go_on_is_named_with_its_place() {
    let pdf = json!({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="});
    for (block, place, reason) in [
        (
            json!({"type": "document", "source": pdf}),
            "messages[0].content[1].source",
            "plain text",
        ),
        (
            json!({"type": "document", "source": {"type": "smell"}}),
            "messages[0].content[1].source",
            "unknown variant",
        ),
        (
            json!({"type": "text", "text": 5}),
            "messages[0].content[1].text",
            "expected a string",
        ),
        (
            json!({"type": "container_upload", "file_id": "f"}),
            "messages[0].content[1]",
            "not supported",
        ),
    ] {
        let answer = refused(block.clone()).await;

        assert_eq!(answer.status, 400, "{block}: {}", answer.text);
        for words in [place, reason] {
            assert!(answer.text.contains(words), "{words}: {}", answer.text);
        }
    }
}
