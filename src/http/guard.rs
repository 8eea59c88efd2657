//! Refuses requests that were sent under a foreign name or from a foreign
//! page, so that no web page can reach a gateway on a laptop by DNS rebinding.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::uri::Authority;
use http::{HeaderValue, StatusCode, Uri, header};

use super::Door;
use super::error::refusal;

/// The longest path and query, in bytes.
const MAX_TARGET_BYTES: usize = 8 * 1024;

/// The names and origins that are let in besides loopback.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    hosts: Vec<(String, Option<u16>)>,
    origins: Vec<(String, String, Option<u16>)>,
}

impl Allowed {
    pub(super) fn new(hosts: &[String], origins: &[String]) -> Self {
        let hosts = hosts
            .iter()
            .filter_map(|host| parse_authority(host))
            .collect();
        let origins = origins
            .iter()
            .filter_map(|origin| parse_origin(origin))
            .collect();
        Self { hosts, origins }
    }

    fn admits_host(&self, host: &str, port: Option<u16>) -> bool {
        is_loopback(host)
            || self
                .hosts
                .iter()
                .any(|(name, only)| name == host && (only.is_none() || *only == port))
    }

    /// Tells whether a page of this origin may call.
    pub(super) fn admits_origin(&self, origin: &HeaderValue) -> bool {
        let Some(origin) = origin.to_str().ok().and_then(parse_origin) else {
            return false;
        };
        is_loopback(&origin.1) || self.origins.contains(&origin)
    }
}

/// Lets a request pass whose `Host` and `Origin` are allowed.
pub(super) async fn check(State(door): State<Door>, request: Request, next: Next) -> Response {
    let target = request.uri().path_and_query();
    if target.is_some_and(|target| target.as_str().len() > MAX_TARGET_BYTES) {
        return refusal(
            StatusCode::URI_TOO_LONG,
            "the request's address is too long",
        );
    }
    if !has_allowed_host(&door.allowed, &request) {
        let message = "this Host is not allowed; name it in ALLOWED_HOSTS";
        return refusal(StatusCode::FORBIDDEN, message);
    }
    let mut origins = request.headers().get_all(header::ORIGIN).iter();
    if !origins.all(|origin| door.allowed.admits_origin(origin)) {
        let message = "this Origin is not allowed; name it in ALLOWED_ORIGINS";
        return refusal(StatusCode::FORBIDDEN, message);
    }
    next.run(request).await
}

fn has_allowed_host(allowed: &Allowed, request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(parse_authority),
        // HTTP/2 names the host in the request line.
        (None, None) => request
            .uri()
            .authority()
            .and_then(|host| parse_authority(host.as_str())),
        _ => None,
    };
    named.is_some_and(|(host, port)| allowed.admits_host(&host, port))
}

/// Tells whether `host[:port]` leads to this machine.
pub(super) fn is_loopback_authority(text: &str) -> bool {
    parse_authority(text).is_some_and(|(host, _)| is_loopback(&host))
}

/// Tells whether a text names a host that [`Allowed`] can hold.
pub(crate) fn is_host(text: &str) -> bool {
    !text.contains('*') && parse_authority(text).is_some()
}

/// Tells whether a text is an origin that [`Allowed`] can hold.
pub(crate) fn is_origin(text: &str) -> bool {
    !text.contains('*') && parse_origin(text).is_some()
}

/// Splits `host[:port]`, in lower case, without the brackets of IPv6.
fn parse_authority(text: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = text.parse().ok()?;
    if text.contains('@') || authority.host().is_empty() {
        return None;
    }
    // A port that is no number must not pass for an absent one.
    let port = authority.port_u16();
    let has_port = authority.as_str().len() > authority.host().len();
    if has_port && port.is_none() {
        return None;
    }
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    Some((host.to_ascii_lowercase(), port))
}

fn parse_origin(text: &str) -> Option<(String, String, Option<u16>)> {
    let uri: Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let (host, port) = parse_authority(uri.authority()?.as_str())?;
    let default = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let is_bare = uri.path() == "/" && uri.query().is_none() && !text.ends_with('/');
    is_bare.then(|| (scheme, host, Some(port.unwrap_or(default))))
}

fn is_loopback(host: &str) -> bool {
    let is_loopback_address = host.parse::<IpAddr>().is_ok_and(|address| match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => address == Ipv6Addr::LOCALHOST,
    });
    host == "localhost" || is_loopback_address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits_host(allowed: &[&str], host: &str) -> bool {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        parse_authority(host)
            .is_some_and(|(host, port)| Allowed::new(&allowed, &[]).admits_host(&host, port))
    }

    #[test]
    fn loopback_is_always_let_in() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.8.8.8",
            "[::1]:8080",
        ] {
            assert!(admits_host(&[], host), "{host}");
        }
    }

    #[test]
    fn names_that_look_like_loopback_are_not() {
        let foreign = [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "localhost@example.com",
            "example.com@localhost",
            "0.0.0.0",
            "localhost:port",
            "",
            "[::2]",
        ];
        for host in foreign {
            assert!(!admits_host(&[], host), "{host}");
        }
    }

    #[test]
    fn an_allowed_name_holds_for_its_port_or_for_all() {
        assert!(admits_host(&["gw.example.com"], "GW.example.com:443"));
        assert!(admits_host(&["gw.example.com:8443"], "gw.example.com:8443"));
        assert!(!admits_host(&["gw.example.com:8443"], "gw.example.com"));
        assert!(!admits_host(&["gw.example.com"], "gw.example.com.evil.org"));
    }

    #[test]
    fn origins_are_compared_as_parsed() {
        let allowed = Allowed::new(&[], &["https://app.example.com".to_owned()]);
        let admits =
            |origin: &'static str| allowed.admits_origin(&HeaderValue::from_static(origin));

        assert!(admits("https://app.example.com:443"));
        assert!(admits("http://localhost:5173"));
        for foreign in [
            "http://app.example.com",
            "https://app.example.com.evil.org",
            "https://evil.org/app.example.com",
            "null",
            "file://",
            "https://localhost.evil.org",
        ] {
            assert!(!admits(foreign), "{foreign}");
        }
    }
}
