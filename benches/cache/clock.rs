//! Time and memory, as far as a busy machine lets them be measured.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::Fault;

/// How often each call is made; the fastest counts, because what else runs on
/// the machine only adds to it.
const ROUNDS: u32 = 9;

/// Returns the microseconds that a call takes: the fastest for each input,
/// and the mean of those.
pub(crate) fn fastest_us<T, R>(inputs: &[T], mut call: impl FnMut(&T) -> R) -> f64 {
    let mut fastest = vec![Duration::MAX; inputs.len()];
    for _ in 0..ROUNDS {
        for (input, fastest) in inputs.iter().zip(&mut fastest) {
            let start = Instant::now();
            black_box(call(input));
            *fastest = start.elapsed().min(*fastest);
        }
    }
    each_us(fastest.into_iter().sum(), inputs.len())
}

pub(crate) fn each_us(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count as f64
}

/// Returns the CPU that all threads of this process have used.
pub(crate) fn cpu_time() -> Result<Duration, Fault> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name before the fields ends with a bracket, and may hold blanks.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    // The 14th and 15th of all fields, in ticks of 10 ms.
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Result<Vec<u64>, _> = ticks.map(str::parse).collect();
    Ok(Duration::from_millis(10 * ticks?.iter().sum::<u64>()))
}

/// Returns the bytes that are resident.
pub(crate) fn resident_bytes() -> Result<f64, Fault> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = kib.ok_or("/proc/self/status has no VmRSS")?.parse()?;
    Ok(kib * 1024.0)
}
