//! Tests of [`super::Retry`].

use super::*;
use crate::core::cause::Loss;

fn retry() -> Retry {
    Retry::new(Policy::default(), Jitter::new(1))
}

#[test]
fn requests_that_fail_together_count_once() {
    let mut retry = retry();
    for _ in 0..6 {
        assert!(retry.failed(Instant(0), None, Instant(100)));
    }
    assert_eq!(retry.failures, 1);
    assert!(retry.failed(Instant(200), None, Instant(300)));
    assert_eq!(retry.failures, 2);
}

#[test]
fn the_budget_is_time_without_progress() {
    let mut retry = retry();
    assert!(retry.failed(Instant(0), None, Instant(0)));
    assert!(retry.failed(Instant(1), None, Instant(599_999)));
    assert!(!retry.failed(Instant(2), None, Instant(600_000)));
    retry.progress();
    assert!(retry.failed(Instant(3), None, Instant(700_000)));
    retry.online(false, Instant(700_000));
    assert!(retry.failed(Instant(4), None, Instant(9_000_000)), "offline time does not count");
    assert_eq!(retry.waiting_for(Instant(9_000_001)), Some(Wait::Network));
    retry.online(true, Instant(9_000_100));
    assert!(retry.may_send(Instant(9_000_100)));
    assert!(!Retry::new(Policy::NEVER, Jitter::new(0)).failed(Instant(0), None, Instant(0)));
}

#[test]
fn what_was_found_out_stays_until_something_goes_well() {
    let mut retry = retry();
    let lost = |cause| Error::lost("sending", Loss::new(cause, "Failed to fetch"));
    assert_eq!(retry.blame(lost(Cause::Cors)).cause, Some(Cause::Cors));
    assert_eq!(retry.blame(lost(Cause::Unanswered)).cause, Some(Cause::Cors), "less is known of this one");
    assert_eq!(retry.blame(lost(Cause::Unreachable)).cause, Some(Cause::Unreachable), "looked at again");
    assert_eq!(retry.trouble().and_then(|trouble| trouble.cause), Some(Cause::Unreachable));
    retry.reached(Instant(0));
    assert_eq!(retry.trouble(), None);
    assert_eq!(retry.blame(lost(Cause::Unanswered)).cause, Some(Cause::Unanswered));
}

#[test]
fn sleep_is_not_failure() {
    let mut retry = retry();
    assert!(retry.failed(Instant(0), None, Instant(0)));
    retry.slept(4_999_000);
    assert!(retry.failed(Instant(1), None, Instant(5_000_000)));
    assert!(!retry.failed(Instant(2), None, Instant(5_599_000)));
}

#[test]
fn moving_bytes_lift_no_wait() {
    let mut retry = retry();
    assert!(retry.failed(Instant(0), None, Instant(0)));
    let opens = retry.ends_at();
    assert!(opens > Some(Instant(0)));
    retry.moved();
    assert_eq!(retry.ends_at(), opens);
    assert_eq!(retry.failures, 0);
}

#[test]
fn a_network_that_is_gone_is_probed_steadily_and_a_server_in_trouble_is_not() {
    let waits = |fail: &dyn Fn(&mut Retry, Instant)| {
        let (mut retry, mut now) = (retry(), Instant(0));
        let wait = |_| {
            fail(&mut retry, now);
            let opens = retry.ends_at().unwrap();
            let wait = opens.since(now);
            now = opens;
            wait
        };
        (0..60).map(wait).collect::<Vec<_>>()
    };
    let gone = waits(&|retry, now| assert!(retry.lost(now, now)));
    assert!(gone.iter().all(|wait| *wait < 2_000), "{gone:?}");
    assert!((500..1_500).contains(&(gone.iter().sum::<u64>() / 60)), "jitter, but no hammering: {gone:?}");
    let busy = waits(&|retry, now| _ = retry.failed(now, None, now));
    let slow = waits(&|retry, now| _ = retry.lost(now, now + AT_ONCE));
    for waits in [busy, slow] {
        assert!(waits.iter().max() > Some(&20_000), "{waits:?}");
    }
    let mut told = retry();
    told.online(false, Instant(0));
    assert!((0..20).all(|n| told.failed(Instant(n), None, Instant(n))));
    assert!(told.ends_at() < Some(Instant(2_020)));
}

#[test]
fn retry_after_is_obeyed() {
    let mut retry = retry();
    assert!(retry.failed(Instant(0), Some(20_000), Instant(100)));
    assert!(!retry.may_send(Instant(20_099)));
    retry.progress();
    assert!(!retry.may_send(Instant(20_099)), "another request's success does not lift it");
    assert!(retry.may_send(Instant(20_100)));
    assert!(retry.failed(Instant(20_200), None, Instant(20_200)));
    retry.progress();
    assert!(retry.may_send(Instant(20_200)), "a backoff of our own is lifted");
}

#[test]
fn what_the_server_asked_for_is_lifted_by_time_alone() {
    let lift: [fn(&mut Retry); 4] = [
        |r| r.progress(),
        |r| r.resume(),
        |r| r.online(true, Instant(9)),
        |r| assert!(r.failed(Instant(9), Some(5), Instant(9))),
    ];
    for lift in lift {
        let mut retry = retry();
        assert!(retry.failed(Instant(0), Some(20_000), Instant(0)));
        lift(&mut retry);
        assert!(!retry.may_send(Instant(19_999)));
        assert!(retry.may_send(Instant(20_000)));
    }
}

#[test]
fn only_what_was_sent_while_offline_proves_the_network() {
    let mut retry = retry();
    retry.online(false, Instant(100));
    retry.online(false, Instant(200));
    retry.reached(Instant(100));
    assert!(retry.is_offline());
    retry.reached(Instant(101));
    assert!(!retry.is_offline());
}

#[test]
fn nothing_goes_out_before_the_new_credentials_are_there() {
    let mut retry = retry();
    let now = Instant(0);
    assert!(retry.failed(now, None, now));
    assert_eq!(retry.unauthorized(1, true, Instant(1_000)), Unauthorized::Ask);
    assert!(!retry.may_send(Instant(3_600_000)));
    retry.refreshed(2);
    assert!(retry.may_send(Instant(3_600_000)));
    assert!(retry.failed(Instant(2), None, Instant(3_600_000)), "a person had to log in");
    assert_eq!(retry.unauthorized(2, true, now), Unauthorized::GiveUp);
}
