//! The steps of a test run: what each counted, how long it took, and the closing line.

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use super::count::{Count, count, failures, said};
use crate::error::Result;
use crate::process;

#[derive(Default)]
pub struct Steps {
    done: Vec<Step>,
    /// The tests that failed, each with its step's name and with what it said.
    failed: Vec<String>,
}

struct Step {
    name: String,
    seconds: f64,
    count: Count,
    verdict: Verdict,
}

enum Verdict {
    Passed,
    Failed(String),
    /// Not part of this run, for a reason that is no failure.
    LeftOut(String),
}

impl Steps {
    /// Runs a program whose success is the whole result.
    pub fn check(&mut self, name: &str, command: &mut Command, limit: Duration) {
        self.timed(name, || match process::run(command, limit) {
            Ok(outcome) => (Count::default(), outcome.failure),
            Err(error) => (Count::default(), Some(error.to_string())),
        });
    }

    /// Runs a program that prints the results of tests.
    pub fn tests(&mut self, name: &str, command: &mut Command, limit: Duration) {
        let mut failed = Vec::new();
        self.timed(name, || match process::run(command, limit) {
            Ok(outcome) => {
                failed = failures(&outcome.output)
                    .into_iter()
                    .map(|test| match said(&outcome.output, &test) {
                        Some(said) => format!("{name}: {test}: {said}"),
                        None => format!("{name}: {test}"),
                    })
                    .collect();
                (count(&outcome.output), outcome.failure)
            }
            Err(error) => (Count::default(), Some(error.to_string())),
        });
        self.failed.extend(failed);
    }

    /// Runs a part of this program that later steps may need.
    pub fn run<T>(&mut self, name: &str, part: impl FnOnce() -> Result<T>) -> Option<T> {
        let mut value = None;
        self.timed(name, || match part() {
            Ok(made) => {
                value = Some(made);
                (Count::default(), None)
            }
            Err(error) => (Count::default(), Some(error.to_string())),
        });
        value
    }

    /// Counts a step as failed that could not run.
    pub fn skip(&mut self, name: &str, why: &str) {
        self.timed(name, || (Count::default(), Some(format!("could not run: {why}"))));
    }

    /// Notes a step that this machine can do without.
    pub fn leave_out(&mut self, name: &str, why: &str) {
        println!("\n=== {name}: left out, since {why}");
        let verdict = Verdict::LeftOut(why.to_owned());
        self.done.push(Step { name: name.to_owned(), seconds: 0.0, count: Count::default(), verdict });
    }

    /// Prints the table and the closing line.
    pub fn report(&self) -> ExitCode {
        println!("\n{:<28} {:>8} {:>8} {:>8}", "step", "seconds", "passed", "failed");
        let mut total = Count::default();
        for step in &self.done {
            let note = match &step.verdict {
                Verdict::Passed => String::new(),
                Verdict::Failed(why) => format!("  FAILED: {why}"),
                Verdict::LeftOut(why) => format!("  left out: {why}"),
            };
            let Count { passed, failed } = step.count;
            println!("{:<28} {:>8.1} {passed:>8} {failed:>8}{note}", step.name, step.seconds);
            total.passed += passed;
            total.failed += failed;
        }
        // Here again, since the output above is long.
        for test in &self.failed {
            println!("FAILED: {test}");
        }
        println!("\n{} passed, {} failed", total.passed, total.failed);
        if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn timed(&mut self, name: &str, work: impl FnOnce() -> (Count, Option<String>)) {
        println!("\n=== {name}");
        let started = Instant::now();
        let (mut count, failure) = work();
        // A formatting error, a crash before the first result line, a time limit: none may leave the sum clean.
        if failure.is_some() && count.failed == 0 {
            count.failed = 1;
        }
        let verdict = match failure {
            Some(why) => {
                println!("=== {name}: FAILED: {why}");
                Verdict::Failed(why)
            }
            None if count.failed > 0 => Verdict::Failed("tests failed".to_owned()),
            None => Verdict::Passed,
        };
        self.done.push(Step {
            name: name.to_owned(),
            seconds: started.elapsed().as_secs_f64(),
            count,
            verdict,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn totals(steps: &Steps) -> (u64, u64) {
        steps.done.iter().fold((0, 0), |sum, step| (sum.0 + step.count.passed, sum.1 + step.count.failed))
    }

    #[test]
    fn what_fails_without_a_count_counts_as_one() {
        let mut steps = Steps::default();
        assert!(steps.run("a", || Err::<(), _>(Error::new("no"))).is_none());
        assert_eq!(steps.run("b", || Ok(7)), Some(7));
        steps.skip("c", "a failed");
        steps.leave_out("d", "not here");
        assert_eq!(totals(&steps), (0, 2));
    }

    #[cfg(unix)]
    #[test]
    fn a_crash_after_good_results_still_fails() {
        let mut steps = Steps::default();
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'test result: ok. 3 passed; 0 failed; 0 ignored'; exit 101"]);
        steps.tests("tests", &mut command, Duration::from_secs(10));
        assert_eq!(totals(&steps), (3, 1));
        assert!(steps.failed.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_failed_test_is_named() {
        let mut steps = Steps::default();
        let mut command = Command::new("sh");
        command.args(["-c", "echo 'test it ... FAILED'; exit 101"]);
        steps.tests("tests", &mut command, Duration::from_secs(10));
        assert_eq!(steps.failed, ["tests: it"]);
    }
}
