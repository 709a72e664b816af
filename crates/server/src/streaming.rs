//! A download that is written while it is sent, so that its size does not matter.

use axum::body::{Body, Bytes};
use futures::{StreamExt, stream};
use std::future;
use std::io::{self, Write};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Bytes sent at a time.
const CHUNK_BYTES: usize = 256 << 10;
/// Chunks made ahead of the network.
const CHUNKS_AHEAD: usize = 4;

/// One end of a download; implements [`Write`]. What is still in it when it is dropped is sent.
pub struct ChunkWriter {
    chunk: Vec<u8>,
    chunks: mpsc::Sender<Bytes>,
}

/// Runs `write`, whose output becomes the body.
///
/// # Errors
/// `write` fails before the first bytes are out. A later failure breaks the body off, so that the
/// receiver does not take a part for the whole.
pub async fn streamed<E, W>(write: impl FnOnce(ChunkWriter) -> W) -> Result<Body, E>
where
    E: std::error::Error + Send + Sync + 'static,
    W: Future<Output = Result<(), E>> + Send + 'static,
{
    let (chunks, received) = mpsc::channel(CHUNKS_AHEAD);
    let writer = ChunkWriter {
        chunk: Vec::with_capacity(CHUNK_BYTES),
        chunks,
    };
    let mut writing = tokio::spawn(write(writer));
    let mut received = ReceiverStream::new(received);
    let first = received.next().await;
    if first.is_none() {
        // Nothing was written: an empty download, or a failure that can still be told.
        return match (&mut writing).await {
            Ok(Ok(())) => Ok(Body::empty()),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(broken_off()),
        };
    }
    let end = stream::once(async {
        match writing.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Err(io::Error::other(error))),
            Err(_) => Some(Err(io::ErrorKind::BrokenPipe.into())),
        }
    });
    let bytes = stream::iter(first).chain(received).map(Ok);
    Ok(Body::from_stream(
        bytes.chain(end.filter_map(future::ready)),
    ))
}

fn broken_off() -> Body {
    let failure: Result<Bytes, io::Error> = Err(io::ErrorKind::BrokenPipe.into());
    Body::from_stream(stream::iter([failure]))
}

impl ChunkWriter {
    fn send(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        self.chunks
            .blocking_send(chunk.into())
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// Bytes leave in whole chunks and at the end; there is nobody to wait for in between.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ChunkWriter {
    fn drop(&mut self) {
        // A receiver that is gone needs no more.
        let _received = self.send().is_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body_of(
        write: impl FnOnce(&mut ChunkWriter) -> io::Result<()> + Send + 'static,
    ) -> Result<Body, io::Error> {
        streamed(|mut writer| async move {
            tokio::task::spawn_blocking(move || write(&mut writer))
                .await
                .unwrap()
        })
        .await
    }

    #[tokio::test]
    async fn everything_written_arrives() {
        let written: Vec<u8> = (0..3 * CHUNK_BYTES + 17).map(|i| i as u8).collect();
        let expected = written.clone();
        let body = body_of(move |out| written.chunks(999).try_for_each(|c| out.write_all(c)));
        let body = body.await.unwrap();
        assert_eq!(
            axum::body::to_bytes(body, usize::MAX).await.unwrap(),
            expected
        );
        let empty = body_of(|_| Ok(())).await.unwrap();
        assert_eq!(axum::body::to_bytes(empty, usize::MAX).await.unwrap(), "");
    }

    #[tokio::test]
    async fn an_early_failure_is_told_and_a_late_one_breaks_off() {
        let early = body_of(|_| Err(io::Error::other("early"))).await;
        assert_eq!(early.unwrap_err().to_string(), "early");
        let late = body_of(|out| {
            out.write_all(&vec![0; CHUNK_BYTES])?;
            Err(io::Error::other("late"))
        });
        let late = late.await.unwrap();
        assert!(axum::body::to_bytes(late, usize::MAX).await.is_err());
    }
}
