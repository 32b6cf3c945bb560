//! A row of a recorded track: `terminal,time,lon,lat,speed_kmh,heading` with optional `alarm,status`.

use anyhow::{Context, Result, bail, ensure};
use csv::StringRecord;
use fleet::{
    Alarms, EventTime, Fix, Heading, LonLat, News, Observation, ReceiveTime, Report, Speed, Status,
    TerminalId,
};

/// Where each column stands.
pub struct Columns {
    terminal: usize,
    time: usize,
    lon: usize,
    lat: usize,
    speed_kmh: usize,
    heading: usize,
    alarm: Option<usize>,
    status: Option<usize>,
}

impl Columns {
    /// From the header row.
    pub fn of(header: &StringRecord) -> Result<Self> {
        let at = |name: &str| header.iter().position(|column| column.trim() == name);
        let needed = |name: &str| {
            at(name).with_context(|| {
                format!("no column {name}, expected terminal,time,lon,lat,speed_kmh,heading and optionally alarm,status")
            })
        };
        Ok(Self {
            terminal: needed("terminal")?,
            time: needed("time")?,
            lon: needed("lon")?,
            lat: needed("lat")?,
            speed_kmh: needed("speed_kmh")?,
            heading: needed("heading")?,
            alarm: at("alarm"),
            status: at("status"),
        })
    }

    /// One report, received at the moment it speaks of. An empty speed is 0, an empty heading unknown.
    pub fn parse(&self, row: &StringRecord) -> Result<Observation> {
        let cell = |at: usize| row.get(at).unwrap_or_default().trim();
        let terminal = TerminalId::parse(cell(self.terminal))?;
        let at: EventTime = cell(self.time).parse()?;
        let position = LonLat::from_degrees(
            degrees("lon", cell(self.lon), 180.0)?,
            degrees("lat", cell(self.lat), 90.0)?,
        );
        let speed = number("speed_kmh", cell(self.speed_kmh))?.unwrap_or(0.0);
        ensure!((0.0..=6553.5).contains(&speed), "speed_kmh is {speed}, expected 0 to 6553.5");
        let heading = match number("heading", cell(self.heading))? {
            Some(heading) if (0.0..=360.0).contains(&heading) => Some(Heading::from_deg(to_degrees(heading))),
            Some(heading) => bail!("heading is {heading}, expected 0 to 360"),
            None => None,
        };
        let alarms = word("alarm", self.alarm.map_or("", cell))?.unwrap_or(0);
        let status = word("status", self.status.map_or("", cell))?;
        let report = Report {
            fix: Fix { at, position, altitude_m: 0, speed: Speed::from_kmh(speed), heading },
            alarms: Alarms(alarms),
            status: status.map_or(Status::POSITIONED.with(Status::ACC_ON), Status),
            odometer_tenth_km: None,
            recorder_speed: None,
            safety: Vec::new(),
            backfill: false,
        };
        Ok(Observation {
            terminal,
            received: ReceiveTime::from_ms(at.ms()),
            news: News::Report(Box::new(report)),
        })
    }
}

fn number(column: &str, text: &str) -> Result<Option<f64>> {
    match text {
        "" => Ok(None),
        text => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => bail!("{column} is {text:?}, expected a number"),
        },
    }
}

fn degrees(column: &str, text: &str, max: f64) -> Result<f64> {
    match number(column, text)? {
        Some(degrees) if degrees.abs() <= max => Ok(degrees),
        _ => bail!("{column} is {text:?}, expected degrees from -{max} to {max}"),
    }
}

fn word(column: &str, text: &str) -> Result<Option<u32>> {
    match text {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .with_context(|| format!("{column} is {text:?}, expected a decimal 32-bit number")),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the caller checked 0 to 360")]
fn to_degrees(heading: f64) -> u16 {
    heading.round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(row: &[&str]) -> Result<Observation> {
        let header = ["terminal", "time", "lon", "lat", "speed_kmh", "heading", "alarm", "status"];
        Columns::of(&StringRecord::from(&header[..]))?.parse(&StringRecord::from(row))
    }

    #[test]
    fn a_row_is_a_report() {
        let observation =
            parse(&["0123", "2026-01-01T08:00:00+08:00", "91.1", "29.6", "86.5", "", "1", ""]).unwrap();
        let News::Report(report) = observation.news else { panic!("no report") };
        assert_eq!(observation.terminal.as_str(), "123");
        assert_eq!((report.fix.speed.tenths(), report.fix.heading), (865, None));
        assert!(report.alarms.has(Alarms::EMERGENCY) && report.status.has(Status::POSITIONED));
    }

    #[test]
    fn a_wrong_cell_says_what_was_expected() {
        let time = "2026-01-01T08:00:00+08:00";
        for (row, expected) in [
            (
                [" ", time, "91", "29", "0", ""],
                "\"\" is no terminal number, expected 1 to 20 letters or digits",
            ),
            (
                ["1", "now", "91", "29", "0", ""],
                "\"now\" is no RFC 3339 time such as 2026-01-01T08:00:00+08:00",
            ),
            (["1", time, "191", "29", "0", ""], "lon is \"191\", expected degrees from -180 to 180"),
            (["1", time, "91", "", "0", ""], "lat is \"\", expected degrees from -90 to 90"),
            (["1", time, "91", "29", "fast", ""], "speed_kmh is \"fast\", expected a number"),
            (["1", time, "91", "29", "-1", ""], "speed_kmh is -1, expected 0 to 6553.5"),
            (["1", time, "91", "29", "1", "400"], "heading is 400, expected 0 to 360"),
        ] {
            assert_eq!(parse(&row).unwrap_err().to_string(), expected);
        }
    }
}
