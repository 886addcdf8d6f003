//! The script's minifier; being a parser, it also refuses what is not JavaScript.

use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_minifier::{Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

use crate::error::{Error, Result};

/// Minifies a classic script.
pub fn script(name: &str, source: &str) -> Result<String> {
    minify(name, source, SourceType::script())
}

/// Minifies a module; the names it exports stay.
pub fn module(name: &str, source: &str) -> Result<String> {
    minify(name, source, SourceType::mjs())
}

fn minify(name: &str, source: &str, kind: SourceType) -> Result<String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, kind).parse();
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Err(Error::new(format!("{name} is not valid: {diagnostic}")));
    }
    let mut program = parsed.program;
    let minified = Minifier::new(MinifierOptions::default()).minify(&allocator, &mut program);
    let printed = Codegen::new()
        .with_options(CodegenOptions {
            minify: true,
            comments: CommentOptions::disabled(),
            ..CodegenOptions::default()
        })
        .with_scoping(minified.scoping)
        .build(&program);
    Ok(printed.code)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{module, script};

    #[test]
    fn shortens_names_and_drops_comments() {
        let code =
            script("a.js", "(() => { /* why */ const longName = f(); g(longName, longName); })();").unwrap();
        assert!(!code.contains("longName") && !code.contains("why"), "{code}");
        assert!(code.contains("f()") && code.contains("g("), "{code}");
    }

    #[test]
    fn a_module_keeps_what_it_exports() {
        let code =
            module("a.js", "const inner = 1;\nexport function outer(longName) { return inner + longName; }");
        let code = code.unwrap();
        assert!(code.contains("export") && code.contains("outer") && !code.contains("longName"), "{code}");
    }

    #[test]
    fn refuses_what_is_no_script() {
        for bad in ["const = 1;", "return 1 +;"] {
            assert!(script("a.js", bad).is_err(), "{bad}");
        }
    }
}
