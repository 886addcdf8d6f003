//! What is left of a run: Markdown, a chart, and every raw sample.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use crate::chart;
use crate::facts::Facts;
use crate::table::{Table, Unit, cells};

pub fn write(folder: &Path, facts: &Facts, tables: &[Table]) -> Result<()> {
    let [report, picture, raw] = ["report.md", "chart.svg", "rounds.json"].map(|name| folder.join(name));
    std::fs::write(&report, markdown(facts, tables)?)?;
    std::fs::write(picture, chart::draw(tables)?)?;
    std::fs::write(raw, serde_json::to_string_pretty(&raw_rounds(facts, tables))?)?;
    println!("\nThe report is {}, with chart.svg and rounds.json beside it.", report.display());
    Ok(())
}

fn markdown(facts: &Facts, tables: &[Table]) -> Result<String> {
    let mut text = format!("# Bench\n\n{facts}\n\n![The medians as bars](chart.svg)\n");
    for table in tables {
        write!(text, "\n## {}\n\n{}\n\n", table.title, table.note)?;
        let ours = if table.base.is_some() { "× ours" } else { "" };
        write!(
            text,
            "| | median | | min – max | {ours} | rounds | what |\n| --- | ---: | --- | ---: | ---: | ---: | --- |\n"
        )?;
        for row in &table.rows {
            let [median, spread, ratio] = cells(table, row);
            let (name, unit, n, what) = (row.name, row.unit(), row.samples.len(), &row.what);
            writeln!(text, "| {name} | {median} | {unit} | {spread} | {ratio} | {n} | {what} |")?;
        }
        if !table.targets.is_empty() {
            text.push('\n');
        }
        for target in &table.targets {
            writeln!(text, "- {target}")?;
        }
    }
    Ok(text)
}

fn raw_rounds(facts: &Facts, tables: &[Table]) -> serde_json::Value {
    let tables: Vec<_> = tables
        .iter()
        .map(|table| {
            let rows: Vec<_> = table
                .rows
                .iter()
                .map(|row| {
                    let (sample, bytes) = match row.unit {
                        Unit::Transfer(bytes) => ("ms", Some(bytes)),
                        _ => (row.unit(), None),
                    };
                    let median = row.median();
                    json!({
                        "name": row.name, "what": row.what, "unit": sample, "bytes": bytes,
                        "samples": row.samples, "median": median, "medianUnit": row.unit(),
                    })
                })
                .collect();
            let targets: Vec<_> = table
                .targets
                .iter()
                .map(|t| json!({ "what": t.what, "value": t.value, "met": t.met() }))
                .collect();
            json!({ "title": table.title, "note": table.note, "rows": rows, "targets": targets })
        })
        .collect();
    json!({ "facts": facts.json(), "tables": tables })
}
