//! Which addresses of token issuers may be asked.

use std::net::IpAddr;

use url::{Host, Url};

/// Tells whether keys may be fetched from an address: `https`, or `http` on
/// this machine; who could change them on the way could let in anybody.
pub(crate) fn is_issuer_url(text: &str) -> bool {
    let has_odd_characters =
        text.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control());
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => return false,
    };
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback,
        _ => false,
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    is_safe && !has_user && !has_odd_characters && url.fragment().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine_is_asked_for_keys() {
        for good in [
            "https://accounts.example.com",
            "https://accounts.example.com:8443/tenant/keys?version=1",
            "http://localhost:9000/keys",
            "http://127.0.0.1/keys",
            "http://[::1]:1/keys",
        ] {
            assert!(is_issuer_url(good), "{good}");
        }
        for bad in [
            "http://accounts.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@accounts.example.com",
            "https://user:word@accounts.example.com",
            "https://accounts.example.com/#x",
            "https:\\\\accounts.example.com",
            "file:///etc/passwd",
            "accounts.example.com",
            "https://",
            "",
        ] {
            assert!(!is_issuer_url(bad), "{bad}");
        }
    }
}
