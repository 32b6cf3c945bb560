//! Parameters of a terminal: what each id means, how its value is written, shown and made.
//!
//! One table for each standard: JT/T 808 (2013 and 2019, table 12), JT/T 1078-2016 table 1,
//! T/JSATL 12-2017 tables 4-10 to 4-13 and T/GDRTA 002-2020.

mod jsatl12;
mod jtt1078;
mod jtt808;
mod table;
mod written;

pub use self::table::{FieldKind, ParameterField, ParameterInfo, ParameterSource};
pub use self::written::ParameterError;
use crate::field::Show;
use crate::message::parameters::Parameter;
use crate::text::Text;

/// What a parameter says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParameterValue<'a> {
    /// BYTE.
    Byte(u8),
    /// WORD.
    Word(u16),
    /// DWORD.
    Dword(u32),
    /// STRING.
    Text(Text<'a>),
    /// Fields one after another.
    Fields(ParameterFields<'a>),
    /// An id that is not known here, or a width that is not its own: as sent.
    Raw(&'a [u8]),
}

impl ParameterValue<'_> {
    /// Appends the value alone; [`Parameter::encode`] puts id and length before it.
    pub fn encode(&self, into: &mut Vec<u8>) {
        match self {
            Self::Byte(value) => into.push(*value),
            Self::Word(value) => into.extend_from_slice(&value.to_be_bytes()),
            Self::Dword(value) => into.extend_from_slice(&value.to_be_bytes()),
            Self::Text(value) => into.extend_from_slice(value.0),
            Self::Fields(value) => into.extend_from_slice(value.bytes),
            Self::Raw(value) => into.extend_from_slice(value),
        }
    }
}

/// The fields of a structure, read on demand. Their bytes are as many as its layout has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParameterFields<'a> {
    info: &'static ParameterInfo,
    /// As sent.
    pub bytes: &'a [u8],
}

impl<'a> ParameterFields<'a> {
    /// Every field with its bytes, in wire order; those of a list again for each entry.
    pub fn iter(&self) -> impl Iterator<Item = (&'static ParameterField, &'a [u8])> + use<'a> {
        let mut rest = self.bytes;
        self.info.fields.iter().chain(self.info.entry.iter().cycle()).map_while(move |field| {
            let (bytes, left) = rest.split_at_checked(field.kind.width()?)?;
            rest = left;
            Some((field, bytes))
        })
    }

    /// The number of the first field of that name; nothing where there is none or where it is no number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        self.iter().find(|(field, _)| field.name == name).and_then(|(field, bytes)| field.number(bytes))
    }

    fn show(&self, show: &mut dyn Show) {
        let heads = self.info.fields.len();
        let entry = self.info.entry.len().max(1);
        let mut open = false;
        for (at, (field, bytes)) in self.iter().enumerate() {
            if at >= heads && (at - heads).is_multiple_of(entry) {
                if open {
                    show.end();
                }
                show.begin("channels");
                open = true;
            }
            field.show(bytes, show);
        }
        if open {
            show.end();
        }
    }
}

impl<'a> Parameter<'a> {
    /// What the standards say of its id.
    #[must_use]
    pub fn info(&self) -> Option<&'static ParameterInfo> {
        ParameterInfo::of(self.id)
    }

    /// What it says; `Raw` where the id is unknown or the width is not its own.
    #[must_use]
    pub fn value(&self) -> ParameterValue<'a> {
        let raw = ParameterValue::Raw(self.value);
        let Some(info) = self.info() else { return raw };
        let numbers = || info.number(self.value);
        match info.kind {
            FieldKind::Byte | FieldKind::TenthsByte => {
                self.value.try_into().map_or(raw, |[byte]: [u8; 1]| ParameterValue::Byte(byte))
            }
            FieldKind::Word | FieldKind::TenthsWord => {
                self.value.try_into().map_or(raw, |word| ParameterValue::Word(u16::from_be_bytes(word)))
            }
            FieldKind::Dword | FieldKind::TenthsDword => numbers().map_or(raw, ParameterValue::Dword),
            FieldKind::Text => ParameterValue::Text(Text(self.value)),
            FieldKind::Fields if info.fits(self.value.len()) => {
                ParameterValue::Fields(ParameterFields { info, bytes: self.value })
            }
            FieldKind::Fields | FieldKind::Bytes(_) | FieldKind::Digits(_) | FieldKind::Padded(_) => raw,
        }
    }

    /// Hands over id, length and value.
    pub(crate) fn show(&self, show: &mut dyn Show) {
        let chinese = self.info().map_or("未知", |info| info.chinese);
        show.text("id", 4, &format_args!("{:04x} {chinese}", self.id));
        show.number("length", u8::try_from(self.value.len()).unwrap_or(u8::MAX));
        match self.value() {
            ParameterValue::Fields(fields) => fields.show(show),
            ParameterValue::Raw([]) => {}
            ParameterValue::Raw(value) => show.hex("raw", value),
            ParameterValue::Byte(_)
            | ParameterValue::Word(_)
            | ParameterValue::Dword(_)
            | ParameterValue::Text(_) => {
                self.info().iter().for_each(|info| info.as_field().show(self.value, show));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_id_and_a_name_stand_for_one_parameter() {
        let mut last = 0;
        let mut names = BTreeSet::new();
        for info in ParameterInfo::all() {
            assert!(names.insert(info.name), "{}", info.name);
            assert!(info.id <= info.last, "{}", info.name);
            if info.source != ParameterSource::Jtt1078 {
                assert!(info.id > last, "{:04x}", info.id);
                last = info.last;
            }
            assert_eq!(ParameterInfo::of(info.last), ParameterInfo::named(info.name));
            let fields: Vec<_> = info.fields.iter().chain(info.entry).collect();
            assert_eq!(fields.is_empty(), info.kind != FieldKind::Fields, "{}", info.name);
            assert!(fields.iter().all(|field| field.kind.width().is_some()), "{}", info.name);
        }
    }

    #[test]
    fn a_structure_is_as_wide_as_its_standard_says() {
        let widths = [
            (0x0032, 4),
            (0x005d, 2),
            (0x0075, 21),
            (0x0076, 3),
            (0x0077, 1),
            (0x0079, 3),
            (0x007b, 2),
            (0x007c, 20),
            (0x0110, 8),
            (0xf364, 56),
            (0xf365, 49),
            (0xf366, 36),
            (0xf367, 2),
        ];
        for (id, width) in widths {
            let fits: Vec<_> =
                (0..60).filter(|len| ParameterInfo::of(id).is_some_and(|info| info.fits(*len))).collect();
            assert_eq!(fits.first(), Some(&width), "{id:04x}");
        }
        let entries: Vec<_> = (0..60).filter(|len| ParameterInfo::of(0x0077).unwrap().fits(*len)).collect();
        assert_eq!(entries, [1, 22, 43]);
    }

    #[test]
    fn every_value_goes_back_as_it_came_and_shows_all_its_bytes() {
        struct Width(usize);

        impl Show for Width {
            fn field(&mut self, field: crate::Shown<'_>) {
                self.0 += field.bytes;
            }

            fn begin(&mut self, _: &'static str) {}

            fn end(&mut self) {}
        }

        let bytes: Vec<u8> = (0x81..=0xff).collect();
        let ids = ParameterInfo::all().flat_map(|info| [info.id, info.last]).chain([0, 0xf001]);
        for id in ids {
            for len in 0..=80 {
                let parameter = Parameter { id, value: &bytes[..len] };
                let (mut again, mut width) = (Vec::new(), Width(0));
                parameter.value().encode(&mut again);
                parameter.show(&mut width);
                assert_eq!((again.as_slice(), width.0), (&bytes[..len], len + 5), "{id:04x}");
            }
        }
    }

    #[test]
    fn a_width_that_is_not_its_own_stays_raw() {
        let check = |id, value: &'static [u8], expected| {
            assert_eq!(Parameter { id, value }.value(), expected, "{id:04x}");
        };
        check(0x0055, &[0, 0, 0, 80], ParameterValue::Dword(80));
        check(0x0055, &[80], ParameterValue::Raw(&[80]));
        check(0x0084, &[2], ParameterValue::Byte(2));
        check(0x005b, &[0, 50], ParameterValue::Word(50));
        check(0x0032, &[1, 2, 3], ParameterValue::Raw(&[1, 2, 3]));
        check(0xf001, &[1], ParameterValue::Raw(&[1]));
    }

    #[test]
    fn a_field_of_a_structure_has_a_name() {
        let value = Parameter { id: 0x0110, value: &[0, 0, 3, 0xe8, 0x58, 0xfe, 0xf1, 0] }.value();
        let ParameterValue::Fields(fields) = value else { panic!("{value:?}") };
        assert_eq!((fields.number("interval_ms"), fields.number("can_id")), (Some(1_000), Some(0x58fe_f100)));
        assert_eq!(fields.number("interval"), None);
    }
}
