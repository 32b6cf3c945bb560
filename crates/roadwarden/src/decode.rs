//! `decode`: JT/T 808 frames for programs and for people.

mod annotated;
mod json;
mod packages;

use std::io::{BufRead, BufReader, Read, Write};

use anyhow::Context;
use jt808::{DecodeError, Deframer, Frame};

use self::annotated::Listing;
use crate::args::{Decode, Format};
use crate::hex;

/// Decodes the frames given as hex, or else those of `input` (hex, one a line, or with `raw` a byte stream), and
/// writes them in the format asked for; says whether all could be decoded.
pub fn run(args: &Decode, input: impl Read, output: impl Write) -> anyhow::Result<bool> {
    let mut writer = Writer { format: args.format, listing: Listing::new(args.full), output, all: true };
    if !args.hex.is_empty() {
        args.hex.iter().try_for_each(|text| writer.hex(text))?;
    } else if args.raw {
        run_raw(input, &mut writer)?;
    } else {
        for line in BufReader::new(input).lines() {
            let line = line.context("reading frames")?;
            if !line.trim().is_empty() {
                writer.hex(&line)?;
            }
        }
    }
    Ok(writer.all)
}

fn run_raw(mut input: impl Read, writer: &mut Writer<impl Write>) -> anyhow::Result<()> {
    let (mut deframer, mut chunk) = (Deframer::default(), [0; 16_384]);
    loop {
        let len = input.read(&mut chunk).context("reading the byte stream")?;
        if len == 0 {
            return Ok(());
        }
        let mut result = Ok(());
        deframer.push(chunk.get(..len).unwrap_or_default(), &mut |piece| {
            if result.is_ok() {
                result = writer.frame(piece.raw);
            }
        });
        result?;
    }
}

/// Writes frame after frame in one format.
struct Writer<W> {
    format: Format,
    listing: Listing,
    output: W,
    /// Whether all so far could be decoded.
    all: bool,
}

impl<W: Write> Writer<W> {
    fn hex(&mut self, text: &str) -> anyhow::Result<()> {
        match hex::parse(text) {
            Ok(bytes) if !bytes.is_empty() => self.frame(&bytes),
            _ => self.refuse("hex text expected, two digits a byte", text.trim()),
        }
    }

    fn frame(&mut self, raw: &[u8]) -> anyhow::Result<()> {
        let (text, decoded) = match self.format {
            Format::Json => json::line(raw)?,
            Format::Text => text(raw),
            Format::Annotated => self.listing.frame(raw),
        };
        self.write(&text, decoded)
    }

    fn refuse(&mut self, reason: &str, hex: &str) -> anyhow::Result<()> {
        let (text, decoded) = match self.format {
            Format::Json => json::refused(reason, hex)?,
            Format::Text => (format!("refused  {reason}\n  raw      {hex}\n"), false),
            Format::Annotated => self.listing.refuse(reason, hex),
        };
        self.write(&text, decoded)
    }

    fn write(&mut self, text: &str, decoded: bool) -> anyhow::Result<()> {
        self.all &= decoded;
        self.output.write_all(text.as_bytes()).context("writing frames")
    }
}

/// The compact listing of a frame, and whether it could be decoded.
fn text(raw: &[u8]) -> (String, bool) {
    let mut plain = Vec::new();
    let unescaped = jt808::unescape(raw, &mut plain);
    match unescaped.and_then(|warnings| Frame::decode(&plain).map(|frame| (frame, warnings))) {
        Ok((mut frame, warnings)) => {
            frame.warnings.insert(warnings);
            (frame.to_string(), !matches!(frame.message(), Err(DecodeError::Missing { .. })))
        }
        Err(reason) => (format!("refused  {reason}\n  raw      {}\n", hex::print(raw)), false),
    }
}

#[cfg(test)]
mod tests;
