//! Takes server-sent events apart, however they are cut on their way.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.
//! Ends of lines are `\n` and `\r\n`; comments, ids and unknown fields are
//! passed over.

/// The longest event, in bytes.
const MAX_EVENT_BYTES: usize = 1 << 20;
/// How much of what is no event is kept: an error that a vendor wrote bare.
const MAX_STRAY_BYTES: usize = 64 << 10;

/// An event that is too long to be one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Collects bytes and gives events.
#[derive(Debug, Default)]
pub(super) struct EventStream {
    /// What has come of a line that has not ended.
    line: Vec<u8>,
    /// The lines of data of the event that has not ended.
    data: Vec<u8>,
    has_data: bool,
    stray: Vec<u8>,
}

impl EventStream {
    /// Takes bytes, and appends the data of each event that they end.
    ///
    /// # Errors
    /// [`TooLong`]; what follows is not read.
    pub(super) fn push(&mut self, bytes: &[u8], events: &mut Vec<Vec<u8>>) -> Result<(), TooLong> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (head, tail) = rest.split_at(end);
            self.line.extend_from_slice(head);
            rest = tail.get(1..).unwrap_or_default();
            self.end_line(events);
        }
        self.line.extend_from_slice(rest);
        if self.line.len() + self.data.len() > MAX_EVENT_BYTES {
            return Err(TooLong);
        }
        Ok(())
    }

    /// Ends the stream: appends the data of an event that had no empty line
    /// behind it, and returns what was no event.
    pub(super) fn finish(mut self, events: &mut Vec<Vec<u8>>) -> Vec<u8> {
        if !self.line.is_empty() {
            self.end_line(events);
        }
        self.end_event(events);
        self.stray
    }

    fn end_line(&mut self, events: &mut Vec<Vec<u8>>) {
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if line.is_empty() {
            return self.end_event(events);
        }
        let field = |name: &[u8]| {
            let value = line.strip_prefix(name)?;
            Some(value.strip_prefix(b" ").unwrap_or(value))
        };
        if let Some(value) = field(b"data:") {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
            self.has_data = true;
        } else if !is_other_field(&line) && self.stray.len() < MAX_STRAY_BYTES {
            self.stray.extend_from_slice(&line);
            self.stray.push(b'\n');
        }
    }

    fn end_event(&mut self, events: &mut Vec<Vec<u8>>) {
        if std::mem::take(&mut self.has_data) {
            events.push(std::mem::take(&mut self.data));
        }
    }
}

/// Tells whether a line is a comment, or a field that changes nothing here.
fn is_other_field(line: &[u8]) -> bool {
    let names: [&[u8]; 5] = [b":", b"event:", b"id:", b"retry:", b"event"];
    names.iter().any(|name| line.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> (Vec<String>, String) {
        let mut stream = EventStream::default();
        let mut events = Vec::new();
        for piece in pieces {
            stream.push(piece, &mut events).unwrap();
        }
        let stray = stream.finish(&mut events);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (events.into_iter().map(text).collect(), text(stray))
    }

    const WHOLE: &str =
        ": hi\nevent: a\ndata: {\"x\":\r\ndata: \"\u{e9}\"}\r\n\r\nid: 1\ndata:two\n\ndata: [DONE]";

    #[test]
    fn events_are_the_same_however_they_are_cut() {
        let expected = ["{\"x\":\n\"\u{e9}\"}", "two", "[DONE]"];
        let bytes = WHOLE.as_bytes();

        assert_eq!(read(&[bytes]).0, expected);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single).0, expected);
        for cut in 0..bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(read(&[head, tail]).0, expected, "{cut}");
        }
    }

    #[test]
    fn what_is_no_event_is_kept() {
        let (events, stray) = read(&[b"data: 1\n\n[{\n  \"error\": {}\n}]"]);

        assert_eq!(events, ["1"]);
        assert_eq!(stray, "[{\n  \"error\": {}\n}]\n");
    }

    #[test]
    fn an_endless_event_ends() {
        let mut stream = EventStream::default();
        let piece = vec![b'x'; 600 << 10];

        assert_eq!(stream.push(&piece, &mut Vec::new()), Ok(()));
        assert_eq!(stream.push(&piece, &mut Vec::new()), Err(TooLong));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_strange(pieces in proptest::collection::vec(
            proptest::collection::vec(0_u8..=255, 0..60), 0..8)) {
            let mut stream = EventStream::default();
            let mut events = Vec::new();
            for piece in &pieces {
                let _ = stream.push(piece, &mut events);
            }
            let _ = stream.finish(&mut events);
        }
    }
}
