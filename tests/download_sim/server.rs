//! The simulated server: generated content in versions, honest and dishonest answers.

use crate::scenario::{Conditions, Cors, Expected, Fault, Lie, Ranges, Scenario, Tags};
use xuchuan::core::md5::Digest;
use xuchuan::core::range::{ByteRange, Head};
use xuchuan::core::retry::Jitter;

/// The wall clock of the simulation.
pub const UNIX_NOW: u64 = 1_800_000_000_000;

/// A request as it goes over the wire.
#[derive(Debug, Clone)]
pub struct Request {
    pub range: Option<ByteRange>,
    pub if_match: Option<String>,
    pub token: u32,
    pub url: u32,
}

/// What comes back.
#[derive(Debug)]
pub struct Response {
    pub head: Head,
    pub body: Vec<u8>,
    pub fate: Fate,
}

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    End,
    Break,
    Stall,
}

/// What a request leads to.
#[derive(Debug)]
pub enum Reply {
    Answer(Box<Response>),
    Lost,
    Silence,
}

pub struct Server {
    s: Scenario,
    pub random: Jitter,
    pub version: u32,
    pub sizes: Vec<u64>,
    pub token: u32,
    pub url: u32,
    faults: Vec<Fault>,
    answers: u32,
}

/// The byte of a version at an offset.
pub fn byte(seed: u64, version: u32, at: u64) -> u8 {
    let mut z = seed ^ (u64::from(version) << 48) ^ at.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z >> 40) as u8
}

impl Server {
    pub fn new(s: &Scenario) -> Server {
        Server {
            s: s.clone(),
            random: Jitter::new(s.seed ^ 0x5eed),
            version: 0,
            sizes: vec![s.size],
            token: u32::from(s.locked),
            url: 0,
            faults: s.faults.clone(),
            answers: 0,
        }
    }

    pub fn change(&mut self, resize: bool) {
        let size =
            if resize { self.s.size / 2 + self.s.seed % 97 + u64::from(self.version) } else { self.size() };
        self.version += 1;
        self.sizes.push(size);
    }

    pub fn size(&self) -> u64 {
        self.sizes[self.version as usize]
    }

    pub fn content(&self, version: u32) -> Vec<u8> {
        (0..self.sizes[version as usize]).map(|at| byte(self.s.seed, version, at)).collect()
    }

    fn chance(&mut self, one_in: u64) -> bool {
        (self.random.draw() * one_in as f64) as u64 == 0
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.random.draw() * bound as f64) as u64
    }

    pub fn answer(&mut self, request: &Request) -> Reply {
        if request.if_match.is_some() && self.s.conditions == Conditions::Blocked {
            return Reply::Lost;
        }
        let fault =
            if !self.faults.is_empty() && self.chance(self.s.fault_every) { self.faults.pop() } else { None };
        // Where nothing tells the size, a 416 is the only word on where it ends.
        let endless = matches!(self.s.ranges, Ranges::Star | Ranges::Chunked);
        let no_such = matches!(fault, Some(Fault::Status(416) | Fault::Lie(Lie::NotSatisfiable)));
        let fault = fault.filter(|_| !(endless && no_such));
        match fault {
            Some(Fault::Lost) => return Reply::Lost,
            Some(Fault::Silent) => return Reply::Silence,
            _ => {}
        }
        if request.token != self.token {
            return self.plain(401);
        }
        if request.url != self.url {
            return self.plain(403);
        }
        if let Some(Fault::Status(status)) = fault {
            return self.plain(status);
        }
        self.answers += 1;
        let tag = self.tag();
        if let Some(wanted) = &request.if_match {
            match self.s.conditions {
                Conditions::Obeyed if tag.as_ref() != Some(wanted) => return self.plain(412),
                Conditions::Mishandled => return self.whole(tag, None),
                _ => {}
            }
        }
        let mut response = match (request.range, self.s.ranges, fault) {
            (None, ..) | (_, Ranges::Ignored, _) | (_, _, Some(Fault::Whole)) => {
                return self.whole(tag, fault);
            }
            (_, Ranges::Tired(after), _) if self.answers > after => return self.whole(tag, fault),
            (Some(_), Ranges::Refused, _) => return self.plain(416),
            (Some(range), Ranges::Lying(lie), _) | (Some(range), _, Some(Fault::Lie(lie))) => {
                self.lie(range, lie, tag)
            }
            (Some(range), ..) => self.part(range, tag),
        };
        self.spoil(&mut response, fault);
        self.hide(response)
    }

    fn plain(&mut self, status: u16) -> Reply {
        let retry_after = (matches!(status, 429 | 503) && self.chance(2)).then_some(7_000);
        let head = Head { status, retry_after, ..Head::default() };
        let body = b"<Error/>".to_vec();
        self.hide(Response { head, body, fate: Fate::End })
    }

    /// What CORS lets through.
    fn hide(&mut self, mut response: Response) -> Reply {
        if self.s.cors == Cors::Hidden {
            let head = response.head;
            response.head = Head {
                status: head.status,
                content_length: head.content_length,
                content_type: head.content_type,
                last_modified: head.last_modified,
                modified_at: head.modified_at,
                ..Head::default()
            };
        }
        Reply::Answer(Box::new(response))
    }

    fn tag(&mut self) -> Option<String> {
        let version = self.version;
        match self.s.tags {
            Tags::None | Tags::Dated | Tags::JustDated => None,
            Tags::Weak => Some(format!("W/\"v{version}\"")),
            Tags::Strong | Tags::StrongAndDated => Some(format!("\"v{version}\"")),
            Tags::Sometimes => self.chance(2).then(|| format!("\"v{version}\"")),
            Tags::Flapping => Some(format!("\"v{version}-{}\"", self.below(1000))),
        }
    }

    fn head(&mut self, status: u16, tag: Option<String>) -> Head {
        let version = u64::from(self.version);
        let date = match self.s.tags {
            Tags::Dated | Tags::StrongAndDated | Tags::Flapping => Some(UNIX_NOW / 1000 - 86_400 + version),
            Tags::JustDated => Some(UNIX_NOW / 1000 - 5 + version),
            _ => None,
        };
        let last_modified = date.map(|seconds| {
            httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
        });
        let repr_digest = (self.s.digest == Expected::FromServer).then(|| {
            let digest = Digest::of(&self.content(self.version));
            format!("md5=:{}:", base64(&digest.0))
        });
        Head {
            status,
            etag: tag,
            last_modified,
            modified_at: date.map(|seconds| seconds * 1000),
            repr_digest,
            content_type: Some("application/zip".into()),
            ..Head::default()
        }
    }

    fn whole(&mut self, tag: Option<String>, fault: Option<Fault>) -> Reply {
        let mut head = self.head(200, tag);
        let body = self.content(self.version);
        match self.s.ranges {
            Ranges::Chunked => {}
            Ranges::Encoded => {
                head.content_encoding = Some("gzip".into());
                head.content_length = Some((body.len() * 2 / 3).to_string());
            }
            _ => head.content_length = Some(body.len().to_string()),
        }
        if matches!(fault, Some(Fault::Lie(Lie::Html))) {
            head.content_type = Some("text/html".into());
        }
        let mut response = Response { head, body, fate: Fate::End };
        // A body of unknown length that ends early without an error cannot be told from a whole one.
        if !(fault == Some(Fault::Cut) && self.s.ranges == Ranges::Chunked) {
            self.spoil(&mut response, fault);
        }
        self.hide(response)
    }

    fn spoil(&mut self, response: &mut Response, fault: Option<Fault>) {
        let fate = match fault {
            // A decoder that runs out of input says so.
            Some(Fault::Cut) if self.s.ranges == Ranges::Encoded => Fate::Break,
            Some(Fault::Cut) => Fate::End,
            Some(Fault::Broken) => Fate::Break,
            Some(Fault::Stalled) => Fate::Stall,
            _ => return,
        };
        let keep = self.below(response.body.len() as u64 + 1);
        response.body.truncate(keep as usize);
        response.fate = fate;
    }

    /// An honest 206 with the server's habits.
    fn part(&mut self, range: ByteRange, tag: Option<String>) -> Response {
        let size = self.size();
        if range.first >= size {
            let head = Head { content_range: Some(format!("bytes */{size}")), ..self.head(416, tag) };
            return Response { head, body: vec![], fate: Fate::End };
        }
        let (mut first, mut end) = (range.first, range.end().unwrap_or(size).min(size));
        match self.s.ranges {
            Ranges::Capped(most) => end = end.min(first + most),
            Ranges::OpenEnded => end = size,
            // Behind hidden headers nobody could tell.
            Ranges::Early(by) if self.s.cors == Cors::Exposed => first = first.saturating_sub(by),
            _ => {}
        }
        let mut head = self.head(206, tag);
        let total = if self.s.ranges == Ranges::Star { "*".to_owned() } else { size.to_string() };
        head.content_range = Some(format!("bytes {first}-{}/{total}", end - 1));
        head.content_length = (self.s.ranges != Ranges::Chunked).then(|| (end - first).to_string());
        let mut body: Vec<u8> = (first..end).map(|at| byte(self.s.seed, self.version, at)).collect();
        let mut fate = Fate::End;
        if self.s.ranges == Ranges::Encoded {
            let encoded = (size * 2 / 3).max(1);
            let end = end.min(encoded).max(first + 1);
            head.content_encoding = Some("gzip".into());
            head.content_range = Some(format!("bytes {first}-{}/{}", end - 1, encoded.max(end)));
            head.content_length = Some((end - first).to_string());
            if first > 0 {
                // The decoder cannot begin in the middle.
                body.clear();
                fate = Fate::Break;
            } else {
                body = self.content(self.version);
                body.truncate((end * 3 / 2 + 1) as usize);
            }
        }
        Response { head, body, fate }
    }

    fn lie(&mut self, range: ByteRange, lie: Lie, tag: Option<String>) -> Response {
        let mut response = self.part(range, tag);
        let size = self.size();
        if response.head.status == 416 {
            return response;
        }
        let length = response.body.len() as u64;
        let first = range.first;
        match lie {
            // Behind hidden headers nobody could tell.
            Lie::Late if self.s.cors == Cors::Hidden => {}
            Lie::Late => {
                let late = (first + 3).min(size - 1);
                response.body =
                    (late..first + length).map(|at| byte(self.s.seed, self.version, at)).collect();
                let last = (first + length).max(late + 1) - 1;
                response.head.content_range = Some(format!("bytes {late}-{last}/{size}"));
                response.head.content_length = Some((last - late + 1).to_string());
            }
            Lie::OtherUnit => response.head.content_range = Some(format!("items {first}-{first}/{size}")),
            Lie::Multipart => {
                response.head.content_type = Some("multipart/byteranges; boundary=xyz".into());
                response.head.content_range = None;
                response.body = [b"--xyz\r\n", response.body.as_slice()].concat();
                response.head.content_length = Some(response.body.len().to_string());
            }
            Lie::Html => {
                // A login page that calls itself the first answer could be what is wanted.
                let wanted = self.answers == 1 || self.s.cors == Cors::Hidden && first == 0;
                if !wanted {
                    response.head.content_type = Some("text/html; charset=utf-8".into());
                    response.body = b"<html>please log in".to_vec();
                    response.head.content_length = Some(response.body.len().to_string());
                }
            }
            Lie::OtherTotal => {
                let last = first + length - 1;
                response.head.content_range = Some(format!("bytes {first}-{last}/{}", size + 7));
            }
            // Behind hidden headers an open range's length is all there is.
            Lie::OtherLength if self.s.cors == Cors::Hidden && range.last.is_none() => {}
            Lie::OtherLength => response.head.content_length = Some((length + 11).to_string()),
            Lie::NotSatisfiable => {
                let range = self.chance(2).then(|| format!("bytes */{size}"));
                response.head = Head { status: 416, content_range: range, ..Head::default() };
                response.body = vec![];
            }
        }
        response
    }
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .map(|three| {
            let bits = three.iter().fold(0u32, |acc, b| acc << 8 | u32::from(*b)) << (8 * (3 - three.len()));
            let signs = |n: usize| SIGNS[(bits >> (18 - 6 * n) & 63) as usize] as char;
            (0..4).map(|n| if n <= three.len() { signs(n) } else { '=' }).collect::<String>()
        })
        .collect()
}
