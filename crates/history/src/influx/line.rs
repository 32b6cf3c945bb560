//! InfluxDB line protocol: `measurement,tag=value field=value timestamp`.

use std::fmt::Write;

use fleet::{Alert, Fix, TerminalId, Vehicle};

/// `position`: tags terminal, class, operator, division.
pub(super) fn position(terminal: TerminalId, vehicle: Option<&Vehicle>, fix: &Fix) -> String {
    let mut line = Line::new("position").tag("terminal", terminal.as_str());
    if let Some(vehicle) = vehicle {
        line = line
            .tag("class", vehicle.class.as_str())
            .tag("operator", &vehicle.operator)
            .tag("division", &vehicle.division.to_string());
    }
    line.float("lon", fix.position.lon())
        .float("lat", fix.position.lat())
        .integer("altitude_m", fix.altitude_m.into())
        .float("speed_kmh", fix.speed.kmh())
        .maybe(fix.heading, |line, heading| line.integer("heading_deg", heading.deg().into()))
        .at(fix.at.ms())
}

/// `alert`: tags rule, severity, state, division, class, and the terminal, without which two vehicles that break one
/// rule in the same second would be one point.
pub(super) fn alert(alert: &Alert) -> String {
    Line::new("alert")
        .tag("rule", alert.rule.as_str())
        .tag("severity", alert.severity.as_str())
        .tag("state", alert.state.as_str())
        .tag("division", &alert.place.division.to_string())
        .tag("class", alert.vehicle.class.as_str())
        .tag("terminal", alert.vehicle.terminal.as_str())
        .text("id", &alert.id.to_string())
        .integer("revision", alert.revision.into())
        .text("plate", &alert.vehicle.plate)
        .float("value", alert.measure.value)
        .maybe(alert.measure.limit, |line, limit| line.float("limit", limit))
        .at(alert.position.time.ms())
}

struct Line {
    text: String,
    has_field: bool,
}

impl Line {
    fn new(measurement: &str) -> Self {
        // Most lines fit without growing.
        let mut text = String::with_capacity(192);
        text.push_str(measurement);
        Self { text, has_field: false }
    }

    /// An empty tag is not allowed and left out.
    fn tag(mut self, key: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.text.push(',');
            self.text.push_str(key);
            self.text.push('=');
            for c in value.chars() {
                match c {
                    ',' | '=' | ' ' => self.text.extend(['\\', c]),
                    // A backslash can't be escaped in a tag, and one at the end would swallow the comma.
                    '\\' => self.text.push('/'),
                    c if c.is_control() => self.text.push_str("\\ "),
                    c => self.text.push(c),
                }
            }
        }
        self
    }

    fn text(mut self, key: &str, value: &str) -> Self {
        self.field(key);
        self.text.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => self.text.extend(['\\', c]),
                // Allowed by InfluxDB, not by everything that reads lines.
                c if c.is_control() => self.text.push(' '),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
        self
    }

    fn integer(mut self, key: &str, value: i64) -> Self {
        self.field(key);
        write!(self.text, "{value}i").expect("a string takes everything");
        self
    }

    /// What is no number has no form and is left out.
    fn float(mut self, key: &str, value: f64) -> Self {
        if value.is_finite() {
            self.field(key);
            write!(self.text, "{value}").expect("a string takes everything");
        }
        self
    }

    fn maybe<T>(self, value: Option<T>, field: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => field(self, value),
            None => self,
        }
    }

    fn at(mut self, ms: i64) -> String {
        write!(self.text, " {ms}").expect("a string takes everything");
        self.text
    }

    fn field(&mut self, key: &str) {
        self.text.push(if self.has_field { ',' } else { ' ' });
        self.has_field = true;
        self.text.push_str(key);
        self.text.push('=');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_texts_are_escaped_each_in_its_own_way() {
        let line = Line::new("m")
            .tag("a", "x y,z=1")
            .tag("b", "")
            .tag("c", "end\\")
            .tag("d", "two\nlines")
            .text("e", "say \"hi\" \\ a=b, c\r\n")
            .float("f", f64::NAN)
            .float("g", 1.5)
            .integer("h", -3)
            .at(7);
        assert_eq!(line, r#"m,a=x\ y\,z\=1,c=end/,d=two\ lines e="say \"hi\" \\ a=b, c  ",g=1.5,h=-3i 7"#);
    }

    #[test]
    fn a_position_without_vehicle_or_heading_has_no_empty_keys() {
        let fix = Fix {
            at: fleet::EventTime::from_ms(1_767_225_600_000),
            position: fleet::LonLat { lon_e6: 91_010_000, lat_e6: 29_500_000 },
            altitude_m: -3,
            speed: fleet::Speed::from_tenths(620),
            heading: None,
        };
        let terminal = TerminalId::parse("13800000001").unwrap();
        assert_eq!(
            position(terminal, None, &fix),
            "position,terminal=13800000001 lon=91.01,lat=29.5,altitude_m=-3i,speed_kmh=62 1767225600000"
        );
    }
}
