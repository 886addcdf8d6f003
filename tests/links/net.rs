//! A link as a fluid: connections share its bandwidth, and each is held back by its window and by loss.
//!
//! What it models: a new connection costs two round trips (TCP, TLS); a window that starts at ten segments, doubles
//! each round trip, ends at what the system allows, and starts over when the connection has idled; random loss as
//! the ceiling of Mathis et al., "The Macroscopic Behavior of the TCP Congestion Avoidance Algorithm" (1997); fair
//! shares of the bandwidth and of the server's processors; half a round trip to the server and half a one back. What
//! the server refuses goes over the line to its end all the same: browsers look for no answer before.

use xuchuan::core::upload::RequestId;

/// Bytes of a segment.
const SEGMENT: f64 = 1460.0;
/// How many connections a browser opens to one origin.
const CONNECTIONS: usize = 6;

/// A link and the server at its end; bytes and ms.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub name: &'static str,
    /// Bytes/ms, for all connections together.
    pub bandwidth: f64,
    pub rtt: f64,
    /// The share of segments that are lost.
    pub loss: f64,
    /// The largest window.
    pub window: f64,
    /// Bytes/ms that the server takes from one request, and from all.
    pub each: f64,
    pub all: f64,
    /// What a further request costs all the others, as a share.
    pub crowd: f64,
    /// How long the server takes to answer after the last byte.
    pub work: f64,
    /// More requests than this at once are answered 429.
    pub most: usize,
}

/// Megabits a second, as bytes/ms.
pub const MEGABIT: f64 = 125.0;

impl Link {
    pub const fn new(name: &'static str, megabits: f64, rtt: f64) -> Link {
        let bandwidth = megabits * MEGABIT;
        // Linux' usual send and receive buffers allow windows of some 3 MB.
        let window = 3e6;
        Link { name, bandwidth, rtt, loss: 0.0, window, each: 1e9, all: 1e9, crowd: 0.0, work: 5.0, most: 99 }
    }

    /// The most that one connection carries, in bytes/ms, where segments are lost.
    fn ceiling(&self) -> f64 {
        if self.loss > 0.0 { 1.22 * SEGMENT / self.rtt / self.loss.sqrt() } else { f64::INFINITY }
    }

    /// How fine time has to be cut, in ms.
    pub fn tick(&self) -> f64 {
        (self.rtt / 20.0).clamp(1.0, 5.0)
    }
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Arrived,
    TooMany,
}

#[derive(Debug, Clone, Copy)]
struct Connection {
    window: f64,
    /// When it became idle; nothing while it carries a request.
    idle_since: Option<f64>,
}

#[derive(Debug)]
struct Flow {
    id: RequestId,
    connection: usize,
    begins: f64,
    left: f64,
    refused: bool,
    seen: bool,
    /// When the answer is there, once the last byte is out.
    answered: Option<f64>,
}

/// A link with what is on it.
#[derive(Debug)]
pub struct Net {
    pub link: Link,
    connections: Vec<Option<Connection>>,
    flows: Vec<Flow>,
}

impl Net {
    pub fn new(link: Link) -> Net {
        Net { link, connections: vec![None; CONNECTIONS], flows: Vec::new() }
    }

    pub fn send(&mut self, id: RequestId, bytes: f64, now: f64) {
        let idle = |c: &Option<Connection>| c.is_some_and(|c| c.idle_since.is_some());
        let kept = self.connections.iter().position(idle);
        let at =
            kept.or_else(|| self.connections.iter().position(Option::is_none)).expect("a free connection");
        let timeout = self.link.rtt.mul_add(2.0, 200.0);
        let fresh = 10.0 * SEGMENT;
        let window = match self.connections[at] {
            Some(Connection { window, idle_since: Some(since) }) if now - since < timeout => window,
            _ => fresh,
        };
        let begins = if kept.is_some() { now } else { now + 2.0 * self.link.rtt };
        self.connections[at] = Some(Connection { window, idle_since: None });
        let (refused, seen, answered) = (false, false, None);
        self.flows.push(Flow { id, connection: at, begins, left: bytes, refused, seen, answered });
    }

    pub fn cancel(&mut self, id: RequestId) {
        self.flows.retain(|flow| {
            if flow.id == id {
                self.connections[flow.connection] = None;
            }
            flow.id != id
        });
    }

    /// Lets `span` ms pass up to `now`; returns what ended.
    pub fn pass(&mut self, span: f64, now: f64) -> Vec<(RequestId, End)> {
        self.admit(now);
        self.carry(span, now);
        let mut ended = Vec::new();
        self.flows.retain(|flow| {
            let over = flow.answered.is_some_and(|at| now >= at);
            if over {
                if let Some(connection) = &mut self.connections[flow.connection] {
                    connection.idle_since = Some(now);
                }
                ended.push((flow.id, if flow.refused { End::TooMany } else { End::Arrived }));
            }
            !over
        });
        ended
    }

    /// The server sees the heads of requests.
    fn admit(&mut self, now: f64) {
        let mut busy = self.flows.iter().filter(|flow| flow.seen && !flow.refused).count();
        for flow in &mut self.flows {
            if !flow.seen && now >= flow.begins + self.link.rtt / 2.0 {
                flow.seen = true;
                flow.refused = busy >= self.link.most;
                busy += usize::from(!flow.refused);
            }
        }
    }

    fn carry(&mut self, span: f64, now: f64) {
        let link = self.link;
        let rtt = link.rtt.max(0.2);
        let mut wishes: Vec<(usize, f64)> = Vec::new();
        for (i, flow) in self.flows.iter().enumerate() {
            if flow.begins <= now && flow.answered.is_none() {
                let window = self.connections[flow.connection].map_or(0.0, |c| c.window);
                wishes.push((i, (window / rtt).min(link.ceiling()).min(link.each)));
            }
        }
        let crowd = 1.0 - link.crowd * wishes.len().saturating_sub(1) as f64;
        let mut capacity = link.bandwidth.min(link.all * crowd);
        let mut sharers = wishes.len();
        // Fair shares: who wants less than a share leaves the rest to the others.
        wishes.sort_by(|a, b| a.1.total_cmp(&b.1));
        for (i, wish) in wishes {
            let rate = wish.min(capacity / sharers as f64);
            capacity -= rate;
            sharers -= 1;
            let flow = &mut self.flows[i];
            let sent = rate * span;
            flow.left -= sent;
            if let Some(connection) = &mut self.connections[flow.connection]
                && rate >= wish
            {
                // It doubles with each window that is acknowledged.
                connection.window = (connection.window + sent * std::f64::consts::LN_2).min(link.window);
            }
            if flow.left <= 0.0 {
                flow.answered = Some(now + link.rtt + link.work);
            }
        }
    }
}
