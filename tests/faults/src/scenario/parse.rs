//! Reads faults strictly: what is unknown or left over is an error that names it.

use std::str::FromStr;
use std::time::Duration;

use super::fault::{Cors, Fault, Filler, Forget, Lengths, List, RangeFault, Retry, Side, Work};
use super::{On, Spec, Unreadable};

type Result<T> = std::result::Result<T, Unreadable>;

pub(super) fn spec(text: &str) -> Result<Spec> {
    let mut parts = text.split(',');
    let head = parts.next().unwrap_or("");
    let (name, value) = head.split_once('=').unwrap_or((head, ""));
    let mut given =
        Given { text, rest: parts.map(|part| part.split_once('=').unwrap_or((part, ""))).collect() };
    let fault = fault(name, value, &mut given)?;
    let within = given.number("for")?.map(Duration::from_millis);
    let unbounded = within.is_some()
        || matches!(fault, Fault::Limit { .. } | Fault::Token(_) | Fault::Cors(_) | Fault::Drip(..));
    let times = match given.take("times") {
        None => (!unbounded).then_some(1),
        Some("always") => None,
        Some(number) => Some(given.parse("times", number)?),
    };
    let nth = given.number("nth")?.unwrap_or(1);
    let on = given.one_of("on", &ONS)?.unwrap_or(match fault {
        Fault::Cors(_) => On::All,
        Fault::Token(_) => On::Any,
        Fault::Range(_) => On::Download,
        Fault::List(List::Empty) => On::Finish,
        Fault::List(List::Unknown) => On::Handshake,
        _ => On::Chunk,
    });
    if let Some((name, _)) = given.rest.first() {
        return given.refuse(&format!("`{name}` means nothing"));
    }
    if on == On::Finish && fault.is_early() {
        return given.refuse("what strikes before the body can't tell a finish");
    }
    Ok(Spec { text: text.to_owned(), fault, on, nth, times, within })
}

fn fault(name: &str, value: &str, given: &mut Given<'_>) -> Result<Fault> {
    Ok(match name {
        "status" => Fault::Status {
            status: given.parse(name, value)?,
            work: given.one_of("work", &WORKS)?.unwrap_or(Work::Before),
            body: given.one_of("body", &FILLERS)?.unwrap_or(Filler::Envelope),
            retry: given.retry()?,
        },
        "code" => Fault::Code(given.parse(name, value)?),
        "limit" => Fault::Limit { most: given.parse(name, value)?, retry: given.retry()? },
        "token" => Fault::Token(value.to_owned()),
        "answer" => Fault::Answer(given.choice(name, value, &FILLERS)?),
        "list" => Fault::List(given.choice(name, value, &LISTS)?),
        "forget" => {
            let kinds = [("session", Forget::Session), ("chunks", Forget::Chunks)];
            Fault::Forget(given.choice(name, value, &kinds)?)
        }
        "corrupt" => Fault::Corrupt,
        "slow" => Fault::Slow(Duration::from_millis(given.parse(name, value)?)),
        "redirect" => Fault::Redirect(given.parse(name, value)?),
        "length" => {
            Fault::Length(given.choice(name, value, &[("short", Lengths::Short), ("long", Lengths::Long)])?)
        }
        "garbage" => Fault::Garbage,
        "cors" => {
            Fault::Cors(given.choice(name, value, &[("silent", Cors::Silent), ("refused", Cors::Refused)])?)
        }
        "range" => Fault::Range(given.choice(name, value, &RANGES)?),
        "reset" => Fault::Reset(given.choice(name, value, &SIDES)?, given.number("at")?.unwrap_or(0)),
        "hole" => Fault::Hole(given.choice(name, value, &SIDES)?, given.number("at")?.unwrap_or(0)),
        "drip" => {
            let side = given.choice(name, value, &SIDES)?;
            match given.number("rate")? {
                Some(rate @ 1..) => Fault::Drip(side, rate),
                _ => return given.refuse("it needs a `rate` above 0"),
            }
        }
        "half-close" => Fault::HalfClose(given.number("at")?.unwrap_or(0)),
        "mute" => Fault::Mute,
        "refuse" => Fault::Refuse(Duration::from_millis(given.parse(name, value)?)),
        "close-idle" => Fault::CloseIdle,
        _ => return given.refuse("there is no such fault"),
    })
}

const ONS: [(&str, On); 7] = [
    ("handshake", On::Handshake),
    ("finish", On::Finish),
    ("chunk", On::Chunk),
    ("options", On::Options),
    ("download", On::Download),
    ("any", On::Any),
    ("all", On::All),
];
const WORKS: [(&str, Work); 3] = [("before", Work::Before), ("after", Work::After), ("early", Work::Early)];
const FILLERS: [(&str, Filler); 4] =
    [("envelope", Filler::Envelope), ("html", Filler::Html), ("empty", Filler::Empty), ("cut", Filler::Cut)];
const LISTS: [(&str, List); 5] = [
    ("stale", List::Stale),
    ("again", List::Again),
    ("own", List::Own),
    ("unknown", List::Unknown),
    ("empty", List::Empty),
];
const SIDES: [(&str, Side); 2] = [("request", Side::Request), ("answer", Side::Answer)];
const RANGES: [(&str, RangeFault); 9] = [
    ("ignored", RangeFault::Ignored),
    ("shifted", RangeFault::Shifted),
    ("lying", RangeFault::Lying),
    ("less", RangeFault::Less),
    ("unsaid", RangeFault::Unsaid),
    ("total", RangeFault::Total),
    ("changed", RangeFault::Changed),
    ("flipped", RangeFault::Flipped),
    ("refused", RangeFault::Refused),
];

/// The parameters of a fault; what was understood is taken out.
struct Given<'a> {
    text: &'a str,
    rest: Vec<(&'a str, &'a str)>,
}

impl<'a> Given<'a> {
    fn take(&mut self, name: &str) -> Option<&'a str> {
        let at = self.rest.iter().position(|(key, _)| *key == name)?;
        Some(self.rest.remove(at).1)
    }

    fn parse<T: FromStr>(&self, name: &str, value: &str) -> Result<T> {
        value.parse().or_else(|_| self.refuse(&format!("`{value}` is no value for `{name}`")))
    }

    fn number<T: FromStr>(&mut self, name: &str) -> Result<Option<T>> {
        self.take(name).map(|value| self.parse(name, value)).transpose()
    }

    fn choice<T: Copy>(&self, name: &str, value: &str, among: &[(&str, T)]) -> Result<T> {
        match among.iter().find(|(key, _)| *key == value) {
            Some((_, chosen)) => Ok(*chosen),
            None => self.refuse(&format!("`{value}` is no value for `{name}`")),
        }
    }

    fn one_of<T: Copy>(&mut self, name: &str, among: &[(&str, T)]) -> Result<Option<T>> {
        self.take(name).map(|value| self.choice(name, value, among)).transpose()
    }

    fn retry(&mut self) -> Result<Option<Retry>> {
        let seconds = self.number("retry-after")?.map(Retry::Seconds);
        Ok(seconds.or(self.number("retry-date")?.map(Retry::Date)))
    }

    fn refuse<T>(&self, why: &str) -> Result<T> {
        Err(Unreadable(format!("can't read the fault `{}`: {why}", self.text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_with_their_parameters() {
        let all = Spec::read_all("status=503,retry-date=2,nth=3+reset=answer,at=40,on=finish,times=always");
        let all = all.unwrap();
        let busy = Fault::Status {
            status: 503,
            work: Work::Before,
            body: Filler::Envelope,
            retry: Some(Retry::Date(2)),
        };
        assert_eq!((&all[0].fault, all[0].on, all[0].nth, all[0].times), (&busy, On::Chunk, 3, Some(1)));
        assert_eq!((&all[1].fault, all[1].on), (&Fault::Reset(Side::Answer, 40), On::Finish));
        assert_eq!((all[1].nth, all[1].times), (1, None));
        assert_eq!(Spec::read_all("none"), Ok(vec![]));
        let timed = Spec::read_all("cors=refused,for=1500").unwrap();
        assert_eq!((timed[0].times, timed[0].within), (None, Some(Duration::from_millis(1500))));
        assert_eq!(timed[0].on, On::All);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for bad in [
            "",
            "noen",
            "status",
            "status=x",
            "mute,nht=2",
            "mute,nth=-1",
            "drip=answer",
            "drip=answer,rate=0",
            "reset=sideways",
            "reset=request,on=finish",
            "mute+",
        ] {
            assert!(Spec::read_all(bad).is_err(), "{bad}");
        }
    }
}
