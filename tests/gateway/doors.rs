//! What stands around the doors of `/v1`: pages that knock, and what is not
//! there.

use axum::body::Body;
use http::Request;

use crate::support::Rig;

#[tokio::test(start_paused = true)]
async fn pages_may_call_every_route_with_the_sdks_headers() {
    let rig = Rig::new();
    let asked = "anthropic-beta,anthropic-dangerous-direct-browser-access,anthropic-version,\
        authorization,content-type,x-api-key,x-stainless-lang,x-stainless-retry-count";
    for (path, method) in [
        ("/v1/chat/completions", "POST"),
        ("/v1/messages", "POST"),
        ("/v1/messages/count_tokens", "POST"),
        ("/v1/models", "GET"),
    ] {
        for (origin, status) in [("http://localhost:5173", 200), ("https://evil.org", 403)] {
            let request = Request::options(path)
                .header("host", "localhost")
                .header("origin", origin)
                .header("access-control-request-method", method)
                .header("access-control-request-headers", asked);

            let answer = rig.send(request.body(Body::empty()).unwrap()).await;

            assert_eq!(answer.status, status, "{path} {origin}: {}", answer.text);
            let allowed = answer.header("access-control-allow-origin");
            if status == 200 {
                assert_eq!(allowed, origin, "{path}");
                assert_eq!(answer.header("access-control-allow-headers"), asked);
            } else {
                assert_eq!(allowed, "", "{path}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told_in_the_doors_own_form() {
    let rig = Rig::new();

    let wrong_method = rig.get("/v1/messages").await;
    let nothing = rig.get("/v1/messages/batches").await;
    let openais = rig.get("/v1/chat/completions").await;

    assert_eq!(wrong_method.status, 405);
    let error = wrong_method.json();
    assert_eq!(error["type"], "error");
    assert_eq!(error["error"]["type"], "invalid_request_error");
    assert_eq!(nothing.status, 404);
    assert_eq!(nothing.json()["error"]["type"], "not_found_error");
    assert_eq!(openais.status, 405);
    assert_eq!(openais.json()["error"]["code"], "caller_invalid_request");
}
