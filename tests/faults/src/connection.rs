//! One client's connection: requests are read, judged and answered one after the other, with what faults do to each.

use std::io::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::sleep;

use crate::delivery::{Next, Outgoing, deliver};
use crate::door::Door;
use crate::http::framing::Framing;
use crate::http::head::Head;
use crate::http::source::Source;
use crate::http::{Answer, Asked};
use crate::log::{self, Entry, Open};
use crate::peer;
use crate::run::Moment;
use crate::scenario::{Fault, On, Side, Spec};
use crate::server::Shared;
use crate::target::Target;
use crate::verdict::Case;

/// How long what a client still sends after an early answer is read and thrown away.
const LINGER: Duration = Duration::from_secs(2);

pub(crate) async fn serve(stream: TcpStream, door: Arc<Door>, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    let number = shared.next_connection();
    let mut connection = Connection {
        from: Source::new(reader),
        to: writer,
        door: Arc::clone(&door),
        shared,
        number,
        served: 0,
    };
    let reset = tokio::select! {
        _ = door.closed() => true,
        end = connection.run() => !matches!(end, Ok(Next::Keep | Next::Close)),
    };
    if reset {
        // What was written is to arrive first.
        sleep(Duration::from_millis(5)).await;
        let _ = connection.to.as_ref().set_zero_linger();
        // Dropped, it would close in order first.
        connection.to.forget();
    }
}

struct Connection {
    from: Source<OwnedReadHalf>,
    to: OwnedWriteHalf,
    door: Arc<Door>,
    shared: Arc<Shared>,
    number: u64,
    served: u32,
}

/// What came of reading a request's body.
enum Arrival {
    Whole(Vec<u8>),
    Struck(Next),
}

impl Connection {
    async fn run(&mut self) -> Result<Next> {
        while let Some(raw) = self.from.take_through(b"\r\n\r\n").await? {
            let head = Head::request(raw).map_err(Error::other)?;
            let next = match Target::read(head.path()) {
                Some(target) => self.scenario(&head, &target).await?,
                None => self.plain(head).await?,
            };
            self.served += 1;
            if next != Next::Keep {
                return Ok(next);
            }
        }
        Ok(Next::Keep)
    }

    /// Answers what no scenario is for: the log, and the site.
    async fn plain(&mut self, head: Head) -> Result<Next> {
        let Arrival::Whole(body) = self.body(&head, &[], None).await? else { return Ok(Next::Close) };
        let entries = match head.path().strip_prefix("/log") {
            Some("") => Some(self.shared.log.all()),
            Some(rest) => rest.strip_prefix('/').map(|run| self.shared.log.of(run)),
            None => None,
        };
        let bare = head.method == "HEAD";
        let answer = match entries {
            Some(entries) => Answer::json(200, &serde_json::to_value(entries)?),
            None => (self.shared.site)(&Asked { head, body }),
        };
        let nobody = Open::begin(&Arc::default(), Entry::default());
        deliver(&mut self.to, answer.into(), bare, &[], &nobody).await
    }

    async fn scenario(&mut self, head: &Head, target: &Target) -> Result<Next> {
        let run = match self.shared.run(target) {
            Ok(run) => run,
            Err(why) => {
                let nobody = Open::begin(&Arc::default(), Entry::default());
                deliver(&mut self.to, Answer::new(400, "text/plain", why).into(), false, &[], &nobody)
                    .await?;
                return Ok(Next::Close);
            }
        };
        let mut aim = target.aim(&head.method);
        let began = log::now();
        let open = Open::begin(
            &self.shared.log,
            Entry {
                run: target.run.clone(),
                connection: self.number,
                method: head.method.clone(),
                path: target.rest.clone(),
                ..Entry::default()
            },
        );
        open.came(head.raw.len());
        let had = run.store().had();
        let presence = (aim == On::Chunk).then(|| run.enter());
        let under_way = presence.as_ref().map_or(0, |(count, _)| *count);
        let mut moment = Moment { aim, early: true, reused: self.served > 0, moved: target.is_moved() };
        let early = run.strike(moment);
        for spec in &early {
            match spec.fault {
                Fault::Refuse(span) => {
                    open.injected(&spec.text);
                    self.door.close(span);
                    return Ok(Next::Reset);
                }
                Fault::CloseIdle => {
                    open.injected(&spec.text);
                    return Ok(Next::Reset);
                }
                _ => {}
            }
        }
        let case =
            |aim, body| Case { run: &run, target, head, aim, body, open: &open, began, had: &had, under_way };
        if early.iter().any(|spec| matches!(spec.fault, Fault::Status { .. })) {
            let verdict = case(aim, &[]).judge(&early);
            return self.answer_early(head, verdict.outgoing, &open).await;
        }
        let body = match self.body(head, &early, Some(&open)).await? {
            Arrival::Whole(body) => body,
            Arrival::Struck(Next::Silence) => {
                self.silence(Some(&open)).await;
                return Ok(Next::Close);
            }
            Arrival::Struck(next) => return Ok(next),
        };
        if aim == On::Handshake && run.store().is_finish(&body) {
            aim = On::Finish;
        }
        (moment.aim, moment.early) = (aim, false);
        let late = run.strike(moment);
        let verdict = case(aim, &body).judge(&late);
        let closes = head.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let bare = head.method == "HEAD";
        let next = deliver(&mut self.to, verdict.outgoing, bare, &late, &open).await?;
        match next {
            Next::Keep => {
                if let Some(id) = verdict.acknowledges {
                    run.store().acknowledge(&id, log::now());
                }
                Ok(if closes { Next::Close } else { Next::Keep })
            }
            Next::Silence => {
                self.silence(Some(&open)).await;
                Ok(Next::Close)
            }
            other => Ok(other),
        }
    }

    /// Reads a request's body, as far and as fast as the faults let it.
    async fn body(&mut self, head: &Head, early: &[Spec], open: Option<&Open>) -> Result<Arrival> {
        let Framing::Length(length) = head.request_framing() else {
            return Err(Error::new(ErrorKind::InvalidData, "browsers state the length of a body"));
        };
        let note = |spec: &Spec| open.iter().for_each(|open| open.injected(&spec.text));
        let (mut stop, mut rate) = (None, None);
        for spec in early {
            match spec.fault {
                Fault::Reset(Side::Request, at) => stop = Some((at.min(length), Next::Reset, spec)),
                Fault::Hole(Side::Request, at) => stop = Some((at.min(length), Next::Silence, spec)),
                Fault::HalfClose(at) => stop = Some((at.min(length), Next::Close, spec)),
                Fault::Drip(Side::Request, each_second) => {
                    note(spec);
                    rate = Some(each_second);
                }
                _ => {}
            }
        }
        let end = stop.map_or(length, |(at, ..)| at);
        let mut body = Vec::new();
        while (body.len() as u64) < end {
            let step = rate.map_or(u64::MAX, |rate| (rate / 20).max(1));
            let some = self.from.some(step.min(end - body.len() as u64)).await?;
            if some.is_empty() {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            body.extend_from_slice(some);
            let count = some.len();
            self.from.consume(count);
            open.iter().for_each(|open| open.came(count));
            if let Some(rate) = rate {
                sleep(Duration::from_secs_f64(count as f64 / rate.max(1) as f64)).await;
            }
        }
        let Some((_, next, spec)) = stop else { return Ok(Arrival::Whole(body)) };
        note(spec);
        match next {
            Next::Reset => self.drain(open),
            Next::Close => {
                self.to.shutdown().await?;
                self.silence(open).await;
            }
            _ => {}
        }
        Ok(Arrival::Struck(next))
    }

    /// Answers before the request has come, then reads the rest for a while, as good proxies do: else the client
    /// would see a reset instead of the answer.
    async fn answer_early(&mut self, head: &Head, outgoing: Outgoing, open: &Open) -> Result<Next> {
        deliver(&mut self.to, outgoing.with("Connection", "close"), false, &[], open).await?;
        let rest = async {
            let _ = self.body(head, &[], Some(open)).await;
        };
        let _ = tokio::time::timeout(LINGER, rest).await;
        Ok(Next::Close)
    }

    /// Says and reads nothing until the client has gone; then counts what it had sent meanwhile.
    async fn silence(&mut self, open: Option<&Open>) {
        let reader = self.from.reader();
        if let (Ok(here), Ok(there)) = (reader.local_addr(), reader.peer_addr()) {
            while peer::is_open(there, here) {
                sleep(Duration::from_millis(20)).await;
            }
        }
        // Once the first bytes are read, those that had no room come after them.
        let rest = async {
            while let Ok(some) = self.from.some(u64::MAX).await
                && !some.is_empty()
            {
                let count = some.len();
                self.from.consume(count);
                open.iter().for_each(|open| open.came(count));
            }
        };
        let _ = tokio::time::timeout(LINGER, rest).await;
    }

    /// Counts the bytes that came and that nobody wanted.
    fn drain(&mut self, open: Option<&Open>) {
        let mut count = self.from.ahead().len();
        self.from.consume(count);
        let mut waste = [0; 16 << 10];
        while let Ok(read @ 1..) = self.from.reader().try_read(&mut waste) {
            count += read;
        }
        open.iter().for_each(|open| open.came(count));
    }
}
