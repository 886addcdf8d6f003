//! Reads the result lines of `cargo test` and of wasm-bindgen's test runner, which writes the same form.

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

/// Adds up all `test result:` lines of an output.
pub fn count(output: &str) -> Count {
    output.lines().filter_map(result_line).fold(Count::default(), |sum, one| Count {
        passed: sum.passed + one.passed,
        failed: sum.failed + one.failed,
    })
}

/// The names of the tests that failed: `test name ... FAILED`, and `FAIL` from wasm-bindgen's runner.
pub fn failures(output: &str) -> Vec<String> {
    let failure = |line: &str| {
        let (name, verdict) = line.trim().strip_prefix("test ")?.split_once(" ... ")?;
        verdict.starts_with("FAIL").then(|| name.to_owned())
    };
    output.lines().filter_map(failure).collect()
}

/// What libtest has printed of a failed test, on one line; of a long text the beginning and the end, where a property
/// test writes the smallest input that fails. Nothing for another runner's test.
pub fn said(output: &str, test: &str) -> Option<String> {
    let (_, text) = output.split_once(&format!("---- {test} stdout ----"))?;
    let text = text.split_once("\nfailures:").map_or(text, |(text, _)| text);
    let text = text.split_once("\n---- ").map_or(text, |(text, _)| text);
    let text = text.rsplit_once("stack backtrace:").map_or(text, |(text, _)| text);
    let words: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let (begin, end) = (400, 900);
    if words.len() <= begin + end {
        return Some(words.iter().collect());
    }
    let (first, last) = (words.get(..begin)?, words.get(words.len() - end..)?);
    Some(first.iter().chain(&[' ', '…', ' ']).chain(last).collect())
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
    fn other_lines_count_nothing() {
        for line in ["", "test result: ok", "test result: ok. x passed; 0 failed", "3 passed, 0 failed"] {
            assert_eq!(count(line), Count::default(), "{line}");
        }
    }
}
