//! A block: a table of strings, and nodes, ways and relations that point into it.

use crate::plane::Point;
use crate::wire::{Deltas, Fields, Malformed, Packed, Value, zigzag};

/// Which elements.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Kinds(u8);

impl Kinds {
    /// Nodes.
    pub const NODES: Self = Self(1);
    /// Ways.
    pub const WAYS: Self = Self(2);
    /// Relations.
    pub const RELATIONS: Self = Self(4);
    /// All three.
    pub const ALL: Self = Self(7);

    /// Both.
    pub const fn and(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// Whether they have any in common.
    pub const fn any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

/// Keys and values of one element.
#[derive(Clone, Debug, Default)]
pub struct Tags<'a>(pub Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// The value of a key, without spaces around it; `None` where it is blank.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        let value = self.0.iter().find(|(found, _)| *found == key)?.1.trim();
        (!value.is_empty()).then_some(value)
    }

    /// Whether a key has a value.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }
}

/// A node.
pub struct Node<'a, 't> {
    /// Its number.
    pub id: i64,
    /// Where; `None` where that is no place on earth.
    pub at: Option<Point>,
    /// Its tags.
    pub tags: &'t Tags<'a>,
}

/// A way.
pub struct Way<'a, 't> {
    /// Its number.
    pub id: i64,
    /// The numbers of its nodes.
    pub refs: Deltas<'a>,
    /// Its tags.
    pub tags: &'t Tags<'a>,
}

/// A relation.
pub struct Relation<'a, 't> {
    /// Its number.
    pub id: i64,
    /// Its ways, and their roles.
    pub ways: &'t [(i64, &'a str)],
    /// Its tags.
    pub tags: &'t Tags<'a>,
}

/// A block.
pub struct Block<'a> {
    strings: Vec<&'a str>,
    groups: Vec<&'a [u8]>,
    /// Nanodegrees a unit.
    granularity: i64,
    /// Nanodegrees.
    offset: (i64, i64),
    holds: Kinds,
}

impl<'a> Block<'a> {
    /// From the message of a blob.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut block = Self {
            strings: Vec::new(),
            groups: Vec::new(),
            granularity: 100,
            offset: (0, 0),
            holds: Kinds::default(),
        };
        for field in Fields(bytes) {
            match field? {
                (1, value) => block.table(value.bytes()?)?,
                (2, value) => block.groups.push(value.bytes()?),
                (17, value) => block.granularity = value.number()?.cast_signed(),
                (19, value) => block.offset.1 = value.number()?.cast_signed(),
                (20, value) => block.offset.0 = value.number()?.cast_signed(),
                _ => {}
            }
        }
        for group in &block.groups {
            for field in Fields(group) {
                let kind = match field?.0 {
                    1 | 2 => Kinds::NODES,
                    3 => Kinds::WAYS,
                    4 => Kinds::RELATIONS,
                    _ => Kinds::default(),
                };
                block.holds = block.holds.and(kind);
            }
        }
        Ok(block)
    }

    /// What it holds.
    pub fn holds(&self) -> Kinds {
        self.holds
    }

    /// Visits its nodes.
    pub fn nodes(&self, mut visit: impl FnMut(Node<'a, '_>)) -> Result<(), Malformed> {
        for field in self.groups.iter().flat_map(|group| Fields(group)) {
            match field? {
                (1, value) => self.node(value.bytes()?, &mut visit)?,
                (2, value) => self.dense(value.bytes()?, &mut visit)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Visits its ways.
    pub fn ways(&self, mut visit: impl FnMut(Way<'a, '_>) -> Result<(), Malformed>) -> Result<(), Malformed> {
        let mut tags = Tags::default();
        for value in self.elements(3) {
            let (mut id, mut refs, mut keys, mut values) = (0, Deltas::default(), Packed(&[]), Packed(&[]));
            for field in Fields(value?.bytes()?) {
                match field? {
                    (1, value) => id = value.number()?.cast_signed(),
                    (2, value) => keys = Packed(value.bytes()?),
                    (3, value) => values = Packed(value.bytes()?),
                    (8, value) => refs = Deltas::new(value.bytes()?),
                    _ => {}
                }
            }
            self.tags(keys, values, &mut tags)?;
            visit(Way { id, refs, tags: &tags })?;
        }
        Ok(())
    }

    /// Visits its relations.
    pub fn relations(&self, mut visit: impl FnMut(Relation<'a, '_>)) -> Result<(), Malformed> {
        let (mut tags, mut ways) = (Tags::default(), Vec::new());
        for value in self.elements(4) {
            let (mut id, mut keys, mut values) = (0, Packed(&[]), Packed(&[]));
            let (mut roles, mut members, mut kinds) = (Packed(&[]), Deltas::default(), Packed(&[]));
            for field in Fields(value?.bytes()?) {
                match field? {
                    (1, value) => id = value.number()?.cast_signed(),
                    (2, value) => keys = Packed(value.bytes()?),
                    (3, value) => values = Packed(value.bytes()?),
                    (8, value) => roles = Packed(value.bytes()?),
                    (9, value) => members = Deltas::new(value.bytes()?),
                    (10, value) => kinds = Packed(value.bytes()?),
                    _ => {}
                }
            }
            self.tags(keys, values, &mut tags)?;
            ways.clear();
            for member in members {
                let (Some(role), Some(kind)) = (roles.next(), kinds.next()) else {
                    return Err(Malformed::Lists);
                };
                if kind? == 1 {
                    ways.push((member?, self.string(role?)?));
                }
            }
            visit(Relation { id, ways: &ways, tags: &tags });
        }
        Ok(())
    }

    fn elements(&self, kind: u64) -> impl Iterator<Item = Result<Value<'a>, Malformed>> {
        self.groups.iter().flat_map(|group| Fields(group)).filter_map(move |field| match field {
            Ok((number, value)) => (number == kind).then_some(Ok(value)),
            Err(error) => Some(Err(error)),
        })
    }

    fn table(&mut self, bytes: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields(bytes) {
            if let (1, value) = field? {
                // A string that is no text names no key and no value that is looked for.
                self.strings.push(str::from_utf8(value.bytes()?).unwrap_or_default());
            }
        }
        Ok(())
    }

    fn string(&self, index: u64) -> Result<&'a str, Malformed> {
        usize::try_from(index).ok().and_then(|index| self.strings.get(index)).copied().ok_or(Malformed::Index)
    }

    fn tags(&self, keys: Packed<'_>, mut values: Packed<'_>, tags: &mut Tags<'a>) -> Result<(), Malformed> {
        tags.0.clear();
        for key in keys {
            let value = values.next().ok_or(Malformed::Lists)?;
            tags.0.push((self.string(key?)?, self.string(value?)?));
        }
        Ok(())
    }

    fn node(&self, bytes: &[u8], visit: &mut impl FnMut(Node<'a, '_>)) -> Result<(), Malformed> {
        let (mut id, mut lat, mut lon, mut keys, mut values) = (0, 0, 0, Packed(&[]), Packed(&[]));
        for field in Fields(bytes) {
            match field? {
                (1, value) => id = zigzag(value.number()?),
                (2, value) => keys = Packed(value.bytes()?),
                (3, value) => values = Packed(value.bytes()?),
                (8, value) => lat = zigzag(value.number()?),
                (9, value) => lon = zigzag(value.number()?),
                _ => {}
            }
        }
        let mut tags = Tags::default();
        self.tags(keys, values, &mut tags)?;
        visit(Node { id, at: self.place(lon, lat), tags: &tags });
        Ok(())
    }

    fn dense(&self, bytes: &[u8], visit: &mut impl FnMut(Node<'a, '_>)) -> Result<(), Malformed> {
        let (mut ids, mut lats, mut lons) = (Deltas::default(), Deltas::default(), Deltas::default());
        let mut words = Packed(&[]);
        for field in Fields(bytes) {
            match field? {
                (1, value) => ids = Deltas::new(value.bytes()?),
                (8, value) => lats = Deltas::new(value.bytes()?),
                (9, value) => lons = Deltas::new(value.bytes()?),
                (10, value) => words = Packed(value.bytes()?),
                _ => {}
            }
        }
        let mut tags = Tags::default();
        for id in ids {
            let (Some(lat), Some(lon)) = (lats.next(), lons.next()) else { return Err(Malformed::Lists) };
            tags.0.clear();
            // Keys and values in turn, a 0 after each node; no list at all where no node has tags.
            while let Some(key) = words.next().transpose()?.filter(|key| *key != 0) {
                let value = words.next().ok_or(Malformed::Lists)?;
                tags.0.push((self.string(key)?, self.string(value?)?));
            }
            visit(Node { id: id?, at: self.place(lon?, lat?), tags: &tags });
        }
        Ok(())
    }

    /// A place from units of the block.
    fn place(&self, lon: i64, lat: i64) -> Option<Point> {
        let nano = |offset: i64, units: i64| self.granularity.checked_mul(units)?.checked_add(offset);
        Point::from_nano(nano(self.offset.0, lon)?, nano(self.offset.1, lat)?)
    }
}
