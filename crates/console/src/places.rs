//! Zones and routes of the map in force, as commands to terminals.

use atlas::{Atlas, Shape};
use fleet::{Map, Zone};
use serde_json::Value;
use session::{Ground, Misplaced, Outline, Placed, Places, Way};

use crate::app::Shared;
use crate::problem::Problem;

/// The commands that `set-areas` and its like stand for; nothing where the document is of another kind.
pub(crate) fn placed(app: &Shared, command: &Value) -> Result<Option<Vec<Placed>>, Problem> {
    if !command.get("kind").and_then(Value::as_str).is_some_and(Places::has_kind) {
        return Ok(None);
    }
    let places: Places = serde_json::from_value(command.clone())
        .map_err(|error| Problem::body("command", format!("command: {error}")))?;
    let member = match places {
        Places::DeleteAreas { .. } | Places::SetAreas { .. } => "command/zones",
        Places::DeleteRoutes { .. } | Places::SetRoutes { .. } => "command/routes",
    };
    let atlas = std::sync::Arc::clone(&app.parts.reference.borrow().atlas);
    let placed = places.resolve(&OnMap(&atlas));
    placed.map(Some).map_err(|error: Misplaced| Problem::body(member, error.to_string()))
}

struct OnMap<'m>(&'m Atlas);

impl Ground for OnMap<'_> {
    fn zone(&self, id: &str) -> Option<(&Zone, Outline<'_>)> {
        let index = usize::try_from(self.0.zone_index(id)?.0).ok()?;
        self.0.zones().nth(index).map(|(zone, shape)| (zone, outline(shape)))
    }

    fn route(&self, id: &str) -> Option<Way<'_>> {
        let index = usize::try_from(Map::route(self.0, id)?.0).ok()?;
        let route = self.0.routes().nth(index)?;
        Some(Way { line: &route.line, corridor_m: route.corridor_m, hours: route.hours })
    }

    fn zones(&self) -> Vec<(&Zone, Outline<'_>)> {
        self.0.zones().map(|(zone, shape)| (zone, outline(shape))).collect()
    }

    fn routes(&self) -> Vec<&str> {
        self.0.routes().map(|route| route.id.as_str()).collect()
    }
}

fn outline(shape: &Shape) -> Outline<'_> {
    match shape {
        Shape::Area(area) => Outline::Area(area),
        Shape::Corridor { line, width_m } => Outline::Corridor { line, width_m: *width_m },
    }
}
