//! From pieces of bytes to lines, however the pieces are cut.

/// A line, or an event, is longer than may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// The most bytes that it may have.
    pub most: usize,
}

/// Cuts bytes that come in pieces into lines. CR, LF and CRLF end a line; a byte order mark before the first one is dropped.
#[derive(Debug, Clone)]
pub struct Lines {
    /// The line that is not whole yet.
    rest: Vec<u8>,
    most: usize,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    is_first: bool,
}

impl Lines {
    /// Makes a cutter of lines of at most so many bytes.
    pub fn new(most: usize) -> Self {
        Self { rest: Vec::new(), most, after_cr: false, is_first: true }
    }

    /// Takes more bytes, and hands every line that is whole now to `each`, without its end.
    ///
    /// # Errors
    /// When a line is too long, or when `each` says so; then nothing more can be taken.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        while let Some((first, others)) = bytes.split_first() {
            if std::mem::take(&mut self.after_cr) && *first == b'\n' {
                bytes = others;
                continue;
            }
            let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.keep(bytes)?;
                return Ok(());
            };
            let (line, rest) = bytes.split_at(end);
            self.keep(line)?;
            self.after_cr = rest.first() == Some(&b'\r');
            bytes = rest.get(1..).unwrap_or_default();
            self.hand_over(&mut each)?;
        }
        Ok(())
    }

    /// Hands over the last line, if something of one is there.
    ///
    /// # Errors
    /// When `each` says so.
    pub fn finish(
        &mut self,
        mut each: impl FnMut(&[u8]) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        if self.rest.is_empty() { Ok(()) } else { self.hand_over(&mut each) }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.rest.len() + bytes.len() > self.most {
            return Err(TooLong { most: self.most });
        }
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    fn hand_over(
        &mut self,
        each: &mut impl FnMut(&[u8]) -> Result<(), TooLong>,
    ) -> Result<(), TooLong> {
        let is_first = std::mem::take(&mut self.is_first);
        let line = self.rest.as_slice();
        let line = if is_first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let done = each(line);
        self.rest.clear();
        done
    }
}
