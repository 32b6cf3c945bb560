//! Every route there is: who may use it, which query keys it knows, what it answers.

use crate::rights::Right;

/// Who may use a route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// Anybody; no credentials are looked at.
    Open,
    /// Who is signed in and holds this right; what is seen is narrowed to the caller's scope further on.
    Need(Right),
}

/// A row of [`ROUTES`].
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// `operationId`.
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) access: Access,
    pub(crate) query: &'static [&'static str],
    /// Schema of the body it wants.
    pub(crate) body: Option<&'static str>,
    pub(crate) answer: Answer,
    /// Refusals besides 400, 401, 403 for who lacks the right, and 500.
    pub(crate) refusals: &'static [u16],
}

/// What a route answers when all is well.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// JSON of this schema.
    Json(&'static str),
    /// A text of this media type.
    Text(&'static str),
    /// 201 with JSON of this schema and its place in the header `Location`. Takes the header `Idempotency-Key`.
    Created(&'static str),
    /// 202: it is on disk, and the rules will see it in its turn.
    Accepted,
    /// 202 with JSON of this schema: it has begun, and is asked for again.
    Begun(&'static str),
    /// 202 with JSON of this schema: it is on disk and will be done in its turn. Takes the header `Idempotency-Key`.
    Queued(&'static str),
    /// 201 with JSON of this schema and its version in the header `ETag`.
    Drawn(&'static str),
    /// 201 with JSON of this schema.
    Made(&'static str),
    /// 204.
    Nothing,
    /// 101: a WebSocket of this subprotocol.
    Socket(&'static str),
}

/// The filters of a list of alerts.
pub(crate) const ALERT_FILTERS: &[&str] = &[
    "state",
    "handling",
    "rule",
    "severity",
    "plate",
    "terminal",
    "operator",
    "division",
    "department",
    "from",
    "to",
    "assignee",
    "updated_since",
    "q",
    "sort",
    "count",
    "limit",
    "cursor",
];
/// The same for counts and for bulk actions, which have no pages.
pub(crate) const SUMMARY_FILTERS: &[&str] = &[
    "state",
    "handling",
    "rule",
    "severity",
    "plate",
    "terminal",
    "operator",
    "division",
    "department",
    "from",
    "to",
    "assignee",
    "updated_since",
    "q",
];
/// The same for one vehicle, which the path names.
pub(crate) const VIOLATION_FILTERS: &[&str] =
    &["state", "handling", "rule", "severity", "department", "from", "to", "limit", "cursor"];
/// The same for an export, which has no pages.
pub(crate) const EXPORT_FILTERS: &[&str] = &[
    "state",
    "handling",
    "rule",
    "severity",
    "plate",
    "terminal",
    "operator",
    "division",
    "department",
    "from",
    "to",
    "class",
    "driver",
    "lang",
    "rows",
];
/// The filters of the list of vehicles.
pub(crate) const VEHICLE_FILTERS: &[&str] =
    &["plate", "terminal", "operator", "division", "class", "online", "q", "limit", "cursor"];
/// What a track is asked by.
pub(crate) const TRACK_FILTERS: &[&str] = &["from", "to", "limit", "cursor", "reason"];

/// What the live feed is asked by.
pub(crate) const LIVE_FILTERS: &[&str] = &["topics", "severity", "division", "after"];

/// The filters of the commands of a vehicle.
pub(crate) const COMMAND_FILTERS: &[&str] = &["state", "limit", "cursor"];

/// What alerts are counted by: the filters of their list, and the key.
pub(crate) const STATS_FILTERS: &[&str] = &[
    "by",
    "state",
    "handling",
    "rule",
    "severity",
    "plate",
    "terminal",
    "operator",
    "division",
    "department",
    "class",
    "from",
    "to",
];
/// The same for a workbook.
pub(crate) const STATS_EXPORT_FILTERS: &[&str] = &[
    "by",
    "state",
    "handling",
    "rule",
    "severity",
    "plate",
    "terminal",
    "operator",
    "division",
    "department",
    "class",
    "from",
    "to",
    "lang",
];
/// What the audit log is asked by.
pub(crate) const AUDIT_FILTERS: &[&str] = &["from", "to", "by", "action", "subject", "limit", "cursor"];

/// What the quality of data is asked by.
pub(crate) const QUALITY_FILTERS: &[&str] = &["from", "to", "operator", "terminal", "by", "limit", "cursor"];

/// The filters of the list of major dangers.
pub(crate) const DANGER_FILTERS: &[&str] =
    &["status", "level", "operator", "division", "overdue", "from", "to", "count", "limit", "cursor"];
/// What zones are asked by.
pub(crate) const ZONE_FILTERS: &[&str] = &["kind", "division", "q", "limit", "cursor"];
/// What routes are asked by.
pub(crate) const ROUTE_FILTERS: &[&str] = &["q", "limit", "cursor"];

macro_rules! access {
    (Open) => {
        Access::Open
    };
    ($right:ident) => {
        Access::Need(Right::$right)
    };
}

/// The same for an export, which has no pages.
pub(crate) const DANGER_EXPORT_FILTERS: &[&str] =
    &["status", "level", "operator", "division", "overdue", "from", "to", "lang"];

macro_rules! routes {
    ($($method:literal $path:literal $id:literal $tag:literal $access:ident $query:expr, $body:expr, $answer:expr, $refusals:expr, $summary:literal;)+) => {
        /// The table.
        pub(crate) const ROUTES: &[Route] = &[$(Route {
            method: $method, path: $path, id: $id, tag: $tag, summary: $summary, access: access!($access),
            query: $query, body: $body, answer: $answer, refusals: $refusals,
        }),+];
    };
}

use Answer::{Accepted, Begun, Created, Drawn, Json, Made, Nothing, Queued, Socket, Text};

routes! {
    "GET" "/api/v1/alerts" "listAlerts" "alerts" Alerts ALERT_FILTERS, None, Json("AlertPage"), &[],
        "Alerts, newest or worst first";
    "GET" "/api/v1/alerts/summary" "summariseAlerts" "alerts" Alerts SUMMARY_FILTERS, None, Json("AlertSummary"), &[],
        "How many alerts match, by severity, handling and rule";
    "GET" "/api/v1/fleet/tree" "getFleetTree" "vehicles" Vehicles &[], None, Json("FleetTree"), &[],
        "Vehicles by division and operator: how many, and how many are online";
    "POST" "/api/v1/search" "search" "vehicles" Vehicles &[], Some("SearchRequest"), Json("Found"), &[403, 413, 415, 422],
        "Vehicles, operators, drivers and zones that bear a text";
    "GET" "/api/v1/alerts/{id}" "getAlert" "alerts" Alerts &[], None, Json("Alert"), &[404],
        "One alert";
    "GET" "/api/v1/alerts/{id}/timeline" "getAlertTimeline" "alerts" Alerts &[], None, Json("Timeline"), &[404],
        "What the engine and people did to an alert, oldest first";
    "GET" "/api/v1/alerts/{id}/deliveries" "getAlertDeliveries" "alerts" Alerts &[], None, Json("DeliveryList"), &[404],
        "What each department got of it: when the broker took it, and when the department said that it has it";
    "GET" "/api/v1/alerts/{id}/evidence" "getAlertEvidence" "alerts" Alerts &[], None, Json("FullEvidence"), &[404],
        "What an alert rests on: positions, and the deciding frames as received";
    "GET" "/api/v1/alerts/{id}/evidence.zip" "getAlertEvidenceZip" "alerts" Alerts &[], None, Text("application/zip"), &[404],
        "All that proves an alert, in one archive with the SHA-256 of every file";
    "GET" "/api/v1/alerts/{id}/attachments" "listAlertAttachments" "alerts" Alerts &[], None, Json("AttachmentList"), &[404],
        "Pictures, sound and films of the terminal that prove an alert";
    "GET" "/api/v1/alerts/{id}/attachments/{file}" "getAlertAttachment" "alerts" Alerts &[], None, Text("application/octet-stream"), &[404],
        "One of these files by its name here, in the media type its bytes have; one range is understood";
    "POST" "/api/v1/alerts/{id}/actions" "actOnAlert" "alerts" Alerts &[], Some("ActionRequest"), Json("Handling"), &[403, 404, 409, 413, 415, 422],
        "Acts on an alert";
    "POST" "/api/v1/alerts/actions" "actOnAlerts" "alerts" Alerts &[], Some("BulkRequest"), Json("BulkAnswer"), &[403, 409, 413, 415, 422],
        "Acts on many alerts with one note: those named, or those a filter matches";
    "GET" "/api/v1/vehicles" "listVehicles" "vehicles" Vehicles VEHICLE_FILTERS, None, Json("VehiclePage"), &[],
        "Vehicles with their latest word, by terminal";
    "GET" "/api/v1/vehicles/{terminal}" "getVehicle" "vehicles" Vehicles &[], None, Json("Vehicle"), &[404],
        "One vehicle";
    "GET" "/api/v1/vehicles/{terminal}/track" "getVehicleTrack" "vehicles" Vehicles TRACK_FILTERS, None, Json("Track"), &[404],
        "Where a vehicle was, oldest first; without from and to the last 24 hours";
    "GET" "/api/v1/vehicles/{terminal}/violations" "listVehicleViolations" "vehicles" Alerts VIOLATION_FILTERS, None, Json("AlertPage"), &[404],
        "The alerts of a vehicle, newest first";
    "POST" "/api/v1/vehicles/{terminal}/commands" "queueCommand" "commands" Commands &[], Some("CommandRequest"), Queued("Command"), &[403, 404, 413, 415, 422, 429],
        "Queues a command, sent when the terminal is there; which kinds depends on the role";
    "GET" "/api/v1/vehicles/{terminal}/commands" "listCommands" "commands" Commands COMMAND_FILTERS, None, Json("CommandPage"), &[404],
        "Commands of a vehicle, newest first";
    "GET" "/api/v1/commands/{id}" "getCommand" "commands" Commands &[], None, Json("Command"), &[404],
        "One command and how far it is";
    "DELETE" "/api/v1/commands/{id}" "cancelCommand" "commands" Commands &[], None, Json("Command"), &[403, 404, 409],
        "Takes back a command that is still queued; for who sent it, and the desk";
    "GET" "/api/v1/dangers" "listDangers" "dangers" Dangers DANGER_FILTERS, None, Json("DangerPage"), &[],
        "The list of major dangers, the newest first";
    "POST" "/api/v1/dangers" "createDanger" "dangers" DangersWrite &[], Some("DangerRequest"), Created("Danger"), &[403, 413, 415, 422],
        "Lists a danger, by itself or for alerts";
    "GET" "/api/v1/dangers/{id}" "getDanger" "dangers" Dangers &[], None, Json("Danger"), &[404],
        "One entry of the list";
    "GET" "/api/v1/dangers/bulletins" "listBulletins" "dangers" Dangers &["limit"], None, Json("BulletinList"), &[],
        "Bulletins about major dangers, newest first";
    "POST" "/api/v1/dangers/bulletins" "createBulletin" "dangers" DangersClose &[], Some("BulletinRequest"), Created("Bulletin"), &[403, 409, 413, 415, 422],
        "Makes a bulletin of a month: what was new, closed and overdue, by operator; frozen from then on";
    "GET" "/api/v1/dangers/bulletins/{id}" "getBulletin" "dangers" Dangers &[], None, Json("Bulletin"), &[404],
        "One bulletin as it was made, as far as the caller may see";
    "GET" "/api/v1/dangers/{id}/timeline" "getDangerTimeline" "dangers" Dangers &[], None, Json("DangerTimeline"), &[404],
        "Every step of an entry, oldest first";
    "POST" "/api/v1/dangers/{id}/actions" "actOnDanger" "dangers" DangersRectify &[], Some("DangerActionRequest"), Json("Danger"), &[403, 404, 409, 413, 415, 422],
        "Takes a step: assign, progress, report, extend, request-close, close, return, announce, comment or reopen";
    "GET" "/api/v1/quality" "listQuality" "quality" Statistics QUALITY_FILTERS, None, Json("QualityPage"), &[],
        "The quality of vehicles' data, day by day in China, newest first; without from and to the last seven days";
    "GET" "/api/v1/rules" "listRules" "rules" Rules &[], None, Json("RuleList"), &[403],
        "Every rule and setting with its figure in force, its bounds and the law behind it";
    "GET" "/api/v1/stats/alerts" "countAlerts" "statistics" Statistics STATS_FILTERS, None, Json("AlertCounts"), &[],
        "How many alerts by a key: rule, severity, hour, day, operator, division or class; without from the last 30 days";
    "GET" "/api/v1/stats/indicators" "getIndicators" "statistics" Statistics &["month", "operator"], None, Json("Indicators"), &[404],
        "The ten indicators a month is assessed by, of one operator or of all that are seen; without month the current one";
    "GET" "/api/v1/operators" "listOperators" "dossiers" Vehicles &["q", "limit", "cursor"], None, Json("OperatorPage"), &[],
        "Operators on file and how their vehicles stand now, by id";
    "GET" "/api/v1/operators/{id}/dossier" "getOperatorDossier" "dossiers" Vehicles &["from", "to"], None, Json("Dossier"), &[404],
        "What an operator's vehicles did; without from the last 365 days";
    "GET" "/api/v1/drivers" "listDrivers" "dossiers" Vehicles &["q", "operator", "limit", "cursor"], None, Json("DriverPage"), &[],
        "Drivers, escorts and carers on file, by operator and certificate";
    "GET" "/api/v1/drivers/{certificate}/dossier" "getDriverDossier" "dossiers" Vehicles &["from", "to"], None, Json("Dossier"), &[404],
        "What a driver did; without from the last 365 days. The audit log tells who read it";
    "GET" "/api/v1/vehicles/{terminal}/dossier" "getVehicleDossier" "dossiers" Vehicles &["from", "to"], None, Json("Dossier"), &[404],
        "What a vehicle did; without from the last 365 days";
    "POST" "/api/v1/rules/trial" "tryRules" "rules" RulesWrite &[], Some("TrialRequest"), Begun("RuleTrial"), &[403, 409, 413, 415, 422],
        "Begins a trial: the rules in force and changed ones over the frames of some time, one trial at a time";
    "GET" "/api/v1/rules/trials/{id}" "getRuleTrial" "rules" Rules &[], None, Json("RuleTrial"), &[403, 404],
        "How far a trial is, and which alerts the changed rules gain, lose and change";
    "DELETE" "/api/v1/rules/trials/{id}" "cancelRuleTrial" "rules" RulesWrite &[], None, Nothing, &[403, 404],
        "Stops a trial";
    "GET" "/api/v1/rules/changes" "listRuleChanges" "rules" Rules &["limit", "cursor"], None, Json("RuleChangePage"), &[403],
        "Changes of the rules and who decided on them, newest first";
    "POST" "/api/v1/rules/changes" "changeRules" "rules" RulesWrite &[], Some("RuleChangeRequest"), Json("RuleChange"), &[403, 409, 413, 415, 422, 503],
        "Changes settings of the rules: in force at once, or with rules.two_person once a second person approves";
    "POST" "/api/v1/rules/changes/{id}/decide" "decideRuleChange" "rules" RulesWrite &[], Some("RuleDecisionRequest"), Json("RuleChange"), &[403, 404, 409, 413, 415, 422, 503],
        "Approves or rejects a change that waits";
    "GET" "/api/v1/structures" "listStructures" "structures" Map &[], None, Json("StructureList"), &[],
        "Bridges and tunnels with a monitor: the newest reading, and whether they are closed";
    "POST" "/api/v1/structures/{id}/reopen" "reopenStructure" "structures" StructuresReopen &[], Some("ReopenRequest"), Accepted, &[403, 404, 409, 413, 415, 422],
        "Opens a structure that its monitor closed";
    "POST" "/api/v1/sightings" "reportSighting" "structures" Sightings &[], Some("SightingRequest"), Accepted, &[403, 413, 415, 422],
        "A camera saw a plate";
    "GET" "/api/v1/live" "streamLive" "live" Alerts LIVE_FILTERS, None, Text("text/event-stream"), &[503],
        "Server-sent events alert, handling, command, danger, vehicle, summary; goes on after Last-Event-ID, or says resync";
    "GET" "/api/v1/live/positions" "streamPositions" "live" Vehicles &[], None, Socket("roadwarden.positions.v1"), &[403, 426, 503],
        "A WebSocket: where the vehicles of a view are, in binary frames; protocol/README.md has the layout";
    "GET" "/api/v1/exports/violations.csv" "exportViolationsCsv" "exports" Exports EXPORT_FILTERS, None, Text("text/csv"), &[],
        "Alerts as CSV: UTF-8 with a byte order mark, safe to open in a spreadsheet; at most 1,000,000. X-Truncated tells how many where there are more";
    "GET" "/api/v1/exports/violations.xlsx" "exportViolationsXlsx" "exports" Exports EXPORT_FILTERS, None, Text("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), &[],
        "Alerts as a workbook of Excel, at most 50,000, and on a second sheet how many of each kind there were each month. X-Truncated tells how many where there are more";
    "GET" "/api/v1/exports/stats.xlsx" "exportStatsXlsx" "exports" Exports STATS_EXPORT_FILTERS, None, Text("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), &[],
        "What countAlerts answers as a workbook of Excel";
    "GET" "/api/v1/exports/dangers.csv" "exportDangersCsv" "exports" Exports DANGER_EXPORT_FILTERS, None, Text("text/csv"), &[],
        "The list of major dangers as CSV: UTF-8 with a byte order mark, safe to open in a spreadsheet";
    "GET" "/api/v1/exports/dangers.xlsx" "exportDangersXlsx" "exports" Exports DANGER_EXPORT_FILTERS, None, Text("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), &[],
        "The list of major dangers as a workbook of Excel";
    "GET" "/map/settings.json" "getMapSettings" "map" Own &[], None, Json("MapSettings"), &[],
        "What the map is drawn on: tiles from elsewhere, or the map that comes with the pages";
    "GET" "/api/v1/map/zones" "getZones" "map" Map &[], None, Json("FeatureCollection"), &[],
        "Zones in force as GeoJSON";
    "GET" "/api/v1/map/routes" "getRoutes" "map" Map &[], None, Json("FeatureCollection"), &[],
        "Routes in force as GeoJSON";
    "GET" "/api/v1/zones" "listZones" "map" Zones ZONE_FILTERS, None, Json("MapPlacePage"), &[403],
        "Zones of the files and of the console, closed ones too, by id";
    "POST" "/api/v1/zones" "drawZone" "map" ZonesWrite &[], Some("DrawRequest"), Drawn("MapPlace"), &[403, 409, 413, 415, 422, 503],
        "Draws a zone, in force when this answers";
    "GET" "/api/v1/zones/{id}" "getZone" "map" Zones &[], None, Json("MapPlace"), &[403, 404],
        "One zone; its ETag is its version";
    "PUT" "/api/v1/zones/{id}" "redrawZone" "map" ZonesWrite &[], Some("RedrawRequest"), Json("MapPlace"), &[403, 404, 412, 413, 415, 422, 428, 503],
        "Puts another in the place of a zone, or closes one of a file; wants If-Match";
    "DELETE" "/api/v1/zones/{id}" "removeZone" "map" ZonesWrite &["note"], None, Nothing, &[403, 404, 409, 412, 422, 428, 503],
        "Takes back what was drawn or closed: the zone of a file holds again; wants If-Match";
    "POST" "/api/v1/zones/import" "importZones" "map" ZonesWrite &["dry_run", "note"], Some("FeatureCollection"), Json("PlacesImported"), &[403, 413, 415, 422, 503],
        "Draws all zones of a GeoJSON collection of up to 4 MiB, or none, over those there are; dry_run=true only checks";
    "GET" "/api/v1/zones/{id}/versions" "listZoneVersions" "map" Zones &[], None, Json("MapPlaceVersionList"), &[403, 404],
        "Who changed a zone when and why, newest first, at most 200";
    "POST" "/api/v1/zones/trial" "tryZone" "map" ZonesWrite &[], Some("ZoneTrialRequest"), Json("ZoneTrial"), &[403, 413, 415, 422],
        "Which vehicles of its classes passed a zone that is not drawn yet, over at most seven days";
    "GET" "/api/v1/routes" "listRoutes" "map" Zones ROUTE_FILTERS, None, Json("MapPlacePage"), &[403],
        "Routes of the files and of the console, closed ones too, by id";
    "POST" "/api/v1/routes" "drawRoute" "map" ZonesWrite &[], Some("DrawRequest"), Drawn("MapPlace"), &[403, 409, 413, 415, 422, 503],
        "Draws a route, in force when this answers";
    "GET" "/api/v1/routes/{id}" "getRoute" "map" Zones &[], None, Json("MapPlace"), &[403, 404],
        "One route; its ETag is its version";
    "PUT" "/api/v1/routes/{id}" "redrawRoute" "map" ZonesWrite &[], Some("RedrawRequest"), Json("MapPlace"), &[403, 404, 412, 413, 415, 422, 428, 503],
        "Puts another in the place of a route, or closes one of a file; wants If-Match";
    "DELETE" "/api/v1/routes/{id}" "removeRoute" "map" ZonesWrite &["note"], None, Nothing, &[403, 404, 409, 412, 422, 428, 503],
        "Takes back what was drawn or closed: the route of a file holds again; wants If-Match";
    "POST" "/api/v1/routes/import" "importRoutes" "map" ZonesWrite &["dry_run", "note"], Some("FeatureCollection"), Json("PlacesImported"), &[403, 413, 415, 422, 503],
        "Draws all routes of a GeoJSON collection of up to 4 MiB, or none, over those there are; dry_run=true only checks";
    "GET" "/api/v1/routes/{id}/versions" "listRouteVersions" "map" Zones &[], None, Json("MapPlaceVersionList"), &[403, 404],
        "Who changed a route when and why, newest first, at most 200";
    "POST" "/api/v1/session" "signIn" "session" Open &[], Some("SignIn"), Json("Me"), &[413, 415, 422, 429],
        "Signs a person in: sets the session cookie";
    "POST" "/api/v1/session/ticket" "redeemTicket" "session" Open &[], Some("Ticket"), Json("Me"), &[413, 415, 422, 429],
        "Signs in with a one-time ticket";
    "DELETE" "/api/v1/session" "signOut" "session" Own &[], None, Nothing, &[403],
        "Ends the session";
    "GET" "/api/v1/me" "getMe" "session" Own &[], None, Json("Me"), &[],
        "Who is asking";
    "POST" "/api/v1/me/password" "changePassword" "session" Own &[], Some("PasswordChange"), Nothing, &[403, 413, 415, 422, 429],
        "Changes one's own password; other sessions of the account end";
    "GET" "/api/v1/me/second-factor" "getSecondFactor" "session" Own &[], None, Json("SecondFactorState"), &[],
        "One's own second factor";
    "POST" "/api/v1/me/second-factor" "beginSecondFactor" "session" Own &[], Some("FactorProof"), Made("NewSecondFactor"), &[403, 409, 413, 415, 422, 429],
        "Begins to set up an authenticator app; what is there holds until the new one is confirmed";
    "POST" "/api/v1/me/second-factor/confirm" "confirmSecondFactor" "session" Own &[], Some("FactorCode"), Json("RecoveryCodes"), &[403, 409, 413, 415, 422, 429],
        "Puts the app into force by a code it shows; other sessions of the account end";
    "POST" "/api/v1/me/second-factor/remove" "removeSecondFactor" "session" Own &[], Some("FactorProof"), Nothing, &[403, 409, 413, 415, 422, 429],
        "Goes without a second factor, where the role may; other sessions of the account end";
    "DELETE" "/api/v1/sessions" "endSessions" "session" Own &[], None, Nothing, &[403],
        "Signs out everywhere";
    "GET" "/api/v1/sessions" "listSessions" "session" Own &["all"], None, Json("SessionList"), &[403],
        "One's sessions, newest first; with all=true everybody's, for the right users";
    "DELETE" "/api/v1/sessions/{id}" "revokeSession" "session" Own &[], None, Nothing, &[403, 404],
        "Ends a session and its live feeds; another's for the right users";
    "GET" "/api/v1/views" "listViews" "session" Own &[], None, Json("ViewList"), &[],
        "The filters one has kept, by name";
    "PUT" "/api/v1/views/{name}" "putView" "session" Own &[], Some("ViewRequest"), Json("View"), &[403, 409, 413, 415, 422],
        "Keeps a filter under a name; at most 50";
    "DELETE" "/api/v1/views/{name}" "removeView" "session" Own &[], None, Nothing, &[403, 404],
        "Forgets a kept filter";
    "GET" "/api/v1/users" "listUsers" "accounts" Users &[], None, Json("UserList"), &[],
        "People's accounts, by name";
    "POST" "/api/v1/users" "addUser" "accounts" Users &[], Some("UserRequest"), Made("User"), &[409, 413, 415, 422],
        "Makes an account for a person";
    "PUT" "/api/v1/users/{name}" "changeUser" "accounts" Users &[], Some("UserChange"), Json("User"), &[404, 409, 413, 415, 422],
        "Changes an account, and its password if one is given; its sessions end";
    "DELETE" "/api/v1/users/{name}" "removeUser" "accounts" Users &[], None, Nothing, &[404, 409],
        "Removes an account; the last admin stays";
    "DELETE" "/api/v1/users/{name}/second-factor" "resetSecondFactor" "accounts" Users &[], None, Nothing, &[404],
        "Takes the second factor of somebody else who lost it; all sessions of the account end";
    "GET" "/api/v1/tokens" "listTokens" "accounts" Users &[], None, Json("TokenList"), &[],
        "Programs' tokens, by name, without their secrets";
    "POST" "/api/v1/tokens" "addToken" "accounts" Users &[], Some("TokenRequest"), Made("NewToken"), &[409, 413, 415, 422],
        "Makes a token for a program and shows it this once";
    "DELETE" "/api/v1/tokens/{name}" "revokeToken" "accounts" Users &[], None, Nothing, &[404],
        "Ends every token of a name";
    "POST" "/api/v1/reload" "reload" "service" System &[], None, Json("Reloaded"), &[403, 422, 503],
        "Puts rules and reference files into force as they stand now, all or nothing";
    "GET" "/api/v1/audit" "listAudit" "service" Audit AUDIT_FILTERS, None, Json("AuditPage"), &[403],
        "Who did what, newest first";
    "GET" "/api/v1/feeds" "getFeeds" "system" System &[], None, Json("Feeds"), &[],
        "What goes out: consumers over MQTT, the outbox, receipts that are owed, the time series database";
    "GET" "/api/v1/strangers" "listStrangers" "service" Security &[], None, Json("StrangerList"), &[],
        "Numbers that are not on file and tried to speak, newest first, one row each; for who sees the whole fleet";
    "GET" "/api/v1/security-events" "listSecurityEvents" "service" Security &[], None, Json("SecurityEventList"), &[],
        "Suspicious messages of terminals, newest first, one row a kind and terminal";
    "POST" "/api/v1/vehicles/{terminal}/release" "releaseTerminal" "service" TerminalsRelease &[], None, Nothing, &[404],
        "Outdates a terminal's code and ends its connection; the next device that registers under its number has it from then on";
    "GET" "/api/openapi.json" "getOpenapi" "service" Open &[], None, Text("application/json"), &[],
        "This document";
    "GET" "/healthz" "getHealth" "service" Open &[], None, Text("text/plain"), &[],
        "Whether the process is alive";
    "GET" "/readyz" "getReadiness" "service" Open &[], None, Json("Readiness"), &[503],
        "Whether the service would keep its promises now";
    "GET" "/metrics" "getMetrics" "service" Open &[], None, Text("text/plain"), &[],
        "Prometheus metrics";
}

/// The row of a request. `HEAD` is `GET` without the body.
pub(crate) fn find(method: &str, path: &str) -> Option<&'static Route> {
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|route| route.method == method && route.path == path)
}
