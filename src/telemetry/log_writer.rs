//! Writes log lines from a thread of its own, many at a time.
//!
//! A line that is written by the call that it is about costs that call a
//! system call and the waking of whoever reads the log, about as much as
//! ranking all its targets; and a reader that stops reading would stop every
//! call. Here a call only puts its line into memory.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// How long the thread gathers lines after it has written some: the most that
/// a line is late, or that is lost when the process is killed.
const GATHER: Duration = Duration::from_millis(10);
/// The most lines that wait for a slow reader, in bytes; more are lost.
const MOST_PENDING: usize = 4 << 20;
/// How long the end of the process waits for the last lines.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Takes lines and has them written. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct LogWriter(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells the thread that there is something to do.
    wake: Condvar,
    /// Tells that the thread has ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    pending: Vec<u8>,
    lost_lines: u64,
    is_gathering: bool,
    is_closed: bool,
    has_ended: bool,
}

/// Writes what is pending when it is dropped, at the end of the process.
pub struct LogGuard(LogWriter);

impl LogWriter {
    /// Starts the thread, which writes to `sink` until the guard is dropped.
    ///
    /// # Errors
    /// [`io::Error`] if the system gives no thread.
    pub(super) fn start(sink: impl Write + Send + 'static) -> io::Result<(Self, LogGuard)> {
        let writer = Self::default();
        let behind = writer.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || behind.0.run(sink))?;
        Ok((writer.clone(), LogGuard(writer)))
    }
}

impl Shared {
    fn run(&self, mut sink: impl Write) {
        let mut lines = Vec::new();
        loop {
            let mut state = self.lock();
            while state.pending.is_empty() && !state.is_closed {
                state = self
                    .wake
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.pending.is_empty() {
                state.has_ended = true;
                self.ended.notify_all();
                return;
            }
            lines.clear();
            std::mem::swap(&mut lines, &mut state.pending);
            let lost_lines = std::mem::take(&mut state.lost_lines);
            state.is_gathering = true;
            drop(state);
            // Nobody could be told that the log cannot be written.
            let _ = sink.write_all(&lines).and_then(|()| sink.flush());
            if lost_lines > 0 {
                tracing::warn!(lost_lines, "the log is read too slowly");
            }
            let mut state = self.lock();
            if !state.is_closed {
                (state, _) = self
                    .wake
                    .wait_timeout(state, GATHER)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.is_gathering = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

/// Takes one line.
pub(super) struct Line<'a>(&'a Shared);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.pending.len() + line.len() > MOST_PENDING {
            state.lost_lines += 1;
            return Ok(line.len());
        }
        state.pending.extend_from_slice(line);
        let is_asleep = !state.is_gathering;
        drop(state);
        if is_asleep {
            self.0.wake.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let shared = &self.0.0;
        let mut state = shared.lock();
        state.is_closed = true;
        shared.wake.notify_one();
        // A reader that has stopped must not hold up the end.
        let _ = shared
            .ended
            .wait_timeout_while(state, LAST_WORDS, |state| !state.has_ended);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A sink that hands on what it is given, one piece a time.
    struct Sink(mpsc::SyncSender<Vec<u8>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let sent = self.0.send(bytes.to_vec());
            sent.map(|()| bytes.len()).map_err(io::Error::other)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_order_by_the_end() {
        let (send, receive) = mpsc::sync_channel(10_000);
        let (writer, guard) = LogWriter::start(Sink(send)).unwrap();
        let mut expected = String::new();
        for number in 0..1_000 {
            let line = format!("line {number}\n");
            writer.make_writer().write_all(line.as_bytes()).unwrap();
            expected += &line;
        }

        drop(guard);

        let pieces: Vec<Vec<u8>> = receive.try_iter().collect();
        assert_eq!(String::from_utf8(pieces.concat()).unwrap(), expected);
        assert!(pieces.len() < 1_000, "lines are written together");
    }

    #[test]
    fn a_reader_that_stops_stops_nobody_else() {
        let (send, receive) = mpsc::sync_channel(0);
        let (writer, guard) = LogWriter::start(Sink(send)).unwrap();
        let line = vec![b'x'; 1 << 20];

        for _ in 0..20 {
            writer.make_writer().write_all(&line).unwrap();
        }

        let state = writer.0.lock();
        // The thread may have taken four lines, and four more may wait.
        assert!(state.lost_lines >= 12, "{}", state.lost_lines);
        assert!(state.pending.len() <= MOST_PENDING);
        drop(state);
        drop(receive);
        drop(guard);
    }
}
