//! Which addresses a vendor may have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

/// Who is asked at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A vendor, whose key must not travel in clear over foreign networks.
    Vendor,
    /// A server of the team's own.
    Local,
}

/// Names of the services that hand a machine's credentials to whoever asks.
const METADATA_NAMES: [&str; 5] = [
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
];

/// Metadata services outside the link-local ranges: AWS over IPv6, Alibaba.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// Checks a base URL and returns it without trailing slashes.
///
/// # Errors
/// A reason that does not repeat the address, which may hold a password.
pub(super) fn check(text: &str, kind: Kind) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let rest = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))
        .ok_or("must begin with https:// or http://")?;
    // The URL standard turns a backslash into a slash and drops tabs; what
    // another reader of the same text would make of them is not known.
    if text.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control()) {
        return Err("must not contain backslashes, blanks or control characters".to_owned());
    }
    if rest.starts_with(['/', ':']) {
        return Err("names no host".to_owned());
    }
    let url = Url::parse(text).map_err(|fault| format!("is not a URL: {fault}"))?;
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err("must not carry a user or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or fragment".to_owned());
    }
    let host = url.host_str().ok_or("names no host")?;
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address = address(&host);
    if METADATA_NAMES.contains(&host.as_str()) || address.is_some_and(is_forbidden) {
        return Err("must not lead to a link-local or metadata address".to_owned());
    }
    let is_near =
        host == "localhost" || host.ends_with(".localhost") || address.is_some_and(is_private);
    if url.scheme() == "http" && kind == Kind::Vendor && !is_near {
        return Err(
            "must use https, or the key would travel in clear; http is for loopback and \
             private addresses"
                .to_owned(),
        );
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Reads a host as an address. The parser of the URL has already turned
/// decimal, hexadecimal, octal and shortened spellings into the usual one.
fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_link_local() || v4 == METADATA_V4 || v4.is_multicast() || v4.is_broadcast()
        }
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local()
                || v6 == METADATA_V6
                || v6.is_multicast()
                || embedded(v6).is_some_and(|v4| is_forbidden(IpAddr::V4(v4)))
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_unspecified(),
        IpAddr::V6(v6) => {
            let is_mapped_private = v6
                .to_ipv4_mapped()
                .is_some_and(|v4| is_private(IpAddr::V4(v4)));
            v6.is_loopback() || v6.is_unique_local() || v6.is_unspecified() || is_mapped_private
        }
    }
}

/// Returns the IPv4 address inside an IPv6 one: mapped (`::ffff:0:0/96`),
/// compatible (`::/96`), translated (`64:ff9b::/96`) or 6to4 (`2002::/16`).
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = v6.octets();
    let four = |at: usize| -> Option<Ipv4Addr> {
        let bytes: [u8; 4] = octets.get(at..at + 4)?.try_into().ok()?;
        Some(Ipv4Addr::from(bytes))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => four(12),
        [0x2002, ..] => four(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metadata_service_is_refused_in_every_spelling() {
        let spellings = [
            "169.254.169.254",
            "2852039166",
            "0xA9FEA9FE",
            "0xa9.0xfe.0xa9.0xfe",
            "0251.0376.0251.0376",
            "169.254.43518",
            "169.254.169.254.",
            "%31%36%39.254.169.254",
            "１６９.254.169.254",
            "[::ffff:169.254.169.254]",
            "[::ffff:a9fe:a9fe]",
            "[::169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[2002:a9fe:a9fe::]",
            "[fe80::1]",
            "[febf::1]",
            "[fd00:ec2::254]",
            "100.100.100.200",
            "metadata.google.internal",
            "METADATA.google.internal.",
            "metadata",
        ];
        for host in spellings {
            for (scheme, kind) in [("http", Kind::Local), ("https", Kind::Vendor)] {
                let url = format!("{scheme}://{host}/v1");

                assert!(check(&url, kind).is_err(), "{url}");
            }
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let urls = [
            "ftp://api.example.com",
            "api.example.com",
            "file:///etc/passwd",
            "http:169.254.169.254",
            "https:///example.com",
            "https://",
            "https://user:password@api.example.com",
            "https://@api.example.com",
            "https://api.example.com/?key=1",
            "https://api.example.com/#x",
            "https://api.example.com\\@evil.example",
            "https://api.exa\tmple.com",
            " https://api.example.com",
        ];
        for url in urls {
            let reason = check(url, Kind::Vendor).expect_err(url);

            assert!(!reason.contains("password@"), "{reason}");
        }
    }

    #[test]
    fn a_key_never_travels_in_clear_over_foreign_networks() {
        assert!(check("http://api.example.com/v1", Kind::Vendor).is_err());
        assert!(check("http://8.8.8.8/v1", Kind::Vendor).is_err());
        assert!(check("http://localhost.example.com", Kind::Vendor).is_err());
        for near in ["http://127.0.0.1:9", "http://localhost", "http://10.1.2.3"] {
            assert!(check(near, Kind::Vendor).is_ok(), "{near}");
        }
        assert!(check("http://gpu.example.com:8000/v1", Kind::Local).is_ok());
    }

    #[test]
    fn trailing_slashes_are_dropped() {
        let url = check("https://api.example.com/v1//", Kind::Vendor);

        assert_eq!(url.as_deref(), Ok("https://api.example.com/v1"));
        assert_eq!(
            check("http://[::1]:11434/", Kind::Local).as_deref(),
            Ok("http://[::1]:11434")
        );
    }
}
