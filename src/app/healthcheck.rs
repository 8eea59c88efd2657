//! Asks a running gateway whether it lives, for containers without a shell.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the gateway that listens on `host` and `port` for `/health`.
///
/// # Errors
/// A sentence if it does not answer 200 within three seconds.
pub fn healthcheck(host: IpAddr, port: u16) -> Result<(), String> {
    let host = if host.is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        host
    };
    let address = SocketAddr::new(host, port);
    let answer = ask(address).map_err(|fault| format!("{address} does not answer: {fault}"))?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    let status: String = answer.lines().take(1).collect();
    Err(format!("{address} is not well: {status}"))
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    socket.take(4096).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
