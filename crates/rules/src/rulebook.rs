//! Which book holds for which vehicle: the base, and what is set otherwise for a class, an operator, a division or one
//! vehicle.

use std::sync::Arc;

use fleet::{TerminalId, Vehicle, VehicleClass};

use crate::Book;

/// Whom an override is for; every part that is given must fit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selector {
    /// The class.
    pub class: Option<VehicleClass>,
    /// The operator's id.
    pub operator: Option<String>,
    /// The vehicle's division, by its first two, four or all six digits.
    pub division: Option<String>,
    /// One vehicle.
    pub terminal: Option<TerminalId>,
}

impl Selector {
    /// Whether it is for this vehicle; one that is not on file has only a terminal and a class.
    pub fn fits(&self, terminal: TerminalId, class: VehicleClass, vehicle: Option<&Vehicle>) -> bool {
        let operator = |wanted: &String| vehicle.is_some_and(|v| v.operator == *wanted);
        let division = |wanted: &String| vehicle.is_some_and(|v| v.division.to_string().starts_with(wanted));
        self.class.is_none_or(|wanted| wanted == class)
            && self.terminal.is_none_or(|wanted| wanted == terminal)
            && self.operator.as_ref().is_none_or(operator)
            && self.division.as_ref().is_none_or(division)
    }
}

/// All books in force, and a name for them as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rulebook {
    base: Arc<Book>,
    overrides: Vec<(Selector, Arc<Book>)>,
    version: String,
}

impl Rulebook {
    /// `overrides` in the order of the file, each with the whole book that holds for it: the base, with every
    /// earlier override for the same vehicles and its own keys laid over. The last that fits a vehicle holds.
    pub fn new(base: Book, overrides: Vec<(Selector, Book)>, version: String) -> Self {
        let overrides = overrides.into_iter().map(|(selector, book)| (selector, Arc::new(book))).collect();
        Self { base: Arc::new(base), overrides, version }
    }

    /// What holds where nothing is said otherwise.
    pub fn base(&self) -> &Book {
        &self.base
    }

    /// What holds for a vehicle.
    pub fn book(&self, terminal: TerminalId, class: VehicleClass, vehicle: Option<&Vehicle>) -> &Arc<Book> {
        let fits = self.overrides.iter().rev().find(|(selector, _)| selector.fits(terminal, class, vehicle));
        fits.map_or(&self.base, |(_, book)| book)
    }

    /// Whether anything is set otherwise for some.
    pub fn overrides(&self) -> impl ExactSizeIterator<Item = (&Selector, &Book)> {
        self.overrides.iter().map(|(selector, book)| (selector, &**book))
    }

    /// A digest of every setting: two sets with the same name judge alike.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl From<Book> for Rulebook {
    fn from(book: Book) -> Self {
        Self::new(book, Vec::new(), String::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_override_that_fits_holds() {
        let set = |kmh| {
            let mut book = Book::default();
            book.speeding.coach_kmh = kmh;
            book
        };
        let class = Selector { class: Some(VehicleClass::ScheduledCoach), ..Selector::default() };
        let terminal = TerminalId::parse("1").unwrap();
        let one = Selector { terminal: Some(terminal), ..Selector::default() };
        let books = Rulebook::new(Book::default(), vec![(class, set(90.0)), (one, set(70.0))], String::new());
        let kmh = |terminal, class| books.book(terminal, class, None).speeding.coach_kmh;
        let other = TerminalId::parse("2").unwrap();
        assert!((kmh(terminal, VehicleClass::ScheduledCoach) - 70.0).abs() < 1e-9);
        assert!((kmh(other, VehicleClass::ScheduledCoach) - 90.0).abs() < 1e-9);
        assert!((kmh(other, VehicleClass::HeavyTruck) - 100.0).abs() < 1e-9);
        let operator = Selector { operator: Some("OP1".into()), ..Selector::default() };
        assert!(!operator.fits(other, VehicleClass::HeavyTruck, None));
    }
}
