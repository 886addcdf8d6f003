//! Reads the results of `cargo test`, of wasm-bindgen's test runner, which writes the same form, and of Node's in
//! [TAP](https://testanything.org/tap-version-13-specification.html).

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

/// Adds up all lines of an output that count results.
pub fn count(output: &str) -> Count {
    output.lines().filter_map(|line| result_line(line).or_else(|| tap_line(line))).fold(
        Count::default(),
        |sum, one| Count { passed: sum.passed + one.passed, failed: sum.failed + one.failed },
    )
}

/// The names of the tests that failed: `test name ... FAILED`, `FAIL` from wasm-bindgen's runner, `not ok 1 - name` in TAP.
pub fn failures(output: &str) -> Vec<String> {
    let failure = |line: &str| {
        if let Some(name) = tap_failure(line) {
            return Some(name.to_owned());
        }
        let (name, verdict) = line.trim().strip_prefix("test ")?.split_once(" ... ")?;
        verdict.starts_with("FAIL").then(|| name.to_owned())
    };
    output.lines().filter_map(failure).collect()
}

/// What libtest or Node has printed of a failed test, on one line; of a long text the beginning and the end, where a
/// property test writes the smallest input that fails. Nothing for another runner's test.
pub fn said(output: &str, test: &str) -> Option<String> {
    let text = said_by_libtest(output, test).or_else(|| said_in_tap(output, test))?;
    let words: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let (begin, end) = (400, 900);
    if words.len() <= begin + end {
        return Some(words.iter().collect());
    }
    let (first, last) = (words.get(..begin)?, words.get(words.len() - end..)?);
    Some(first.iter().chain(&[' ', '…', ' ']).chain(last).collect())
}

fn said_by_libtest<'a>(output: &'a str, test: &str) -> Option<&'a str> {
    let (_, text) = output.split_once(&format!("---- {test} stdout ----"))?;
    let text = text.split_once("\nfailures:").map_or(text, |(text, _)| text);
    let text = text.split_once("\n---- ").map_or(text, |(text, _)| text);
    Some(text.rsplit_once("stack backtrace:").map_or(text, |(text, _)| text))
}

/// The error in the YAML below `not ok 1 - name`, without its stack.
fn said_in_tap<'a>(output: &'a str, test: &str) -> Option<&'a str> {
    let line = output.lines().find(|line| tap_failure(line) == Some(test))?;
    let (_, text) = output.split_once(line)?;
    let (_, text) = text.split_once("\n  error: ")?;
    let text = text.split_once("\n  ...").map_or(text, |(text, _)| text);
    let text = text.split_once("\n  stack: ").map_or(text, |(text, _)| text);
    Some(text.strip_prefix("|-").unwrap_or(text))
}

/// The name in `not ok 1 - name`.
fn tap_failure(line: &str) -> Option<&str> {
    let (_, name) = line.trim().strip_prefix("not ok ")?.split_once(" - ")?;
    Some(name)
}

/// `# pass 5`, `# fail 1` or `# cancelled 1`, which Node writes of a test that never ends.
fn tap_line(line: &str) -> Option<Count> {
    let (what, number) = line.strip_prefix("# ")?.split_once(' ')?;
    let number = number.parse().ok()?;
    match what {
        "pass" => Some(Count { passed: number, failed: 0 }),
        "fail" | "cancelled" => Some(Count { passed: 0, failed: number }),
        _ => None,
    }
}

/// `test result: FAILED. 5 passed; 1 failed; 0 ignored; …`
fn result_line(line: &str) -> Option<Count> {
    let (_, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let number = |what: &str| {
        counts.split(';').find_map(|part| part.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
    };
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_every_runner() {
        let output = "\
running 2 tests
test a ... ok
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s

    test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 filtered out; finished in 3.25s
";
        assert_eq!(count(output), Count { passed: 16, failed: 2 });
    }

    #[test]
    fn names_what_failed() {
        let output = "\
test a ... ok
test b::c ... FAILED
    test d ... FAIL
test result: FAILED. 1 passed; 2 failed; 0 ignored
";
        assert_eq!(failures(output), ["b::c", "d"]);
    }

    #[test]
    fn says_what_a_failed_test_said() {
        let output = "\
test b ... FAILED

failures:

---- a stdout ----
first

---- b stdout ----

thread 'b' panicked at
it is
  2
stack backtrace:
   0: main


failures:
    a
    b
";
        assert_eq!(said(output, "b").as_deref(), Some("thread 'b' panicked at it is 2"));
        assert_eq!(said(output, "a").as_deref(), Some("first"));
        assert_eq!(said(output, "c"), None);
        let long = format!("---- a stdout ----\n{} end\n\nfailures:\n    a\n", "é ".repeat(2000));
        let said = said(&long, "a").unwrap_or_default();
        assert!(said.ends_with("é end") && said.contains('…') && said.chars().count() < 1400, "{said}");
    }

    #[test]
    fn reads_what_node_writes() {
        let output = "\
TAP version 13
# Subtest: engine: it starts
ok 1 - engine: it starts
  ---
  duration_ms: 1.5
  ...
# Subtest: engine: it ends - in time
not ok 2 - engine: it ends - in time
  ---
  duration_ms: 2.5
  failureType: 'testCodeFailure'
  error: |-
    Expected values to be strictly equal:

    1 !== 2

  code: 'ERR_ASSERTION'
  stack: |-
    Test.run (node:internal/test_runner/test:797:9)
  ...
# Subtest: engine: it answers
not ok 3 - engine: it answers
  ---
  error: 'Promise resolution is still pending'
  ...
1..3
# tests 3
# suites 0
# pass 1
# fail 1
# cancelled 1
# skipped 0
# todo 0
# duration_ms 9.5
";
        assert_eq!(count(output), Count { passed: 1, failed: 2 });
        let failed = failures(output);
        assert_eq!(failed, ["engine: it ends - in time", "engine: it answers"]);
        let said: Vec<_> = failed.iter().filter_map(|test| said(output, test)).collect();
        assert_eq!(
            said,
            [
                "Expected values to be strictly equal: 1 !== 2 code: 'ERR_ASSERTION'",
                "'Promise resolution is still pending'"
            ]
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in [
            "",
            "test result: ok",
            "test result: ok. x passed; 0 failed",
            "3 passed, 0 failed",
            "# pass",
            "# pass x",
        ] {
            assert_eq!(count(line), Count::default(), "{line}");
        }
    }
}
