//! The end of a download: the sink finishes its result, and the result's digest is checked.

use super::messages::{StoreFailure, Verified};
use super::resource::Resource;
use crate::core::md5::Digest;

/// How far the end is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    No,
    /// The sink was asked to finish.
    Asked,
    Answered(Result<Option<Digest>, StoreFailure>),
}

/// What comes next at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conclusion {
    /// The sink is asked to finish, and for the digest if there is one to check.
    Ask { hash: bool },
    /// The sink has not answered yet.
    Wait,
    /// It failed to.
    StoreFailed(StoreFailure),
    /// The result is not what it must be.
    Mismatch { found: Digest, wanted: Digest },
    /// The result is there, and it was checked against this.
    Done(Option<Verified>),
}

impl Finish {
    /// Notes the sink's answer, where it was asked.
    pub fn answered(&mut self, result: Result<Option<Digest>, StoreFailure>) {
        if *self == Finish::Asked {
            *self = Finish::Answered(result);
        }
    }

    /// Returns what comes next, for a result that must have the `expected` digest.
    pub fn next(&mut self, expected: Option<Expected>) -> Conclusion {
        match std::mem::replace(self, Finish::Asked) {
            Finish::No => Conclusion::Ask { hash: expected.is_some() },
            Finish::Asked => Conclusion::Wait,
            Finish::Answered(Err(failure)) => Conclusion::StoreFailed(failure),
            Finish::Answered(Ok(digest)) => match digest.zip(expected) {
                Some((found, Expected { digest: wanted, .. })) if found != wanted => {
                    Conclusion::Mismatch { found, wanted }
                }
                checked => Conclusion::Done(checked.map(|(_, expected)| expected.by)),
            },
        }
    }
}

/// The digest that the result must have, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    digest: Digest,
    by: Verified,
}

impl Expected {
    /// Returns the page's digest, or else the server's.
    pub fn new(page: Option<Digest>, resource: Option<&Resource>) -> Option<Expected> {
        let told = || Digest::from_hex(resource?.validators.digest.as_deref()?);
        let page = page.map(|digest| Expected { digest, by: Verified::Md5 });
        page.or_else(|| told().map(|digest| Expected { digest, by: Verified::Digest }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_digest_goes_before_the_servers() {
        let (page, told) = (Digest([1; 16]), Digest([2; 16]));
        let mut resource = Resource::sized(5);
        assert_eq!(Expected::new(None, Some(&resource)), None);
        resource.validators.digest = Some(told.to_string());
        let by = |page| Expected::new(page, Some(&resource)).map(|it| (it.digest, it.by));
        assert_eq!(by(None), Some((told, Verified::Digest)));
        assert_eq!(by(Some(page)), Some((page, Verified::Md5)));
    }

    #[test]
    fn a_result_is_finished_once_and_checked() {
        let wanted = Digest([1; 16]);
        let expected = Some(Expected { digest: wanted, by: Verified::Md5 });
        let ends = |answer: Result<Option<Digest>, StoreFailure>| {
            let mut finish = Finish::No;
            finish.answered(Ok(Some(wanted)));
            assert_eq!(finish.next(expected), Conclusion::Ask { hash: true }, "it was not asked yet");
            assert_eq!(finish.next(expected), Conclusion::Wait);
            finish.answered(answer);
            finish.next(expected)
        };
        assert_eq!(ends(Ok(Some(wanted))), Conclusion::Done(Some(Verified::Md5)));
        assert_eq!(ends(Ok(None)), Conclusion::Done(None), "it could not be computed");
        let found = Digest([3; 16]);
        assert_eq!(ends(Ok(Some(found))), Conclusion::Mismatch { found, wanted });
        assert_eq!(ends(Err(StoreFailure::Quota)), Conclusion::StoreFailed(StoreFailure::Quota));
        assert_eq!(Finish::No.next(None), Conclusion::Ask { hash: false });
    }
}
