//! A table for a spreadsheet, as CSV or as a workbook of Excel: typed cells, headings in one language, nothing that is
//! run as a formula or rounded.

use std::fs::File;
use std::io::{BufWriter, Seek as _, Write as _};
use std::str::FromStr;

use fleet::EventTime;
use rust_xlsxwriter::{Format, Url, Workbook, Worksheet, XlsxError};

/// Spreadsheets keep 15 digits of a number; a longer one must stay text.
const DIGITS_MAX: usize = 15;
/// Characters of a cell: Excel refuses a file with more than 32,767 UTF-16 units in one.
const TEXT_MAX: usize = 16_000;
/// Links of a sheet: Excel drops those past 65,530. Further ones are written as text.
const LINKS_MAX: u32 = 65_000;
/// Days from 1899-12-30, where Excel's count begins, to 1970-01-01.
const EPOCH_DAYS: f64 = 25_569.0;
/// China Standard Time is so much ahead, milliseconds.
const CST_MS: i64 = 8 * 3600 * 1000;
const DAY_MS: f64 = 86_400_000.0;

/// The language of headings and words.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Lang {
    #[default]
    Zh,
    En,
}

impl Lang {
    /// The word of this language.
    pub(crate) const fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

impl FromStr for Lang {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "zh" => Ok(Self::Zh),
            "en" => Ok(Self::En),
            _ => Err(format!("{text:?} is no language here, expected zh or en")),
        }
    }
}

/// A column: its headings, and its width in characters.
pub(crate) struct Column(pub(crate) &'static str, pub(crate) &'static str, pub(crate) u8);

impl Column {
    pub(crate) fn heading(&self, lang: Lang) -> &'static str {
        lang.pick(self.0, self.1)
    }
}

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Empty,
    /// Stays text, whatever it looks like.
    Text(String),
    Number(f64),
    /// A moment, shown to the second in China.
    Time(EventTime),
    /// A day in China.
    Date(EventTime),
    /// An address of the web.
    Link(String),
}

impl Cell {
    /// Empty where there is no text.
    pub(crate) fn text(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }

    pub(crate) fn number(number: Option<f64>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }

    pub(crate) fn time(time: Option<EventTime>) -> Self {
        time.map_or(Self::Empty, Self::Time)
    }
}

/// The headings as the first line of a CSV file, behind a byte order mark: without one Excel reads Chinese wrongly.
pub(crate) fn csv_head(columns: &[Column], lang: Lang) -> String {
    let headings: Vec<_> = columns.iter().map(|column| Cell::text(column.heading(lang))).collect();
    format!("\u{feff}{}", csv_line(&headings))
}

pub(crate) fn csv_line(cells: &[Cell]) -> String {
    let cells: Vec<_> = cells.iter().map(csv_cell).collect();
    cells.join(",") + "\r\n"
}

/// Quoted; a text that a spreadsheet would run, or take for a number and round, gets an apostrophe before it.
fn csv_cell(cell: &Cell) -> String {
    let printed = |time: &EventTime| time.to_rfc3339_ms().replace('T', " ");
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(number) => number.to_string(),
        Cell::Time(time) => printed(time).chars().take(19).collect(),
        Cell::Date(time) => time.date(),
        Cell::Text(text) | Cell::Link(text) => {
            let guard = if is_run(text) || is_rounded(text) { "'" } else { "" };
            format!("\"{guard}{}\"", text.replace('"', "\"\""))
        }
    }
}

/// The wide forms count too: a Chinese Excel takes them for the narrow ones.
fn is_run(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

fn is_rounded(text: &str) -> bool {
    let all = |fits: fn(&u8) -> bool| text.bytes().all(|byte| fits(&byte));
    text.len() > DIGITS_MAX && all(u8::is_ascii_alphanumeric)
        || text.len() > 1 && text.starts_with('0') && all(u8::is_ascii_digit)
}

/// A workbook, written sheet by sheet and row by row into a file without a name; the caller bounds the rows.
pub(crate) struct Sheet {
    book: Workbook,
    /// Which sheet is written.
    at: usize,
    row: u32,
    links: u32,
    text: Format,
    time: Format,
    date: Format,
}

impl Sheet {
    pub(crate) fn new(name: &str, columns: &[Column], lang: Lang) -> Result<Self, XlsxError> {
        let headings = columns.iter().map(|column| (column.heading(lang), column.2));
        let mut book = Workbook::new();
        begin(&mut book, name, headings)?;
        Ok(Self {
            book,
            at: 0,
            row: 1,
            links: 0,
            text: Format::new().set_num_format("@"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
        })
    }

    /// Ends the sheet and begins another, whose columns have these headings and widths in characters.
    pub(crate) fn turn(&mut self, name: &str, headings: &[(&str, u8)]) -> Result<(), XlsxError> {
        begin(&mut self.book, name, headings.iter().copied())?;
        (self.at, self.row, self.links) = (self.at + 1, 1, 0);
        Ok(())
    }

    pub(crate) fn push(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        let Self { book, at, row, links, text, time, date } = self;
        let sheet = book.worksheet_from_index(*at)?;
        for (at, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(value) => write_text(sheet, (*row, at), value, text)?,
                Cell::Number(value) => drop(sheet.write_number(*row, at, *value)?),
                Cell::Time(value) => drop(sheet.write_number_with_format(*row, at, serial(*value), time)?),
                Cell::Date(value) => {
                    sheet.write_number_with_format(*row, at, serial(*value).floor(), date)?;
                }
                Cell::Link(value) if *links < LINKS_MAX => {
                    *links += 1;
                    sheet.write_url(*row, at, Url::new(value.as_str()))?;
                }
                Cell::Link(value) => write_text(sheet, (*row, at), value, text)?,
            }
        }
        *row += 1;
        Ok(())
    }

    /// The file from its beginning, and its length in bytes.
    pub(crate) fn finish(mut self) -> Result<(File, u64), XlsxError> {
        let mut file = tempfile::tempfile()?;
        let mut writer = BufWriter::new(&mut file);
        self.book.save_to_writer(&mut writer)?;
        writer.flush()?;
        drop(writer);
        let bytes = file.stream_position()?;
        file.rewind()?;
        Ok((file, bytes))
    }
}

fn begin<'h>(
    book: &mut Workbook,
    name: &str,
    headings: impl Iterator<Item = (&'h str, u8)> + Clone,
) -> Result<(), XlsxError> {
    let head = Format::new().set_bold();
    let sheet = book.add_worksheet_with_constant_memory()?;
    sheet.set_name(name)?.set_freeze_panes(1, 0)?;
    for (at, (_, width)) in (0_u16..).zip(headings.clone()) {
        sheet.set_column_width(at, f64::from(width))?;
    }
    for (at, (heading, _)) in (0_u16..).zip(headings) {
        sheet.write_string_with_format(0, at, heading, &head)?;
    }
    Ok(())
}

fn write_text(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    format: &Format,
) -> Result<(), XlsxError> {
    let cut: String = text.chars().take(TEXT_MAX).collect();
    sheet.write_string_with_format(row, column, cut, format).map(drop)
}

/// Excel's days in China, whole seconds.
fn serial(time: EventTime) -> f64 {
    let ms = time.ms().saturating_add(CST_MS);
    (ms - ms.rem_euclid(1000)) as f64 / DAY_MS + EPOCH_DAYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_run_as_a_formula_or_rounded() {
        for (text, expected) in [
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+86", "\"'+86\""),
            ("-1+1", "\"'-1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "\"'＝1\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("54010219800101001X", "\"'54010219800101001X\""),
            ("013800000001", "\"'013800000001\""),
            ("0", "\"0\""),
            ("藏A12345", "\"藏A12345\""),
        ] {
            assert_eq!(csv_cell(&Cell::Text(text.into())), expected);
        }
        assert_eq!(csv_cell(&Cell::Number(-12.5)), "-12.5");
    }

    #[test]
    fn times_are_those_of_china() {
        let time = EventTime::from_ms(1_767_225_600_999);
        assert_eq!(csv_cell(&Cell::Time(time)), "2026-01-01 08:00:00");
        assert_eq!(csv_cell(&Cell::Date(time)), "2026-01-01");
        // 46023 is 2026-01-01 in Excel, eight hours are a third of a day.
        assert!((serial(time) - (46_023.0 + 1.0 / 3.0)).abs() < 1e-9);
    }
}
