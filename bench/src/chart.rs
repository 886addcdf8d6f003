//! The medians as horizontal bars, with a line from the least to the greatest; readable on light and dark.

use std::fmt::{self, Write};

use crate::table::{Row, Table, cells};

const WIDTH: f64 = 860.0;
/// Where bars begin; names stand before it.
const LEFT: f64 = 330.0;
/// Where the longest bar ends; figures stand behind it.
const RIGHT: f64 = 740.0;
const LINE: f64 = 24.0;
const BAR: f64 = 14.0;

const STYLE: &str = "\
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .head { font-weight: 600 } .unit { fill: #59636e }
.other { fill: #8c959f } .ours { fill: #0969da } .spread { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .unit { fill: #9198a1 } .other { fill: #656c76 } .ours { fill: #4493f8 }
  .spread { stroke: #f0f6fc }
}";

pub fn draw(tables: &[Table]) -> Result<String, fmt::Error> {
    let mut body = String::new();
    let mut y = 8.0;
    for table in tables {
        writeln!(body, r#"<text class="head" x="8" y="{:.0}">{}</text>"#, y + 18.0, escape(&table.title))?;
        y += LINE + 6.0;
        let greatest = |row: &Row| row.spread().map_or(0.0, |(_, most)| most);
        for row in &table.rows {
            // Rows of one unit share a scale.
            let same = table.rows.iter().filter(|other| other.unit() == row.unit());
            let full = same.map(greatest).fold(0.0, f64::max);
            bar(&mut body, table, row, full, y)?;
            y += LINE;
        }
        y += 14.0;
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {y:.0}\" width=\"{WIDTH:.0}\" \
         height=\"{y:.0}\" role=\"img\">\n<style>{STYLE}</style>\n{body}</svg>\n"
    ))
}

fn bar(body: &mut String, table: &Table, row: &Row, full: f64, y: f64) -> fmt::Result {
    let x = |value: f64| if full > 0.0 { LEFT + (RIGHT - LEFT) * value / full } else { LEFT };
    let middle = y + LINE / 2.0;
    writeln!(
        body,
        r#"<text x="{:.0}" y="{:.0}" text-anchor="end">{}</text>"#,
        LEFT - 8.0,
        middle + 4.0,
        escape(row.name)
    )?;
    let (Some(median), Some((least, most))) = (row.median(), row.spread()) else { return Ok(()) };
    let class = if row.name.starts_with("xuchuan") || table.base.is_none() { "ours" } else { "other" };
    writeln!(
        body,
        r#"<rect class="{class}" x="{LEFT:.0}" y="{:.1}" width="{:.1}" height="{BAR:.0}" rx="2"/>"#,
        middle - BAR / 2.0,
        x(median) - LEFT
    )?;
    writeln!(
        body,
        r#"<line class="spread" x1="{:.1}" x2="{:.1}" y1="{middle:.1}" y2="{middle:.1}"/>"#,
        x(least),
        x(most)
    )?;
    let [figure, ..] = cells(table, row);
    writeln!(
        body,
        r#"<text x="{:.1}" y="{:.0}">{figure} <tspan class="unit">{}</tspan></text>"#,
        x(most.max(median)) + 8.0,
        middle + 4.0,
        row.unit()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
