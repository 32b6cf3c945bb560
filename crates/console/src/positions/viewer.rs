//! What one map shows, and the frames that bring it up to date. No sockets here: the newest state is read whenever a frame
//! is due, so nothing waits in a queue.

use std::collections::BTreeMap;

use axum::body::Bytes;
use fleet::VehicleClass;
use serde::Deserialize;

use super::frame::{CUT, Frame, Kind, Name};
use crate::slots::{Group, Point, Slots, class_number, mercator};

/// Below this zoom cells are sent instead of points.
const POINTS_ZOOM_MIN: f64 = 8.0;
/// Cells in one view; a view of more is cut into larger ones.
const CELLS_MAX: u64 = 2000;
/// Points in one view: a frame of 4 MB. Past this the frame says that it is cut off.
const POINTS_MAX: usize = 200_000;
/// Names in one frame, some 500 kB; the rest follows with the next frames.
const NAMES_MAX: usize = 5000;
/// A map that shows several worlds side by side gives longitudes beyond 180 degrees.
const LON_MAX: f64 = 540.0;

/// What the client asks to see, as sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    view: AskedView,
    classes: Option<Vec<VehicleClass>>,
    operator: Option<String>,
    raw: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedView {
    bbox: [f64; 4],
    zoom: f64,
}

/// What the client asks to see.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    /// West, south, east, north, 1e-7 degree; west is greater where the view crosses the date line.
    west: i32,
    south: i32,
    east: i32,
    north: i32,
    zoom: f64,
    /// One bit a class number.
    classes: u8,
    operator: Option<String>,
    is_raw: bool,
}

impl View {
    /// From a message of the client; the error names the member.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let asked: Asked = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let [west, south, east, north] = asked.view.bbox;
        let is_within = |value: f64, most: f64| value.is_finite() && value.abs() <= most;
        if !is_within(west, LON_MAX) || !is_within(east, LON_MAX) {
            return Err(format!("view/bbox: {west} and {east} are no longitudes"));
        }
        if !is_within(south, 90.0) || !is_within(north, 90.0) || south > north {
            return Err(format!("view/bbox: {south} to {north} are no latitudes from south to north"));
        }
        if !is_within(asked.view.zoom, 30.0) {
            return Err(format!("view/zoom: {} is not within -30 to 30", asked.view.zoom));
        }
        let (west, east) =
            if east - west >= 360.0 { (-180.0, 180.0) } else { (wrapped(west), wrapped(east)) };
        let classes = asked.classes.unwrap_or_default();
        let mask = classes.iter().fold(0, |mask, class| mask | 1 << class_number(*class));
        Ok(Self {
            west: e7(west),
            south: e7(south),
            east: e7(east),
            north: e7(north),
            zoom: asked.view.zoom,
            classes: if classes.is_empty() { u8::MAX } else { mask },
            operator: asked.operator.filter(|operator| !operator.is_empty()),
            is_raw: asked.raw.unwrap_or_default(),
        })
    }

    fn shows_points(&self) -> bool {
        self.is_raw || self.zoom >= POINTS_ZOOM_MIN
    }

    fn holds(&self, point: &Point) -> bool {
        let is_between = if self.west <= self.east {
            self.west <= point.lon_e7 && point.lon_e7 <= self.east
        } else {
            point.has_place() && (self.west <= point.lon_e7 || point.lon_e7 <= self.east)
        };
        is_between && self.south <= point.lat_e7 && point.lat_e7 <= self.north
    }

    fn lets(&self, point: &Point) -> bool {
        self.classes >> point.class() & 1 != 0
    }
}

fn wrapped(lon: f64) -> f64 {
    if (-180.0..=180.0).contains(&lon) { lon } else { (lon + 180.0).rem_euclid(360.0) - 180.0 }
}

#[expect(clippy::cast_possible_truncation, reason = "180 degrees fit")]
fn e7(degrees: f64) -> i32 {
    (degrees * 1e7).round() as i32
}

/// One map and what has been sent to it.
pub(crate) struct Viewer {
    view: View,
    /// Which of [`Slots::groups`] it may see and asks for.
    groups: Vec<bool>,
    /// Slots the client has, and slots it knows the names of.
    shown: Marks,
    named: Marks,
    /// The newest change it was told of.
    seen: u64,
    edition: u64,
    is_fresh: bool,
}

impl Viewer {
    /// A map that has been sent nothing yet.
    pub(crate) fn new(view: View) -> Self {
        Self {
            view,
            groups: Vec::new(),
            shown: Marks::default(),
            named: Marks::default(),
            seen: 0,
            edition: 0,
            is_fresh: true,
        }
    }

    /// The map moved, or asks for other vehicles.
    pub(crate) fn set_view(&mut self, view: View) {
        self.is_fresh |= self.view != view;
        self.view = view;
    }

    /// Whether its next frame is not to wait.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// What brings the map up to date: points or cells, then names. `sees` says whose vehicles may be shown.
    pub(crate) fn frames(&mut self, slots: &Slots, sees: impl Fn(&Group) -> bool, now_ms: i64) -> Vec<Bytes> {
        self.confine(slots, sees);
        if self.edition != slots.edition() {
            self.edition = slots.edition();
            self.named.clear();
        }
        if !self.view.shows_points() {
            self.shown.clear();
            self.is_fresh = false;
            return vec![self.cells(slots, now_ms)];
        }
        // Coming from cells nothing is shown, and everything is new.
        let points = self.points(slots, now_ms);
        std::iter::once(points).chain(self.names(slots, now_ms)).collect()
    }

    /// Looks anew at whose vehicles are seen; who lost or won any begins anew.
    fn confine(&mut self, slots: &Slots, sees: impl Fn(&Group) -> bool) {
        let wanted = self.view.operator.as_deref();
        let lets = |group: &Group| wanted.is_none_or(|wanted| group.operator == wanted) && sees(group);
        let groups: Vec<bool> = slots.groups().iter().map(lets).collect();
        self.is_fresh |= !groups.starts_with(&self.groups);
        self.groups = groups;
    }

    fn may_show(&self, point: &Point) -> bool {
        self.view.lets(point) && self.groups.get(point.group_index()) == Some(&true)
    }

    fn points(&mut self, slots: &Slots, now_ms: i64) -> Bytes {
        let is_snapshot = std::mem::take(&mut self.is_fresh);
        if is_snapshot {
            self.shown.clear();
        }
        let mut frame = Frame::new(if is_snapshot { Kind::Snapshot } else { Kind::Delta }, now_ms);
        let mut flags = 0;
        let each = (0_u32..).zip(slots.points()).zip(slots.changed());
        for ((slot, point), _) in each.filter(|(_, changed)| is_snapshot || **changed > self.seen) {
            let is_shown = self.shown.has(slot);
            if !self.view.holds(point) || !self.may_show(point) {
                if is_shown {
                    self.shown.unset(slot);
                    frame.push_gone(slot);
                }
            } else if is_shown || self.shown.count < POINTS_MAX {
                self.shown.set(slot);
                frame.push_point(slot, point);
            } else {
                flags |= CUT;
            }
        }
        self.seen = slots.change();
        frame.finish(flags)
    }

    fn names(&mut self, slots: &Slots, now_ms: i64) -> Option<Bytes> {
        let new: Vec<u32> = self.shown.without(&self.named).take(NAMES_MAX).collect();
        let mut names = BTreeMap::new();
        for slot in new {
            self.named.set(slot);
            let Some(terminal) = usize::try_from(slot).ok().and_then(|slot| slots.terminal(slot)) else {
                continue;
            };
            let vehicle = slots.registry().vehicle(terminal);
            names.insert(
                slot,
                Name {
                    terminal: terminal.to_string(),
                    plate: vehicle.map_or("", |vehicle| &vehicle.plate),
                    class: vehicle.map(|vehicle| vehicle.class),
                    operator: vehicle.map_or("", |vehicle| &vehicle.operator),
                },
            );
        }
        if names.is_empty() { None } else { Frame::names(&names, now_ms).ok() }
    }

    fn cells(&self, slots: &Slots, now_ms: i64) -> Bytes {
        let grid = Grid::over(&self.view);
        let mut cells = vec![Cell::default(); grid.len()];
        for point in slots.points().iter().filter(|point| point.has_place()) {
            if let Some(cell) = grid.index(point).and_then(|index| cells.get_mut(index))
                && self.may_show(point)
            {
                cell.take(point);
            }
        }
        let mut frame = Frame::new(Kind::Cells, now_ms);
        for cell in cells.iter().filter(|cell| cell.count > 0) {
            frame.push_cell(cell.centre(), cell.count, cell.online_permille(), cell.severity);
        }
        frame.finish(0)
    }
}

/// Squares of the world's own grid that a view touches, so that they stay where they are when it moves.
struct Grid {
    /// The world is 2^level squares wide.
    level: u32,
    left: u64,
    top: u64,
    width: u64,
    height: u64,
}

impl Grid {
    fn over(view: &View) -> Self {
        let degrees = |e7: i32| f64::from(e7) / 1e7;
        let (left, top) = mercator(degrees(view.west), degrees(view.north));
        let (right, bottom) = mercator(degrees(view.east), degrees(view.south));
        // 64 to 128 pixels a square where the world is 512 pixels wide at zoom 0.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates at 0, bounded above"
        )]
        let finest = (view.zoom.floor() + 3.0).min(POINTS_ZOOM_MIN + 3.0) as u32;
        let at = |level: u32| {
            let cell = |place: u32| u64::from(place) >> (32 - level);
            let (left, right, top, bottom) = (cell(left), cell(right), cell(top), cell(bottom));
            let wrap = if view.west > view.east { 1 << level } else { 0 };
            Self { level, left, top, width: right + wrap - left + 1, height: bottom - top + 1 }
        };
        (1..=finest).rev().map(at).find(|grid| grid.width * grid.height <= CELLS_MAX).unwrap_or_else(|| at(0))
    }

    fn len(&self) -> usize {
        usize::try_from(self.width * self.height).unwrap_or_default()
    }

    fn index(&self, point: &Point) -> Option<usize> {
        let cell = |place: u32| u64::from(place) >> (32 - self.level);
        let column = (cell(point.x) + (1 << self.level) - self.left) % (1 << self.level);
        let row = cell(point.y).checked_sub(self.top)?;
        let is_inside = column < self.width && row < self.height;
        is_inside.then(|| usize::try_from(row * self.width + column).ok()).flatten()
    }
}

#[derive(Clone, Copy, Default)]
struct Cell {
    count: u32,
    online: u32,
    severity: u8,
    /// Sums of 1e-7 degrees.
    lon: i64,
    lat: i64,
}

impl Cell {
    fn take(&mut self, point: &Point) {
        self.count += 1;
        self.online += u32::from(point.is_online());
        self.severity = self.severity.max(point.severity());
        self.lon += i64::from(point.lon_e7);
        self.lat += i64::from(point.lat_e7);
    }

    fn centre(&self) -> (i32, i32) {
        let mean = |sum: i64| i32::try_from(sum / i64::from(self.count.max(1))).unwrap_or_default();
        (mean(self.lon), mean(self.lat))
    }

    fn online_permille(&self) -> u16 {
        u16::try_from(u64::from(self.online) * 1000 / u64::from(self.count.max(1))).unwrap_or(1000)
    }
}

/// A bit a slot.
#[derive(Default)]
struct Marks {
    words: Vec<u64>,
    count: usize,
}

impl Marks {
    fn place(slot: u32) -> (usize, u64) {
        (usize::try_from(slot / 64).unwrap_or(usize::MAX), 1 << (slot % 64))
    }

    fn has(&self, slot: u32) -> bool {
        let (word, bit) = Self::place(slot);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn set(&mut self, slot: u32) {
        let (word, bit) = Self::place(slot);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.count += usize::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    fn unset(&mut self, slot: u32) {
        let (word, bit) = Self::place(slot);
        if self.has(slot) {
            self.words[word] &= !bit;
            self.count -= 1;
        }
    }

    fn clear(&mut self) {
        self.words.clear();
        self.count = 0;
    }

    /// Slots marked here and not there, rising.
    fn without(&self, other: &Self) -> impl Iterator<Item = u32> {
        let there = other.words.iter().copied().chain(std::iter::repeat(0));
        (0_u32..).zip(self.words.iter().zip(there)).flat_map(|(index, (word, there))| {
            let mut left = word & !there;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                if bit == 64 {
                    return None;
                }
                left &= left - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fleet::{
        Alarms, EventTime, Fix, LonLat, PlateColor, ReceiveTime, Registry, Speed, Status, TerminalId, Vehicle,
    };
    use pipeline::LiveVehicle;

    use super::*;

    fn view(bbox: [f64; 4], zoom: f64) -> View {
        View::parse(&serde_json::json!({ "view": { "bbox": bbox, "zoom": zoom } }).to_string()).unwrap()
    }

    fn terminal(n: u32) -> TerminalId {
        TerminalId::parse(&format!("1{n:05}")).unwrap()
    }

    fn word(n: u32, lon: f64, lat: f64) -> LiveVehicle {
        LiveVehicle {
            terminal: terminal(n),
            fix: Some(Fix {
                at: EventTime::from_ms(1_000),
                position: LonLat::from_degrees(lon, lat),
                altitude_m: 0,
                speed: Speed::from_kmh(50.0),
                heading: None,
            }),
            received: ReceiveTime::from_ms(1_000),
            alarms: Alarms::default(),
            status: Status::default(),
            worst_open: None,
            open_alerts: 0,
        }
    }

    /// Vehicles at these places, heard at 1 s; it is 1 s.
    fn slots(places: &[(f64, f64)]) -> Slots {
        let mut slots = Slots::default();
        let words: Vec<_> = (0..).zip(places).map(|(n, place)| word(n, place.0, place.1)).collect();
        slots.take(words.iter(), ReceiveTime::from_ms(1_000));
        slots
    }

    fn counts(viewer: &mut Viewer, slots: &Slots) -> Vec<(u8, u32)> {
        let frames = viewer.frames(slots, |_| true, 0);
        frames.iter().map(|frame| (frame[0], u32::from_le_bytes(frame[4..8].try_into().unwrap()))).collect()
    }

    #[test]
    fn a_point_is_laid_out_as_the_protocol_says() {
        let mut viewer = Viewer::new(view([91.0, 29.0, 92.0, 30.0], 9.0));
        let frames = viewer.frames(&slots(&[(91.5, 29.5)]), |_| true, 0x0102_0304);
        let record: Vec<u8> =
            [[0; 4], 915_000_000_i32.to_le_bytes(), 295_000_000_i32.to_le_bytes(), 1_u32.to_le_bytes()]
                .concat();
        let head = [1, 1, 0, 0, 1, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0];
        // 50.0 km/h, heading unknown, not on file, moving, online.
        assert_eq!(frames[0][..], [&head[..], &record, &[0xf4, 0x01, 0xff, 0b1110_0011]].concat());
        assert_eq!(
            std::str::from_utf8(&frames[1][16..]).unwrap(),
            r#"{"0":{"terminal":"100000","plate":"","class":null,"operator":""}}"#
        );
    }

    #[test]
    fn a_view_over_the_date_line_shows_both_sides() {
        let slots = slots(&[(179.5, 0.0), (-179.5, 0.0), (0.0, 0.0)]);
        for bbox in [[179.0, -1.0, -179.0, 1.0], [179.0, -1.0, 181.0, 1.0], [-181.0, -1.0, -179.0, 1.0]] {
            assert_eq!(counts(&mut Viewer::new(view(bbox, 9.0)), &slots)[0], (1, 2), "{bbox:?}");
            let cells = Viewer::new(view(bbox, 7.0)).frames(&slots, |_| true, 0);
            assert_eq!(cells[0][4], 2, "{bbox:?}");
        }
        assert_eq!(counts(&mut Viewer::new(view([-200.0, -1.0, 200.0, 1.0], 9.0)), &slots)[0], (1, 3));
    }

    #[test]
    fn a_view_has_at_most_2000_cells_and_every_vehicle_of_it_is_in_one() {
        let places: Vec<_> =
            (0..3600).map(|n| (f64::from(n) / 10.0 - 180.0, f64::from(n % 160) - 80.0)).collect();
        let slots = slots(&places);
        for zoom in [-2.0, 0.0, 3.3, 7.99] {
            let grid = Grid::over(&view([-180.0, -90.0, 180.0, 90.0], zoom));
            assert!(grid.len() <= 2000, "{zoom}: {}", grid.len());
            let frame = &Viewer::new(view([-180.0, -90.0, 180.0, 90.0], zoom)).frames(&slots, |_| true, 0)[0];
            let sum: u32 =
                frame[16..].chunks(16).map(|cell| u32::from_le_bytes(cell[8..12].try_into().unwrap())).sum();
            assert_eq!(sum, 3600, "{zoom}");
        }
    }

    #[test]
    fn who_loses_sight_of_vehicles_begins_anew_without_them() {
        let slots = slots(&[(91.0, 29.0)]);
        let mut viewer = Viewer::new(view([90.0, 28.0, 92.0, 30.0], 9.0));
        assert_eq!(counts(&mut viewer, &slots), [(1, 1), (4, 1)]);
        assert_eq!(counts(&mut viewer, &slots), [(2, 0)]);
        let frames = viewer.frames(&slots, |_| false, 0);
        assert_eq!((frames.len(), frames[0][0], frames[0][4]), (1, 1, 0));
    }

    #[test]
    fn another_registry_sends_the_names_again() {
        let mut slots = slots(&[(91.0, 29.0)]);
        let mut viewer = Viewer::new(view([90.0, 28.0, 92.0, 30.0], 9.0));
        viewer.frames(&slots, |_| true, 0);
        let vehicle = Vehicle {
            terminal: terminal(0),
            plate: "藏A00001".to_owned(),
            plate_color: PlateColor::Yellow,
            class: VehicleClass::SchoolBus,
            operator: "OP1".to_owned(),
            division: fleet::Division::UNKNOWN,
            route: None,
            hazmat_class: None,
            hazmat_un: None,
            tunnel_code: None,
            tank: None,
        };
        slots.set_registry(&Arc::new(Registry::new(vec![vehicle], Vec::new(), Vec::new())));
        let frames = viewer.frames(&slots, |_| true, 0);
        assert_eq!((frames[0][0], frames[0][16 + 19] >> 5), (2, 3));
        assert!(std::str::from_utf8(&frames[1][16..]).unwrap().contains("藏A00001"));
    }

    #[test]
    fn a_vehicle_that_fell_silent_goes_offline() {
        let mut slots = slots(&[(91.0, 29.0)]);
        let mut viewer = Viewer::new(view([90.0, 28.0, 92.0, 30.0], 9.0));
        viewer.frames(&slots, |_| true, 0);
        slots.sweep(ReceiveTime::from_ms(181_000));
        assert_eq!(counts(&mut viewer, &slots), [(2, 0)]);
        slots.sweep(ReceiveTime::from_ms(181_001));
        assert_eq!(viewer.frames(&slots, |_| true, 0)[0][16 + 19] & 0b11, 0);
        slots.sweep(ReceiveTime::from_ms(200_000));
        assert_eq!(counts(&mut viewer, &slots), [(2, 0)]);
    }
}
