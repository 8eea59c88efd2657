//! From exec to the first answer, and the memory of a gateway at rest.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Fault;
use crate::load::{self, Load};
use crate::process::Program;
use crate::report::Spread;
use crate::wire::{Connection, Door};

/// How often the gateway is started.
const STARTS: usize = 20;
/// How long it rests before its memory is read.
const REST: Duration = Duration::from_secs(1);
/// How many calls it answers before its memory is read again.
const CALLS: usize = 10_000;

/// What starting costs, and what lives on.
pub(crate) struct StartUp {
    /// From exec until it listens, in ms.
    pub(crate) listening_ms: Spread,
    /// From exec to the first good completion, in ms.
    pub(crate) first_answer_ms: Spread,
    /// Resident memory after a second without calls, in MiB.
    pub(crate) idle_mib: f64,
    /// Resident memory a second after 10,000 calls, in MiB.
    pub(crate) used_mib: f64,
}

/// Starts `program` again and again, and watches the last one for a while.
pub(crate) async fn measure(program: &Program, model: &'static str) -> Result<StartUp, Fault> {
    let load = Load {
        door: Door::Mcp2025,
        model,
        clients: 16,
        repeats: false,
    };
    let (mut listening, mut answered) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let started = Instant::now();
        let server = program.start().await?;
        listening.push(started.elapsed().as_secs_f64() * 1e3);
        // The address is bound before it is said, so the first try succeeds.
        let mut connection = Connection::open(server.address).await?;
        connection.ask(load.door, load.model, load.repeats).await?;
        answered.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let server = program.start().await?;
    sleep(REST).await;
    let idle_mib = server.memory_mib()?;
    load::make(server.address, load, CALLS).await?;
    sleep(REST).await;
    Ok(StartUp {
        listening_ms: Spread::of(listening),
        first_answer_ms: Spread::of(answered),
        idle_mib,
        used_mib: server.memory_mib()?,
    })
}
