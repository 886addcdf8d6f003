//! Rows of samples, their medians and spread, and what is asked of them.

use std::fmt;

use anyhow::{Result, anyhow};

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// Milliseconds for so many bytes; shown as MiB/s.
    Transfer(u64),
    /// Milliseconds.
    Millis,
    /// MiB.
    Mebi,
    /// A number.
    Count,
}

/// One thing that is measured.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    /// What exactly is measured.
    pub what: String,
    pub unit: Unit,
    /// The measurements, in the order they were taken.
    pub samples: Vec<f64>,
}

/// A group of rows.
#[derive(Debug)]
pub struct Table {
    pub title: String,
    /// What holds for all rows.
    pub note: String,
    /// The row that the others are compared with.
    pub base: Option<&'static str>,
    pub rows: Vec<Row>,
    pub targets: Vec<Target>,
}

/// What the project promises.
#[derive(Debug)]
pub struct Target {
    pub what: String,
    pub value: f64,
    pub limit: Limit,
}

#[derive(Debug, Clone, Copy)]
pub enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Row {
    /// Turns a sample into what is shown: MiB/s for a transfer.
    fn shown(&self, sample: f64) -> f64 {
        match self.unit {
            Unit::Transfer(bytes) => bytes as f64 / f64::from(1 << 20) / (sample / 1000.0),
            _ => sample,
        }
    }

    pub fn median(&self) -> Option<f64> {
        let mut shown: Vec<f64> = self.samples.iter().map(|sample| self.shown(*sample)).collect();
        shown.sort_by(f64::total_cmp);
        let upper = *shown.get(shown.len() / 2)?;
        let lower = *shown.get((shown.len() - 1) / 2)?;
        Some((lower + upper) / 2.0)
    }

    /// Returns the least and the greatest.
    pub fn spread(&self) -> Option<(f64, f64)> {
        let shown = self.samples.iter().map(|sample| self.shown(*sample));
        let least = shown.clone().min_by(f64::total_cmp)?;
        Some((least, shown.max_by(f64::total_cmp)?))
    }

    pub fn unit(&self) -> &'static str {
        match self.unit {
            Unit::Transfer(_) => "MiB/s",
            Unit::Millis => "ms",
            Unit::Mebi => "MiB",
            Unit::Count => "",
        }
    }
}

impl Table {
    pub fn new(title: impl Into<String>, note: impl Into<String>, base: Option<&'static str>) -> Table {
        Table { title: title.into(), note: note.into(), base, rows: Vec::new(), targets: Vec::new() }
    }

    pub fn row(&mut self, name: &'static str, what: impl Into<String>, unit: Unit) {
        self.rows.push(Row { name, what: what.into(), unit, samples: Vec::new() });
    }

    pub fn add(&mut self, name: &str, sample: f64) -> Result<()> {
        let row = self.rows.iter_mut().find(|row| row.name == name);
        row.ok_or_else(|| anyhow!("{} has no row {name}", self.title))?.samples.push(sample);
        Ok(())
    }

    pub fn median(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name)?.median()
    }

    /// Returns the median of a row as a part of ours.
    pub fn ratio(&self, row: &Row) -> Option<f64> {
        let base =
            self.rows.iter().find(|other| Some(other.name) == self.base && other.unit() == row.unit())?;
        Some(row.median()? / base.median()?)
    }

    /// Holds the median of `ours` against `limit` times that of `other`.
    pub fn target_ratio(&mut self, ours: &str, other: &str, limit: f64) {
        if let (Some(a), Some(b)) = (self.median(ours), self.median(other)) {
            let what = format!("{ours} / {other}");
            self.targets.push(Target { what, value: a / b, limit: Limit::AtLeast(limit) });
        }
    }

    /// Holds the worst sample of `row` against `limit`.
    pub fn target_most(&mut self, row: &str, limit: f64) {
        let found = self.rows.iter().find(|other| other.name == row);
        if let Some((_, most)) = found.and_then(Row::spread) {
            let what = format!("{row}, the worst round");
            self.targets.push(Target { what, value: most, limit: Limit::AtMost(limit) });
        }
    }
}

impl Target {
    pub fn met(&self) -> bool {
        match self.limit {
            Limit::AtLeast(limit) => self.value >= limit,
            Limit::AtMost(limit) => self.value <= limit,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.met() { "met" } else { "MISSED" };
        let (word, limit) = match self.limit {
            Limit::AtLeast(limit) => ("at least", limit),
            Limit::AtMost(limit) => ("at most", limit),
        };
        write!(f, "{}: {:.2} (wanted: {word} {limit}): {verdict}", self.what, self.value)
    }
}

/// For the terminal.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        writeln!(f, "{:width$}  {:>9}  {:>17}  {:>6}  {:>6}", "", "median", "min – max", "", "× ours")?;
        for row in &self.rows {
            let [median, spread, ratio] = cells(self, row);
            let (name, unit, rounds) = (row.name, row.unit(), row.samples.len());
            writeln!(f, "{name:width$}  {median:>9}  {spread:>17}  {unit:>6}  {ratio:>6}  n={rounds}")?;
        }
        self.targets.iter().try_for_each(|target| writeln!(f, "{target}"))
    }
}

/// The median, the spread and the ratio, as they are shown.
pub fn cells(table: &Table, row: &Row) -> [String; 3] {
    let decimals = match row.median() {
        Some(median) if median < 10.0 && row.unit != Unit::Count => 2,
        Some(median) if median < 100.0 && row.unit != Unit::Count => 1,
        _ => 0,
    };
    [
        row.median().map_or("–".to_owned(), |median| format!("{median:.decimals$}")),
        row.spread().map_or(String::new(), |(least, most)| format!("{least:.decimals$} – {most:.decimals$}")),
        table.ratio(row).map_or(String::new(), |ratio| format!("{ratio:.2}")),
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_what_is_shown() {
        let mut table = Table::new("t", "", Some("ours"));
        table.row("ours", "", Unit::Transfer(100 << 20));
        table.row("theirs", "", Unit::Transfer(100 << 20));
        for ms in [1000.0, 500.0, 250.0] {
            table.add("ours", ms).unwrap();
        }
        table.add("theirs", 1000.0).unwrap();
        table.add("theirs", 500.0).unwrap();
        assert_eq!(table.median("ours"), Some(200.0));
        assert_eq!(table.median("theirs"), Some(150.0));
        let theirs = table.rows.last().unwrap();
        assert_eq!((table.ratio(theirs), theirs.spread()), (Some(0.75), Some((100.0, 200.0))));
        table.target_ratio("ours", "theirs", 1.5);
        assert!(!table.targets.last().unwrap().met());
        assert!(table.add("nobody", 1.0).is_err());
    }
}
