//! OpenStreetMap data into the two reference files of a region: `roads.geojson` and `zones.geojson`.
//!
//! ```text
//! .osm.pbf ── blobs ── ways, relations ─▶ tags ─▶ facts ──┐
//!              └───── nodes ──▶ places ─────────────────┴▶ pieces ─▶ roads.geojson
//!                                                           └──────▶ zones.geojson
//! ```
//!
//! What a tag does not say is not guessed: it is counted, see [`Counts`]. The same file gives the same bytes.

mod area;
mod ban;
mod bends;
mod block;
mod class;
mod counts;
mod facts;
mod join;
mod limits;
mod pbf;
mod pieces;
mod places;
mod plane;
mod wire;
mod write;
mod zones;

use std::io::{self, Read, Seek, Write};

use area::Areas;
use block::{Kinds, Way};
use class::Found;
pub use counts::Counts;
use facts::{Facts, Texts};
use join::Part;
use pbf::Pbf;
pub use pbf::{BLOB_BYTES_MAX, Error, HEADER_BYTES_MAX};
use pieces::Road;
use places::Places;
use wire::Malformed;
pub use write::ATTRIBUTION;
use write::Collection;
pub use zones::{BRIDGE_M, Limits, SPAN_M, Structures, TUNNEL_M};

/// Told the bytes done and the bytes in all; the latter grows when it shows what has to be read again.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64);

/// Reads `source`, an .osm.pbf file, and writes both files.
pub fn import<R: Read + Seek>(
    source: R,
    limits: Limits,
    (roads, zones): (&mut dyn Write, &mut dyn Write),
    progress: Progress<'_>,
) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    let found = read(source, &mut counts, progress)?;
    let written = |source| Error::Write { what: "the roads", source };
    let parts = write_roads(&found, roads, &mut counts).map_err(written)?;
    let (mut all, structures) = zones::on_roads(&parts, limits);
    counts.structures = structures;
    let areas = found.areas.shapes(&found.area_places, &mut counts);
    all.extend(areas.into_iter().map(|(area, polygons)| zones::of_area(area, polygons)));
    zones::number(&mut all);
    write_zones(&all, zones, &mut counts).map_err(|source| Error::Write { what: "the zones", source })?;
    Ok(counts)
}

/// What was read.
struct Input {
    roads: Vec<Road>,
    places: Places,
    areas: Areas,
    area_places: Places,
}

fn read<R: Read + Seek>(source: R, counts: &mut Counts, progress: Progress<'_>) -> Result<Input, Error> {
    let mut pbf = Pbf::open(source)?;
    let mut all = pbf.bytes(Kinds::ALL);
    let mut done = 0;
    let mut advance = |bytes: u64, all: u64| {
        done += bytes;
        progress(done, all);
    };
    let (mut roads, mut texts, mut areas) = (Vec::new(), Texts::default(), Areas::default());
    pbf.each(Kinds::ALL, |block, bytes| {
        advance(bytes, all);
        block.relations(|relation| areas.take_relation(&relation))?;
        block.ways(|way| {
            areas.take_way(&way, counts)?;
            roads.extend(road(&way, &mut texts, counts)?);
            Ok(())
        })
    })?;
    if areas.wants_ways() {
        all += pbf.bytes(Kinds::WAYS);
        pbf.each(Kinds::WAYS, |block, bytes| {
            advance(bytes, all);
            block.ways(|way| areas.take_member(&way))
        })?;
    }
    in_order(&mut roads, counts);
    let mut places = Places::new(refs(&roads));
    let mut area_places = Places::new(areas.nodes());
    all += pbf.bytes(Kinds::NODES);
    pbf.each(Kinds::NODES, |block, bytes| {
        advance(bytes, all);
        block.nodes(|node| {
            places.take(&node);
            area_places.take(&node);
        })
    })?;
    Ok(Input { roads, places, areas, area_places })
}

/// A way, if it is a road.
fn road(way: &Way<'_, '_>, texts: &mut Texts, counts: &mut Counts) -> Result<Option<Road>, Malformed> {
    let class = match class::of(way.tags) {
        Found::Nothing => return Ok(None),
        Found::LeftOut(reason) => {
            *counts.left_out.entry(reason).or_default() += 1;
            return Ok(None);
        }
        Found::Road(class) => class,
    };
    let refs = way.refs.collect::<Result<Box<[i64]>, Malformed>>()?;
    Ok(Some(Road { id: way.id, refs, facts: Facts::of(way.tags, class, texts, counts) }))
}

/// By number, each once, whatever the order of the file.
fn in_order(roads: &mut Vec<Road>, counts: &mut Counts) {
    roads.sort_by_key(|road| road.id);
    let all = roads.len();
    roads.dedup_by_key(|road| road.id);
    counts.repeated_ways = (all - roads.len()) as u64;
    counts.ways = roads.len() as u64;
}

/// The nodes of all roads, each as often as roads pass it or end at it.
fn refs(roads: &[Road]) -> Vec<i64> {
    roads.iter().flat_map(|road| road.refs.iter().copied()).collect()
}

/// Writes all roads; the pieces that zones may be made of are kept.
fn write_roads<'a>(input: &'a Input, out: &mut dyn Write, counts: &mut Counts) -> io::Result<Vec<Part<'a>>> {
    let mut collection = Collection::begin(out)?;
    let mut parts = Vec::new();
    for road in &input.roads {
        for piece in pieces::pieces(road, &input.places, counts) {
            counts.length_m += plane::length_m(&piece.line);
            counts.with_limit += u64::from(!road.facts.limits.is_empty());
            collection.road(&piece, &road.facts)?;
            if road.facts.special.is_some() {
                parts.push(Part { way: road.id, id: piece.id, line: piece.line, facts: &road.facts });
            }
        }
    }
    counts.pieces = collection.end()?;
    Ok(parts)
}

fn write_zones(zones: &[zones::Zone], out: &mut dyn Write, counts: &mut Counts) -> io::Result<()> {
    let mut collection = Collection::begin(out)?;
    for zone in zones {
        *counts.zones.entry(zone.kind).or_default() += 1;
        collection.zone(zone)?;
    }
    collection.end()?;
    Ok(())
}
