//! `vehicles.csv`, `drivers.csv`, `operators.csv`.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::str::FromStr;

use fleet::{Division, Driver, EventTime, Operator, PlateColor, Role, TerminalId, Vehicle, VehicleClass};

use crate::problem::Collector;

/// Which file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Drivers,
    Operators,
    Vehicles,
}

impl Kind {
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Drivers => &["certificate", "name", "operator", "classes", "valid_until"],
            Self::Operators => &["operator", "name", "division"],
            Self::Vehicles => &[
                "terminal",
                "plate",
                "plate_color",
                "class",
                "operator",
                "division",
                "route",
                "hazmat_class",
                "hazmat_un",
            ],
        }
    }
}

/// Rows read so far. Operators come first: the others refer to them.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) vehicles: Vec<Vehicle>,
    pub(crate) drivers: Vec<Driver>,
    pub(crate) operators: Vec<Operator>,
    /// Where each key stood first.
    seen: HashMap<(&'static str, String), usize>,
    routes: Vec<(String, usize, String)>,
    /// Operators as written, also in rows that are wrong otherwise; `None`: no file of operators.
    operator_ids: Option<HashSet<String>>,
}

impl Reader {
    pub(crate) fn read(&mut self, kind: Kind, file: &str, text: &str, out: &mut Collector) {
        let mut csv =
            csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
        let mut records = csv.records().map(|record| {
            let record = record.expect("text in memory is readable UTF-8");
            let line = record
                .position()
                .map_or(1, |position| usize::try_from(position.line()).unwrap_or(usize::MAX));
            (line, record)
        });
        let header = records.next().map(|(_, record)| record).unwrap_or_default();
        let Some(places) = places(kind, file, &header, out) else {
            return;
        };
        if matches!(kind, Kind::Operators) {
            self.operator_ids.get_or_insert_default();
        }
        for (line, record) in records {
            if record.len() != header.len() {
                let text = format!("{} fields, expected {} as in the first line", record.len(), header.len());
                out.add(file, line, text);
                continue;
            }
            let mut row = Row { file, line, kind, record: &record, places: &places, bad: false, out };
            match kind {
                Kind::Drivers => self.driver(&mut row),
                Kind::Operators => self.operator(&mut row),
                Kind::Vehicles => self.vehicle(&mut row),
            }
        }
    }

    /// Reports vehicles on routes that are in no file.
    pub(crate) fn check_routes(&self, known: bool, has: impl Fn(&str) -> bool, out: &mut Collector) {
        for (file, line, route) in self.routes.iter().filter(|(_, _, route)| known && !has(route)) {
            out.add(file, *line, format!("route {route:?} is in no routes file, expected the id of a route"));
        }
    }

    fn vehicle(&mut self, row: &mut Row<'_, '_>) {
        let terminal = row.parse("terminal", TerminalId::parse);
        let plate = row.needed("plate");
        let plate_color = row.parse("plate_color", PlateColor::from_str);
        let class = row.parse("class", VehicleClass::from_str);
        let operator = self.known_operator(row);
        let division = row.parse("division", Division::parse);
        let hazmat_class = row.optional("hazmat_class").map(str::to_owned);
        let hazmat_un = row.optional("hazmat_un").map(str::to_owned);
        if let Some(class) = hazmat_class.as_deref().filter(|class| !is_hazmat_class(class)) {
            row.wrong(format!(
                "hazmat_class {class:?} is wrong, expected a class of GB 6944 such as 3 or 2.1"
            ));
        }
        if let Some(un) =
            hazmat_un.as_deref().filter(|un| un.len() != 4 || !un.bytes().all(|b| b.is_ascii_digit()))
        {
            row.wrong(format!("hazmat_un {un:?} is wrong, expected four digits such as 1203"));
        }
        if plate.as_deref().is_some_and(|plate| plate.contains(char::is_whitespace)) {
            row.wrong("plate has a blank inside, expected a plate such as 藏A12345".to_owned());
        }
        if let Some(terminal) = terminal {
            self.once(row, "terminal", terminal.to_string());
        }
        if let (Some(plate), Some(color)) = (&plate, plate_color) {
            self.once(row, "plate", format!("{plate} {color}"));
        }
        let route = row.optional("route").map(str::to_owned);
        if let Some(route) = &route {
            self.routes.push((row.file.to_owned(), row.line, route.clone()));
        }
        if let (
            false,
            Some(terminal),
            Some(plate),
            Some(plate_color),
            Some(class),
            Some(operator),
            Some(division),
        ) = (row.bad, terminal, plate, plate_color, class, operator, division)
        {
            self.vehicles.push(Vehicle {
                terminal,
                plate,
                plate_color,
                class,
                operator,
                division,
                route,
                hazmat_class,
                hazmat_un,
                tunnel_code: None,
                tank: None,
            });
        }
    }

    fn driver(&mut self, row: &mut Row<'_, '_>) {
        let certificate = row.needed("certificate");
        let name = row.needed("name");
        let operator = self.known_operator(row);
        let classes: Option<Vec<VehicleClass>> = row.needed("classes").and_then(|text| {
            let words = text.split([' ', ';', '|']).filter(|word| !word.is_empty());
            let classes: Result<Vec<_>, _> = words.map(VehicleClass::from_str).collect();
            classes
                .map_err(|error| row.wrong(format!("classes: {error}; several are separated by blanks")))
                .ok()
        });
        let valid_until = row.parse("valid_until", day_after);
        if let Some(certificate) = &certificate {
            self.once(row, "certificate", certificate.clone());
        }
        if let (false, Some(certificate), Some(name), Some(operator), Some(classes), Some(valid_until)) =
            (row.bad, certificate, name, operator, classes, valid_until)
        {
            self.drivers.push(Driver {
                certificate,
                name,
                operator,
                classes,
                valid_until,
                role: Role::Driver,
            });
        }
    }

    fn operator(&mut self, row: &mut Row<'_, '_>) {
        let operator = row.needed("operator");
        let name = row.needed("name");
        let division = row.parse("division", Division::parse);
        if let Some(operator) = &operator {
            self.once(row, "operator", operator.clone());
            self.operator_ids.get_or_insert_default().insert(operator.clone());
        }
        if let (false, Some(operator), Some(name), Some(division)) = (row.bad, operator, name, division) {
            self.operators.push(Operator { operator, name, division });
        }
    }

    fn known_operator(&self, row: &mut Row<'_, '_>) -> Option<String> {
        let operator = row.needed("operator")?;
        if self.operator_ids.as_ref().is_some_and(|ids| !ids.contains(&operator)) {
            row.wrong(format!("operator {operator:?} is in no operators file, expected one that is"));
        }
        Some(operator)
    }

    fn once(&mut self, row: &mut Row<'_, '_>, column: &'static str, value: String) {
        if let Some(first) = self.seen.get(&(column, value.clone())) {
            row.wrong(format!("{column} {value:?} stands in line {first} already, expected each once"));
        } else {
            self.seen.insert((column, value), row.line);
        }
    }
}

/// Where each column stands; `None` if one is missing.
fn places(kind: Kind, file: &str, header: &csv::StringRecord, out: &mut Collector) -> Option<Vec<usize>> {
    let columns = kind.columns();
    if header.is_empty() {
        out.add(file, 1, format!("the file is empty, expected the line {}", columns.join(",")));
        return None;
    }
    for (place, name) in header.iter().enumerate() {
        if !columns.contains(&name.trim()) {
            out.add(file, 1, format!("unknown column {name:?}, expected {}", columns.join(",")));
        } else if header.iter().take(place).any(|earlier| earlier.trim() == name.trim()) {
            out.add(file, 1, format!("column {name:?} stands twice, expected {}", columns.join(",")));
        }
    }
    let find = |column: &&str| {
        let place = header.iter().position(|name| name.trim() == *column);
        if place.is_none() {
            out.add(file, 1, format!("column {column:?} is missing, expected {}", columns.join(",")));
        }
        place
    };
    let places: Vec<Option<usize>> = columns.iter().map(find).collect();
    places.into_iter().collect()
}

struct Row<'a, 'o> {
    file: &'a str,
    line: usize,
    kind: Kind,
    record: &'a csv::StringRecord,
    places: &'a [usize],
    bad: bool,
    out: &'o mut Collector,
}

impl<'a> Row<'a, '_> {
    fn optional(&self, column: &str) -> Option<&'a str> {
        let place = self.kind.columns().iter().position(|name| *name == column)?;
        self.record.get(*self.places.get(place)?).map(str::trim).filter(|text| !text.is_empty())
    }

    fn needed(&mut self, column: &str) -> Option<String> {
        let text = self.optional(column);
        if text.is_none() {
            self.wrong(format!("{column} is blank, expected a value"));
        }
        text.map(str::to_owned)
    }

    fn parse<T, E: Display>(&mut self, column: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.needed(column)?;
        parse(&text).map_err(|error| self.wrong(format!("{column}: {error}"))).ok()
    }

    fn wrong(&mut self, text: String) {
        self.bad = true;
        self.out.add(self.file, self.line, text);
    }
}

/// `1` to `9`, with a division such as `2.1`.
pub(crate) fn is_hazmat_class(text: &str) -> bool {
    let digit = |part: &str| part.len() == 1 && part.bytes().all(|b| (b'1'..=b'9').contains(&b));
    text.split_once('.').map_or_else(|| digit(text), |(class, division)| digit(class) && digit(division))
}

/// The midnight in China after a day.
fn day_after(text: &str) -> Result<EventTime, String> {
    let wrong = || format!("{text:?} is no day, expected one such as 2027-12-31");
    let shape = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    let midnight: EventTime =
        shape.then(|| format!("{text}T00:00:00+08:00").parse().ok()).flatten().ok_or_else(wrong)?;
    Ok(EventTime::from_ms(midnight.ms() + 86_400_000))
}
