//! One browser's connection, led to the server exchange by exchange.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::exchange::Exchange;
use super::gate::{Cut, Gate, Side};
use super::ledger::Ledger;
use crate::http::framing::Framing;
use crate::http::head::Head;
use crate::http::source::Source;

/// Serves a connection until it ends, breaks, or is refused by the weather. A broken one is reset, not closed in
/// order, as a cut cable or a dead server would.
pub(super) async fn serve(client: TcpStream, upstream: SocketAddr, gate: Arc<Gate>, ledger: Arc<Ledger>) {
    let _ = client.set_nodelay(true);
    let (reader, writer) = client.into_split();
    let mut link =
        Link { from_client: Source::new(reader), to_client: writer, upstream, server: None, gate, ledger };
    let gate = Arc::clone(&link.gate);
    let orderly = tokio::select! {
        () = gate.refused() => false,
        ended = link.run() => ended.is_ok(),
    };
    link.ledger_ended();
    if !orderly {
        let _ = link.to_client.as_ref().set_zero_linger();
        // Dropped, it would close in order first.
        link.to_client.forget();
    }
}

struct Link {
    from_client: Source<OwnedReadHalf>,
    to_client: OwnedWriteHalf,
    upstream: SocketAddr,
    server: Option<(Source<OwnedReadHalf>, OwnedWriteHalf, Option<usize>)>,
    gate: Arc<Gate>,
    ledger: Arc<Ledger>,
}

impl Link {
    async fn run(&mut self) -> Result<()> {
        loop {
            let Some(raw) = self.next_request().await? else { return Ok(()) };
            let request = Head::request(raw).map_err(Error::other)?;
            let open = Exchange::new(&request.method, &request.target, request.header("range"));
            let index = self.ledger.begin(open);
            let cut = self.gate.take_cut(&request.method, &request.target);
            if let Some(server) = &mut self.server {
                server.2 = Some(index);
            } else {
                // Known to `ledger_ended` even when the server can't be reached.
                let connected = TcpStream::connect(self.upstream).await;
                if connected.is_err() {
                    self.ledger.note(index, |one| one.ended = Some(Instant::now()));
                }
                let server = connected?;
                server.set_nodelay(true)?;
                let (reader, writer) = server.into_split();
                self.server = Some((Source::new(reader), writer, Some(index)));
            }
            if !self.exchange(&request, index, cut).await? {
                return Ok(());
            }
        }
    }

    /// Waits for the next request; a server that closes meanwhile closes the browser's side too.
    async fn next_request(&mut self) -> Result<Option<Vec<u8>>> {
        let request = self.from_client.take_through(b"\r\n\r\n");
        match &self.server {
            None => request.await,
            Some((server, ..)) => tokio::select! {
                raw = request => raw,
                () = closed(server) => Ok(None),
            },
        }
    }

    /// Leads one request up and its answer down; tells whether the connection can go on.
    async fn exchange(&mut self, request: &Head, index: usize, cut: Option<Cut>) -> Result<bool> {
        let Some((from_server, to_server, _)) = &mut self.server else {
            return Err(ErrorKind::NotConnected.into());
        };
        let (gate, ledger) = (&*self.gate, &*self.ledger);
        let allowed = |side| cut.as_ref().filter(|cut| cut.side == side).map(|cut| cut.after);
        tokio::time::sleep(gate.delay()).await;
        let mut up = Flow {
            gate,
            left: allowed(Side::Up),
            note: |bytes: &[u8]| ledger.note(index, |one| one.went_up(bytes)),
        };
        let mut down = Flow {
            gate,
            left: allowed(Side::Down),
            note: |bytes: &[u8]| ledger.note(index, |one| one.came_down(bytes)),
        };
        let (from_client, to_client) = (&mut self.from_client, &mut self.to_client);
        let sending = async {
            gate.pass(request.raw.len() as u64).await;
            to_server.write_all(&request.raw).await?;
            up.body(from_client, to_server, request.request_framing()).await
        };
        let answering = async {
            let answer = loop {
                let raw = from_server.take_through(b"\r\n\r\n").await?.ok_or(ErrorKind::UnexpectedEof)?;
                let head = Head::response(raw).map_err(Error::other)?;
                gate.pass(head.raw.len() as u64).await;
                to_client.write_all(&head.raw).await?;
                if head.status >= 200 {
                    break head;
                }
            };
            ledger.note(index, |one| one.status = answer.status);
            let framing = answer.response_framing(&request.method);
            down.body(from_server, to_client, framing).await?;
            to_client.flush().await?;
            ledger.note(index, |one| {
                one.complete = true;
                one.ended = Some(Instant::now());
            });
            let closes = answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
            Ok::<_, Error>(framing != Framing::UntilClose && !closes)
        };
        tokio::pin!(sending, answering);
        tokio::select! {
            sent = &mut sending => { sent?; answering.await }
            // An answer before the end of the request, as to one too large: let the rest go up for a moment.
            answered = &mut answering => {
                let on = answered?;
                Ok(matches!(tokio::time::timeout(Duration::from_secs(1), sending).await, Ok(Ok(()))) && on)
            }
        }
    }

    fn ledger_ended(&self) {
        if let Some((_, _, Some(index))) = self.server {
            self.ledger.note(index, |one| {
                one.ended.get_or_insert_with(Instant::now);
            });
        }
    }
}

/// Waits until the server closes, or says something unasked.
async fn closed(server: &Source<OwnedReadHalf>) {
    while server.ahead().is_empty() && server.reader().readable().await.is_ok() {
        match server.reader().try_read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => return,
        }
    }
}

/// One direction of one exchange.
struct Flow<'a, N> {
    gate: &'a Gate,
    /// Bytes until a cut.
    left: Option<u64>,
    note: N,
}

impl<N: FnMut(&[u8])> Flow<'_, N> {
    async fn body(
        &mut self,
        from: &mut Source<OwnedReadHalf>,
        to: &mut OwnedWriteHalf,
        framing: Framing,
    ) -> Result<()> {
        match framing {
            Framing::Length(length) => self.run(from, to, length).await,
            Framing::UntilClose => match self.run(from, to, u64::MAX).await {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(()),
                other => other,
            },
            Framing::Chunked => loop {
                let line = from.take_through(b"\r\n").await?.ok_or(ErrorKind::UnexpectedEof)?;
                to.write_all(&line).await?;
                let text = String::from_utf8_lossy(&line);
                let digits = text.trim().split(';').next().unwrap_or("");
                let length = u64::from_str_radix(digits, 16).map_err(Error::other)?;
                if length == 0 {
                    return trailer(from, to).await;
                }
                self.run(from, to, length).await?;
                let end = from.take_through(b"\r\n").await?.ok_or(ErrorKind::UnexpectedEof)?;
                to.write_all(&end).await?;
            },
        }
    }

    /// Copies `length` bytes in runs as large as they come.
    async fn run(
        &mut self,
        from: &mut Source<OwnedReadHalf>,
        to: &mut (impl AsyncWrite + Unpin),
        mut length: u64,
    ) -> Result<()> {
        while length > 0 {
            if self.left == Some(0) {
                return Err(Error::new(ErrorKind::ConnectionAborted, "cut on order"));
            }
            let most = length.min(self.gate.stride()).min(self.left.unwrap_or(u64::MAX));
            let bytes = from.some(most).await?;
            if bytes.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let count = bytes.len() as u64;
            self.gate.pass(count).await;
            to.write_all(bytes).await?;
            (self.note)(bytes);
            from.consume(usize::try_from(count).unwrap_or(usize::MAX));
            length -= count;
            self.left = self.left.map(|left| left - count);
        }
        Ok(())
    }
}

async fn trailer(from: &mut Source<OwnedReadHalf>, to: &mut OwnedWriteHalf) -> Result<()> {
    loop {
        let line = from.take_through(b"\r\n").await?.ok_or(ErrorKind::UnexpectedEof)?;
        to.write_all(&line).await?;
        if line == b"\r\n" {
            return Ok(());
        }
    }
}
