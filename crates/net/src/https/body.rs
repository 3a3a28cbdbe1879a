//! A body as it comes: bounded in bytes and in time.

use tokio::time::timeout_at;

use super::FetchFailure;
use super::connector::Exchange;
use super::limits::Limits;

/// Room that is made before anything came, however much is announced.
const FIRST_ROOM_BYTES: u64 = 64 * 1024;

/// Reads one body, piece by piece.
#[derive(Debug)]
pub(super) struct BodyReader {
    response: Exchange,
    limits: Limits,
    max_bytes: u64,
    announced: Option<u64>,
    got_bytes: u64,
}

impl BodyReader {
    /// Refuses a body that announces to be too large.
    pub(super) fn new(response: Exchange, limits: Limits, max_bytes: u64) -> Result<Self, FetchFailure> {
        let announced = response.announced();
        if announced.is_some_and(|length| length > max_bytes) {
            return Err(FetchFailure::TooLarge { max_bytes, announced });
        }
        Ok(Self { response, limits, max_bytes, announced, got_bytes: 0 })
    }

    /// The next piece; `None` after the last one, when all that was announced has come.
    pub(super) async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, FetchFailure> {
        let patience = self.limits.stall_timeout;
        let Ok(read) = timeout_at(self.limits.moment(patience), self.response.chunk()).await else {
            return Err(self.limits.failure(patience, self.got_bytes));
        };
        // Whatever the library calls it: not all has come, or its end was not said.
        let piece = read.map_err(|_| self.truncated())?;
        if let Some(piece) = &piece {
            self.got_bytes = self.got_bytes.saturating_add(piece.len() as u64);
            if self.got_bytes > self.max_bytes {
                return Err(FetchFailure::TooLarge { max_bytes: self.max_bytes, announced: self.announced });
            }
        } else if self.announced.is_some_and(|announced| announced != self.got_bytes) {
            return Err(self.truncated());
        }
        Ok(piece)
    }

    /// All of it.
    pub(super) async fn read_all(mut self) -> Result<Vec<u8>, FetchFailure> {
        let room = self.announced.unwrap_or(0).min(FIRST_ROOM_BYTES);
        let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
        while let Some(piece) = self.next().await? {
            bytes.extend_from_slice(piece.as_ref());
        }
        Ok(bytes)
    }

    fn truncated(&self) -> FetchFailure {
        FetchFailure::Truncated { got_bytes: self.got_bytes, announced: self.announced }
    }
}
