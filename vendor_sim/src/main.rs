//! Serves the vendors' fakes on a port, for the demo, load tests and tests
//! from other processes.

use std::error::Error;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use vendor_sim::{Fault, Latency, Profile, Server, Simulator, Vendor};

/// Strict fakes of language-model vendors' HTTP APIs, with seeded faults.
#[derive(Parser)]
#[command(name = "vendor_sim")]
struct Arguments {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 9090)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// What answers and chances depend on.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long an answer takes: one number, or two with `..` between.
    #[arg(long, value_name = "MS[..MS]", value_parser = latency)]
    latency_ms: Option<Latency>,
    /// Tokens a minute of the plan at Groq; what asks for more is refused.
    #[arg(long, default_value_t = 250_000)]
    groq_tokens_per_minute: u64,
    /// A standing fault, such as `openai=hang` or `anthropic=slow:500`;
    /// may be repeated.
    #[arg(long = "fault", value_name = "VENDOR=FAULT[:VALUE]", value_parser = standing)]
    faults: Vec<(Vendor, Fault)>,
}

fn latency(text: &str) -> Result<Latency, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|error| format!("{text:?} is no number of ms: {error}"))
    };
    Ok(Latency {
        from_ms: number(from)?,
        to_ms: number(to)?,
        ..Latency::default()
    })
}

fn standing(text: &str) -> Result<(Vendor, Fault), String> {
    let (vendor, fault) = text.split_once('=').ok_or("expected VENDOR=FAULT")?;
    let vendor = vendor
        .parse()
        .map_err(|error: vendor_sim::UnknownVendor| error.to_string())?;
    let fault = fault
        .parse()
        .map_err(|error: vendor_sim::ParseFaultError| error.to_string())?;
    Ok((vendor, fault))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let simulator = Simulator::starting_at(arguments.seed, unix_seconds());
    simulator.set_groq_tokens_per_minute(arguments.groq_tokens_per_minute);
    for vendor in Vendor::ALL {
        let latency = arguments.latency_ms.unwrap_or_default();
        simulator.set_profile(
            *vendor,
            Profile {
                latency,
                ..Profile::default()
            },
        );
    }
    for (vendor, fault) in arguments.faults {
        simulator.set_standing(vendor, Some(fault));
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let address = SocketAddr::new(arguments.host, arguments.port);
    let server = Server::start_at(simulator, address).await?;
    announce(&server)?;

    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.stop().await;
    Ok(())
}

/// Tells in one line that the port is open, and where clients shall go.
fn announce(server: &Server) -> io::Result<()> {
    let mut line = format!("vendor_sim ready on http://{}", server.address());
    for vendor in Vendor::ALL {
        line.push_str(&format!(" {vendor}={}", server.base_url(*vendor)));
    }
    writeln!(io::stdout(), "{line}")
}

/// Returns the machine's time: dates in answers shall make sense to clients
/// that compare them with their own.
#[expect(
    clippy::disallowed_methods,
    reason = "the program's edge; the library is told the time"
)]
fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since: Duration| since.as_secs())
}
