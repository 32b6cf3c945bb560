//! `vehicles.csv`, `drivers.csv`, `operators.csv`, `permits.csv`.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::str::FromStr;

use fleet::{
    Division, Driver, Operator, Permit, PermitKind, PlateColor, Role, TerminalId, TunnelCode, Vehicle,
    VehicleClass,
};

use crate::moment;

use crate::problem::Collector;

/// Which file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Drivers,
    Operators,
    Permits,
    Vehicles,
}

impl Kind {
    /// Every column, those that may be left out last.
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Drivers => &["certificate", "name", "operator", "classes", "valid_until", "role"],
            Self::Operators => &["operator", "name", "division"],
            Self::Permits => {
                &["permit", "kind", "terminal", "valid_from", "valid_until", "zone", "origin", "destination"]
            }
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
                "tunnel_code",
                "tank",
            ],
        }
    }

    /// How many of them may be left out.
    const fn optional(self) -> usize {
        match self {
            Self::Drivers => 1,
            Self::Operators | Self::Permits => 0,
            Self::Vehicles => 2,
        }
    }

    /// The columns that must be there.
    fn needed(self) -> &'static [&'static str] {
        let columns = self.columns();
        columns.get(..columns.len() - self.optional()).unwrap_or(columns)
    }

    /// What is expected of the first line.
    fn expected(self) -> String {
        let needed = self.needed();
        let more: String =
            self.columns().iter().skip(needed.len()).map(|name| format!("[,{name}]")).collect();
        needed.join(",") + &more
    }
}

/// Rows read so far. Operators come first: the others refer to them.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) vehicles: Vec<Vehicle>,
    pub(crate) drivers: Vec<Driver>,
    pub(crate) operators: Vec<Operator>,
    pub(crate) permits: Vec<Permit>,
    /// Where each key stood first.
    seen: HashMap<(&'static str, String), usize>,
    routes: Vec<(String, usize, String)>,
    /// Zones that permits open, and where that stands.
    zones: Vec<(String, usize, String)>,
    /// Terminals as written, also in rows that are wrong otherwise; `None`: no file of vehicles.
    terminals: Option<HashSet<TerminalId>>,
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
        match kind {
            Kind::Operators => drop(self.operator_ids.get_or_insert_default()),
            Kind::Vehicles => drop(self.terminals.get_or_insert_default()),
            Kind::Drivers | Kind::Permits => {}
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
                Kind::Permits => self.permit(&mut row),
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

    /// Reports permits for zones that are in no file.
    pub(crate) fn check_zones(&self, known: bool, has: impl Fn(&str) -> bool, out: &mut Collector) {
        for (file, line, zone) in self.zones.iter().filter(|(_, _, zone)| known && !has(zone)) {
            out.add(file, *line, format!("zone {zone:?} is in no zones file, expected the id of a zone"));
        }
    }

    /// Whether there is such an operator; yes where no file says which there are.
    pub(crate) fn may_be_operator(&self, operator: &str) -> bool {
        self.operator_ids.as_ref().is_none_or(|ids| ids.contains(operator))
    }

    /// Whether there is such a terminal; yes where no file says which there are.
    pub(crate) fn may_be_terminal(&self, terminal: TerminalId) -> bool {
        self.terminals.as_ref().is_none_or(|terminals| terminals.contains(&terminal))
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
        if let Some(un) = hazmat_un.as_deref().filter(|un| !is_un_number(un)) {
            row.wrong(format!("hazmat_un {un:?} is wrong, expected four digits such as 1203"));
        }
        let tunnel_code = row.word("tunnel_code", str::parse::<TunnelCode>);
        let tank = row.word("tank", |text| match text {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(format!("{text:?} is wrong, expected yes or no")),
        });
        if plate.as_deref().is_some_and(|plate| plate.contains(char::is_whitespace)) {
            row.wrong("plate has a blank inside, expected a plate such as 藏A12345".to_owned());
        }
        if let Some(terminal) = terminal {
            self.once(row, "terminal", terminal.to_string());
            self.terminals.get_or_insert_default().insert(terminal);
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
                tunnel_code,
                tank,
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
        let valid_until = row.parse("valid_until", moment::day_after);
        let role = row.word("role", str::parse::<Role>).unwrap_or(Role::Driver);
        if let Some(certificate) = &certificate {
            self.once(row, "certificate", certificate.clone());
        }
        if let (false, Some(certificate), Some(name), Some(operator), Some(classes), Some(valid_until)) =
            (row.bad, certificate, name, operator, classes, valid_until)
        {
            self.drivers.push(Driver { certificate, name, operator, classes, valid_until, role });
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

    fn permit(&mut self, row: &mut Row<'_, '_>) {
        let permit = row.needed("permit");
        let kind = row.parse("kind", PermitKind::from_str);
        let terminal = row.parse("terminal", TerminalId::parse);
        let valid_from = row.parse("valid_from", moment::first);
        let valid_until = row.parse("valid_until", moment::end);
        let zone = row.optional("zone").map(str::to_owned);
        let [origin, destination] = ["origin", "destination"].map(|column| row.word(column, known_division));
        if let Some(permit) = &permit {
            self.once(row, "permit", permit.clone());
        }
        if let Some(terminal) = terminal.filter(|terminal| !self.may_be_terminal(*terminal)) {
            let text = format!("terminal \"{terminal}\" is in no vehicles file, expected that of a vehicle");
            row.wrong(text);
        }
        if let (Some(from), Some(until)) = (valid_from, valid_until)
            && until <= from
        {
            row.wrong(moment::no_time(from, until));
        }
        if let Some(zone) = &zone {
            self.zones.push((row.file.to_owned(), row.line, zone.clone()));
        }
        if let (false, Some(permit), Some(kind), Some(terminal), Some(valid_from), Some(valid_until)) =
            (row.bad, permit, kind, terminal, valid_from, valid_until)
        {
            self.permits.push(Permit {
                permit,
                kind,
                terminal,
                valid_from,
                valid_until,
                zone,
                origin,
                destination,
            });
        }
    }

    fn known_operator(&self, row: &mut Row<'_, '_>) -> Option<String> {
        let operator = row.needed("operator")?;
        if !self.may_be_operator(&operator) {
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

/// Where each column stands, those that may be left out perhaps nowhere; `None` if another is missing.
fn places(
    kind: Kind,
    file: &str,
    header: &csv::StringRecord,
    out: &mut Collector,
) -> Option<Vec<Option<usize>>> {
    let columns = kind.columns();
    if header.is_empty() {
        out.add(file, 1, format!("the file is empty, expected the line {}", kind.expected()));
        return None;
    }
    for (place, name) in header.iter().enumerate() {
        if !columns.contains(&name.trim()) {
            out.add(file, 1, format!("unknown column {name:?}, expected {}", kind.expected()));
        } else if header.iter().take(place).any(|earlier| earlier.trim() == name.trim()) {
            out.add(file, 1, format!("column {name:?} stands twice, expected {}", kind.expected()));
        }
    }
    let find = |column: &&str| header.iter().position(|name| name.trim() == *column);
    let mut whole = true;
    for column in kind.needed().iter().filter(|column| find(column).is_none()) {
        out.add(file, 1, format!("column {column:?} is missing, expected {}", kind.expected()));
        whole = false;
    }
    whole.then(|| columns.iter().map(find).collect())
}

struct Row<'a, 'o> {
    file: &'a str,
    line: usize,
    kind: Kind,
    record: &'a csv::StringRecord,
    places: &'a [Option<usize>],
    bad: bool,
    out: &'o mut Collector,
}

impl<'a> Row<'a, '_> {
    fn optional(&self, column: &str) -> Option<&'a str> {
        let place = self.kind.columns().iter().position(|name| *name == column)?;
        self.record.get((*self.places.get(place)?)?).map(str::trim).filter(|text| !text.is_empty())
    }

    fn needed(&mut self, column: &str) -> Option<String> {
        let text = self.optional(column);
        if text.is_none() {
            self.wrong(format!("{column} is blank, expected a value"));
        }
        text.map(str::to_owned)
    }

    fn parse<T, E: Display>(&mut self, column: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        self.needed(column)?;
        self.word(column, parse)
    }

    /// A cell that stands for something and may be blank.
    fn word<T, E: Display>(&mut self, column: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let text = self.optional(column)?;
        parse(text).map_err(|error| self.wrong(format!("{column}: {error}"))).ok()
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

/// Four digits.
pub(crate) fn is_un_number(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit())
}

/// First two digits of GB/T 2260: every province there is.
const PROVINCES: [&str; 34] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42",
    "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
];

/// Whether digits begin with a province.
pub(crate) fn has_province(digits: &str) -> bool {
    digits.get(..2).is_some_and(|province| PROVINCES.contains(&province))
}

/// A division in a province there is.
fn known_division(text: &str) -> Result<Division, String> {
    let division = Division::parse(text).map_err(|error| error.to_string())?;
    let wrong = || format!("{text:?} begins with no province of GB/T 2260, expected one such as 54");
    has_province(text).then_some(division).ok_or_else(wrong)
}
