//! A link between browser and server: bandwidth shared by all connections, delay, and what delay and loss do to each.
//!
//! Used where the kernel has no `netem`. The browser's own TCP ends here, on the loopback, so what distance does to a
//! connection is modelled, as in the crate's `tests/links`: two round trips before the first byte of a new connection
//! (TCP, TLS), a window that starts at ten segments, doubles each round trip up to 3 MB and starts over after idling,
//! and random loss as the ceiling of Mathis et al. (1997). One direction is shaped, the other only delayed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

const SEGMENT: f64 = 1460.0;
const FIRST_WINDOW: f64 = 10.0 * SEGMENT;
const WINDOW: f64 = 3e6;
/// How often bytes are let through.
const TICK: Duration = Duration::from_millis(5);

/// What a link is like.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub megabits: f64,
    pub rtt: Duration,
    /// The share of segments that are lost.
    pub loss: f64,
    /// What one connection carries at most, in Mbit/s; infinite if nothing but the above holds it back.
    pub each: f64,
    pub direction: Direction,
}

/// Which bytes are shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Those that the browser sends.
    Up,
    /// Those that it receives.
    Down,
}

/// A shaped way to a server; dropping it closes it.
#[derive(Debug)]
pub struct Shaper {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

/// The bandwidth that all connections share.
#[derive(Debug)]
struct Bucket {
    rate: f64,
    level: Mutex<(f64, Instant)>,
    busy: AtomicUsize,
}

type Delayed = (Instant, Vec<u8>);

impl Shaper {
    /// Opens a way to `upstream`.
    pub async fn start(link: Link, upstream: SocketAddr) -> Result<Shaper> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let rate = link.megabits * 1e6 / 8.0;
        let bucket =
            Arc::new(Bucket { rate, level: Mutex::new((0.0, Instant::now())), busy: AtomicUsize::new(0) });
        let task = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                tokio::spawn(carry(link, bucket.clone(), browser, upstream));
            }
        });
        Ok(Shaper { address, task })
    }
}

impl Drop for Shaper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Bucket {
    /// Takes up to `wish` bytes out, and no more than a fair share of what is in.
    fn take(&self, wish: f64) -> f64 {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let earned = (now - level.1).as_secs_f64() * self.rate;
        // What nobody used is gone, but for what two ticks would bring.
        let most = self.rate * 2.0 * TICK.as_secs_f64();
        let full = (level.0 + earned).min(most);
        let share = most / self.busy.load(Ordering::Relaxed).max(1) as f64;
        let taken = wish.min(full).min(share.max(full - most / 2.0));
        *level = (full - taken, now);
        taken
    }

    fn give_back(&self, bytes: f64) {
        self.level.lock().unwrap_or_else(PoisonError::into_inner).0 += bytes;
    }
}

async fn carry(link: Link, bucket: Arc<Bucket>, browser: TcpStream, upstream: SocketAddr) {
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let _ = (browser.set_nodelay(true), server.set_nodelay(true));
    tokio::time::sleep(2 * link.rtt).await;
    let (from_browser, to_browser) = browser.into_split();
    let (from_server, to_server) = server.into_split();
    let (up, up_end) = unbounded_channel();
    let (down, down_end) = unbounded_channel();
    match link.direction {
        Direction::Up => tokio::join!(
            shaped(link, &bucket, from_browser, up),
            deliver(up_end, to_server),
            delayed(link, from_server, down),
            deliver(down_end, to_browser),
        ),
        Direction::Down => tokio::join!(
            shaped(link, &bucket, from_server, down),
            deliver(down_end, to_browser),
            delayed(link, from_browser, up),
            deliver(up_end, to_server),
        ),
    };
}

/// Reads as fast as the link lets it, and hands on what it read for half a round trip later.
async fn shaped(link: Link, bucket: &Bucket, from: OwnedReadHalf, to: UnboundedSender<Delayed>) {
    let rtt = link.rtt.as_secs_f64();
    let lossy = if link.loss > 0.0 { 1.22 * SEGMENT / rtt / link.loss.sqrt() } else { f64::INFINITY };
    let ceiling = lossy.min(link.each * 1e6 / 8.0);
    let idle = 2 * link.rtt + Duration::from_millis(200);
    let (mut window, mut last_byte, mut last) = (FIRST_WINDOW, Instant::now(), Instant::now());
    let mut credit = 0.0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        if from.readable().await.is_err() {
            return;
        }
        if last_byte.elapsed() > idle {
            (window, last) = (FIRST_WINDOW, Instant::now());
        }
        bucket.busy.fetch_add(1, Ordering::Relaxed);
        // From here on there is something to send; the loop ends when there is no more.
        let open = loop {
            let now = Instant::now();
            let span = (now - last).as_secs_f64().min(0.05);
            last = now;
            let rate = (window / rtt).min(ceiling);
            credit += bucket.take(rate * span);
            let whole = (credit as usize).min(buffer.len());
            if whole == 0 {
                tokio::time::sleep(TICK).await;
                continue;
            }
            match from.try_read(buffer.get_mut(..whole).unwrap_or_default()) {
                Ok(0) => break false,
                Ok(read) => {
                    credit -= read as f64;
                    window = (window + read as f64 * std::f64::consts::LN_2).min(WINDOW);
                    last_byte = now;
                    let bytes = buffer.get(..read).unwrap_or_default().to_vec();
                    if to.send((now + link.rtt / 2, bytes)).is_err() {
                        break false;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break true,
                Err(_) => break false,
            }
            tokio::time::sleep(TICK).await;
        };
        bucket.busy.fetch_sub(1, Ordering::Relaxed);
        bucket.give_back(std::mem::take(&mut credit));
        if !open {
            return;
        }
    }
}

async fn delayed(link: Link, mut from: OwnedReadHalf, to: UnboundedSender<Delayed>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read) = from.read(&mut buffer).await {
        let bytes = buffer.get(..read).unwrap_or_default().to_vec();
        if read == 0 || to.send((Instant::now() + link.rtt / 2, bytes)).is_err() {
            return;
        }
    }
}

async fn deliver(mut from: UnboundedReceiver<Delayed>, mut to: OwnedWriteHalf) {
    while let Some((due, bytes)) = from.recv().await {
        tokio::time::sleep_until(due.into()).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
