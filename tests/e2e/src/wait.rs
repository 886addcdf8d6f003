//! Waiting for something to become true, never for longer than stated.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Asks `probe` every 20 ms until it gives a value; after `limit` fails with `what` it waited for.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = probe().await? {
            return Ok(value);
        }
        if start.elapsed() > limit {
            bail!("waited {limit:?} for {what}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
