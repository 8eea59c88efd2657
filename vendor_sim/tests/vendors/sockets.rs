//! Faults of connections over real sockets, with real and short waits.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use vendor_sim::{Fault, Server, Simulator, Vendor};

use crate::client::question;

/// Long enough for an answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to see that nothing comes.
const SILENCE: Duration = Duration::from_millis(150);

async fn start(fault: Fault) -> Server {
    let simulator = Simulator::new(1);
    simulator.push(Vendor::OpenAi, fault);
    Server::start(simulator).await.unwrap()
}

async fn asked(server: &Server) -> TcpStream {
    let body = question(Vendor::OpenAi, "say: hello there").to_string();
    let head = format!(
        "POST /openai/v1/chat/completions HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer k\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        server.address(),
        body.len()
    );
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}

/// Reads until the connection ends: what came, and how it ended.
async fn read(mut stream: TcpStream) -> (String, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .unwrap();
    (
        String::from_utf8_lossy(&bytes).into_owned(),
        end.err().map(|error| error.kind()),
    )
}

/// Reads until `mark` has come.
async fn read_until(stream: &mut TcpStream, mark: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4_096];
    while !text.contains(mark) {
        let count = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        assert!(count > 0, "ended before {mark:?}: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    text
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(SILENCE, stream.read(&mut [0; 1])).await.is_err()
}

#[tokio::test]
async fn a_healthy_vendor_answers_and_keeps_the_connection() {
    let server = start(Fault::Healthy).await;

    let mut stream = asked(&server).await;
    let answer = read_until(&mut stream, "hello there").await;

    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(is_silent(&mut stream).await);
    assert_eq!(
        server.base_url(Vendor::OpenAi),
        format!("http://{}/openai/v1", server.address())
    );
    assert_eq!(
        server.base_url(Vendor::Anthropic),
        format!("http://{}/anthropic", server.address())
    );
}

#[tokio::test]
async fn a_vendor_that_is_down_closes_without_a_byte() {
    let server = start(Fault::Down).await;

    assert_eq!(read(asked(&server).await).await, (String::new(), None));
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let server = start(Fault::Reset).await;

    let end = read(asked(&server).await).await;

    assert_eq!(end, (String::new(), Some(ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn a_reset_within_the_body_comes_after_the_bytes() {
    let server = start(Fault::ResetBody { after_bytes: 1 }).await;

    let (text, end) = read(asked(&server).await).await;

    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains("\r\n\r\n1\r\n{"), "{text}");
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_short_body_ends_before_its_length() {
    let server = start(Fault::ShortBody { after_bytes: 1 }).await;

    let (text, end) = read(asked(&server).await).await;

    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-length: "), "{head}");
    assert_eq!((body, end), ("{", None));
}

#[tokio::test]
async fn a_cut_body_ends_as_if_it_were_whole() {
    let server = start(Fault::CutBody { after_bytes: 1 }).await;

    let mut stream = asked(&server).await;
    let text = read_until(&mut stream, "\r\n0\r\n\r\n").await;

    assert!(text.ends_with("\r\n\r\n1\r\n{\r\n0\r\n\r\n"), "{text}");
}

#[tokio::test]
async fn silence_is_before_or_within_the_body() {
    let hanging = start(Fault::Hang).await;
    let stalling = start(Fault::Stall { after_bytes: 1 }).await;

    let mut unanswered = asked(&hanging).await;
    let mut begun = asked(&stalling).await;
    read_until(&mut begun, "{").await;

    assert!(is_silent(&mut unanswered).await);
    // The end of the chunk may still be under way.
    assert!(is_silent(&mut begun).await || is_silent(&mut begun).await);
}

#[tokio::test]
async fn stopping_ends_connections_that_hang() {
    let server = start(Fault::Hang).await;
    let mut stream = asked(&server).await;
    assert!(is_silent(&mut stream).await);
    let address = server.address();

    timeout(PATIENCE, server.stop()).await.unwrap();

    assert_eq!(read(stream).await.0, "");
    assert!(TcpStream::connect(address).await.is_err());
}
