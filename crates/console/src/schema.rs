//! The documents of the interface, for its description. A test reads real answers into these, so that they can't drift.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! documents {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $kind:ty,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Deserialize, Serialize, ToSchema)]
            #[serde(deny_unknown_fields)]
            pub(crate) struct $name { $($(#[$fdoc])* pub(crate) $field: $kind,)+ }
        )+

        /// All of them with their names.
        pub(crate) fn all() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
            use utoipa::PartialSchema;
            vec![$((<$name as ToSchema>::name().into_owned(), <$name as PartialSchema>::schema())),+]
        }
    };
}

documents! {
    /// An alert with its handling.
    Alert {
        /// Always `roadwarden.alert/1`.
        schema: String,
        /// A UUID; the same episode always has the same.
        id: String,
        /// 1 when raised, one more with each change.
        revision: u32,
        /// `raised`, `updated` or `cleared`.
        state: String,
        /// Rule id, such as `speeding`.
        rule: String,
        /// `info`, `minor`, `major` or `critical`.
        severity: String,
        /// The report arrived too late to count as live.
        late: bool,
        /// One line for people.
        title: Title,
        /// The vehicle.
        vehicle: VehicleLabel,
        /// The driver, where known.
        driver: Option<DriverLabel>,
        /// When the condition began.
        started_at: String,
        /// When it had held long enough.
        raised_at: String,
        /// When it ended.
        ended_at: Option<String>,
        /// The position this revision rests on.
        position: Position,
        /// Where that is.
        place: Place,
        /// What was measured.
        measure: Measure,
        /// Law or standard with its article.
        basis: Vec<Basis>,
        /// Who gets it.
        departments: Vec<String>,
        /// The proof.
        evidence: Evidence,
        /// People's side.
        handling: Handling,
    }
    /// One line in two languages.
    Title {
        /// Chinese.
        zh: String,
        /// English.
        en: String,
    }
    /// The vehicle as an alert shows it.
    VehicleLabel {
        /// Terminal number.
        terminal: String,
        /// Number plate.
        plate: String,
        /// `blue`, `yellow`, `black`, `white`, `green`, `yellow-green` or `other`.
        plate_color: String,
        /// Vehicle class.
        class: String,
        /// Operator id.
        operator: String,
        /// Class of dangerous goods.
        hazmat_class: Option<String>,
        /// UN number.
        hazmat_un: Option<String>,
    }
    /// The driver as an alert shows it.
    DriverLabel {
        /// Certificate number.
        certificate: String,
        /// Name, empty where unknown.
        name: String,
    }
    /// A position; also an item of a track.
    Position {
        /// When, `+08:00`, milliseconds.
        time: String,
        /// Degrees, WGS-84.
        lon: f64,
        /// Degrees, WGS-84.
        lat: f64,
        /// Metres.
        altitude_m: i16,
        /// km/h.
        speed_kmh: f64,
        /// Degrees clockwise from north.
        heading_deg: u16,
    }
    /// Where something happened.
    Place {
        /// Six digits of GB/T 2260.
        division: String,
        /// The zone it is about.
        zone: Option<ZoneLabel>,
        /// Name of the road.
        road: Option<String>,
    }
    /// A zone as an alert shows it.
    ZoneLabel {
        /// Its id.
        id: String,
        /// Its kind.
        kind: String,
        /// Chinese name.
        name_zh: String,
        /// English name.
        name_en: String,
    }
    /// What was measured against what.
    Measure {
        /// `speed_kmh`, `distance_m`, `duration_s`, `count` or `level`.
        kind: String,
        /// Now.
        value: f64,
        /// The limit that holds.
        limit: Option<f64>,
        /// The worst so far.
        peak: f64,
        /// Seconds the condition has held.
        duration_s: u64,
    }
    /// A law, regulation or standard and the place in it.
    Basis {
        /// Its title.
        document: String,
        /// Article or clause.
        article: String,
    }
    /// The proof an alert carries.
    Evidence {
        /// Positions before and during, oldest first.
        positions: Vec<Position>,
        /// Names of photos and videos.
        attachments: Vec<String>,
        /// Names the settings of the rules that were in force.
        rules_version: String,
        /// Names the map that was in force.
        map_version: String,
        /// Why the limit is what it is (speeding).
        limit: Option<Limit>,
        /// How the driver is known: `card`.
        driver_source: Option<String>,
        /// 0 to 1 where it was inferred and not seen.
        confidence: Option<f64>,
    }
    /// What an alert rests on.
    FullEvidence {
        /// Positions before and during, oldest first.
        positions: Vec<Position>,
        /// Names of photos and videos.
        attachments: Vec<String>,
        /// Names the settings of the rules that were in force.
        rules_version: String,
        /// Names the map that was in force.
        map_version: String,
        /// Why the limit is what it is (speeding).
        limit: Option<Limit>,
        /// How the driver is known: `card`.
        driver_source: Option<String>,
        /// 0 to 1 where it was inferred and not seen.
        confidence: Option<f64>,
        /// The frames it grew out of, in the order they were received.
        frames: Vec<KeptFrame>,
    }
    /// Why a speed limit is what it is.
    Limit {
        /// What held here and then, km/h.
        kmh: f64,
        /// By day, km/h.
        day_kmh: f64,
        /// `kmh` is this part of `day_kmh`.
        factor: f64,
        /// `posted`, `road-class`, `vehicle-class`, `zone`, `caution` or `device`.
        source: String,
        /// Whether the map knows a limit of the road.
        road_known: bool,
    }
    /// A frame as received, decrypted where it was encrypted; `at` and `hex` are those of a recording.
    KeptFrame {
        /// The revision it was first kept for.
        revision: u32,
        /// When it was received.
        at: String,
        /// The frame, `7e…7e`.
        hex: String,
    }
    /// The files that prove an alert.
    AttachmentList {
        /// Those sent for the alert, then those the terminal sent of itself around it.
        items: Vec<Attachment>,
    }
    /// A file of a terminal.
    Attachment {
        /// Its name here, which its path ends in.
        name: String,
        /// `picture`, `audio`, `video`, `text` or `other`.
        kind: String,
        /// What its bytes are, out of a closed list; null while it is not whole.
        media_type: Option<String>,
        /// Camera or microphone: 0 to 37 as in JT/T 1076, 64 driver assistance, 65 driver monitoring.
        channel: Option<u8>,
        /// `partial` or `complete`.
        state: String,
        /// Bytes of the whole file.
        bytes: u32,
        /// Bytes that are here.
        stored_bytes: u64,
        /// SHA-256 in hex digits; null while it is not whole.
        sha256: Option<String>,
        /// When it was whole.
        received_at: Option<String>,
        /// When it was taken; for media a terminal sent of itself.
        taken_at: Option<String>,
        /// What the terminal calls it. Any text at all: show it, use it for nothing.
        terminal_name: String,
    }
    /// People's side of an alert.
    Handling {
        /// `new`, `acknowledged`, `handling`, `handled`, `deferred` or `closed`.
        status: String,
        /// How it ended: `warned`, `penalised`, `dispatched`, `trained`, `no-action` or `false-alarm`.
        result: Option<String>,
        /// Why it was a false alarm: `device`, `algorithm`, `environment`, `map` or `other`.
        reason: Option<String>,
        /// Who has it.
        assignee: Option<String>,
        /// Which department handles it.
        department: Option<String>,
        /// When it was first seen.
        acknowledged_at: Option<String>,
        /// Who saw it.
        acknowledged_by: Option<String>,
        /// When it is due.
        due_at: Option<String>,
        /// Put off until then.
        deferred_until: Option<String>,
        /// `pending`, `upheld` or `rejected`.
        appeal: Option<String>,
        /// One more with each action; send it back as `expected_version`.
        version: u32,
        /// When it last changed.
        updated_at: String,
    }
    /// A page of alerts.
    AlertPage {
        /// Newest first.
        items: Vec<Alert>,
        /// Cursor of the next page.
        next: Option<String>,
        /// With `count=true`: how many match in all, up to 10,000.
        count: Option<u64>,
        /// With `count=true`: false where there are more.
        count_is_exact: Option<bool>,
    }
    /// A vehicle with its latest word.
    Vehicle {
        /// Terminal number.
        terminal: String,
        /// Number plate, empty for a terminal outside the registry.
        plate: String,
        /// Colour of the plate.
        plate_color: String,
        /// Vehicle class; null outside the registry.
        class: Option<String>,
        /// Operator id.
        operator: String,
        /// Operator name.
        operator_name: Option<String>,
        /// Where it is registered.
        division: String,
        /// Route it must keep to.
        route: Option<String>,
        /// Class of dangerous goods.
        hazmat_class: Option<String>,
        /// UN number.
        hazmat_un: Option<String>,
        /// Heard within the last three minutes.
        online: bool,
        /// When the gateway last heard it.
        received_at: Option<String>,
        /// Its newest position.
        position: Option<Position>,
        /// Alarm bits of JT/T 808.
        alarms: u32,
        /// Status bits of JT/T 808.
        status: u32,
        /// Severity of its worst alert that is not cleared.
        worst_open: Option<String>,
        /// How many of its alerts are not cleared.
        open_alerts: u32,
        /// What its terminal has shown of itself; null in lists, and before it has.
        profile: Option<TerminalProfile>,
    }
    /// What a terminal has shown of itself; what it has not is absent.
    TerminalProfile {
        /// Edition of its bodies: `2011`, `2013` or `2019`.
        edition: Option<String>,
        /// Whose variant of T/JSATL 12 its alarm signs follow, such as `jiangsu`.
        dialect: Option<String>,
        /// Province it is registered in, GB/T 2260.
        province: Option<u16>,
        /// Maker.
        maker: Option<String>,
        /// Model.
        model: Option<String>,
        /// Firmware.
        firmware: Option<String>,
        /// IMEI.
        imei: Option<String>,
    }
    /// A page of vehicles.
    VehiclePage {
        /// By terminal.
        items: Vec<Vehicle>,
        /// Cursor of the next page.
        next: Option<String>,
    }
    /// The quality of the data of one vehicle, or of all vehicles of an operator, on one day. A rate is null where there is
    /// nothing to take it of.
    Quality {
        /// Date in China, `2026-01-01`.
        day: String,
        /// Operator id as it was when it was counted; empty outside the registry.
        operator: String,
        /// Terminal number; null for an operator.
        terminal: Option<String>,
        /// Number plate; null for an operator and outside the registry.
        plate: Option<String>,
        /// Vehicles on file now.
        registered: u64,
        /// Of these ever heard up to this day.
        networked: u64,
        /// Heard on this day.
        online: u64,
        /// 车辆入网率: networked of registered.
        networked_rate: Option<f64>,
        /// 车辆上线率: online of networked.
        online_rate: Option<f64>,
        /// Way without a gap, km.
        continuous_km: f64,
        /// Straight way over gaps, km.
        broken_km: f64,
        /// 轨迹完整率: continuous of all way.
        track_rate: Option<f64>,
        /// Position reports with a fix.
        reports: u64,
        /// Of these with a time, place, speed or altitude that can't be.
        invalid: u64,
        /// Reports without a fix.
        unlocated: u64,
        /// 数据合格率: reports that can be.
        valid_rate: Option<f64>,
        /// Fixes further from the one before than anybody drives.
        jumps: u64,
        /// Vehicles that drifted.
        drifted: u64,
        /// 卫星定位漂移车辆率: drifted of online.
        drift_rate: Option<f64>,
        /// 超速次数: of 30 s and more, several inside one minute once.
        overspeeds: u64,
        /// 平均车辆超速次数, over the vehicles online.
        overspeeds_per_vehicle: Option<f64>,
        /// 疲劳驾驶时长: driven past the limit, seconds.
        fatigue_s: u64,
        /// 平均疲劳驾驶时长, over the vehicles online, seconds.
        fatigue_s_per_vehicle: Option<f64>,
        /// 平台查岗响应率: always null, no requests from a platform above are known.
        inspection_rate: Option<f64>,
        /// Alerts raised on this day.
        alerts: u64,
        /// Of these handled or closed.
        handled: u64,
        /// 报警处置率.
        handled_rate: Option<f64>,
        /// Whether that is 90 % or more.
        handled_enough: Option<bool>,
        /// Tampering found: `device-tamper` alerts of severity major and above.
        tampers: u64,
        /// 数据真实: no tampering was found.
        truthful: bool,
        /// Reports with each alarm of the terminal about itself.
        faults: Faults,
        /// Points of the national assessment; null for a vehicle.
        score: Option<QualityScore>,
    }
    /// Reports with each of the alarm bits 4 to 12.
    Faults {
        /// 4: GNSS module.
        gnss: u64,
        /// 5: antenna open or cut.
        antenna_cut: u64,
        /// 6: antenna short.
        antenna_short: u64,
        /// 7: main power low.
        power_low: u64,
        /// 8: main power lost.
        power_lost: u64,
        /// 9: display.
        display: u64,
        /// 10: speech module.
        speech: u64,
        /// 11: camera.
        camera: u64,
        /// 12: card reader.
        card_reader: u64,
    }
    /// Points of the national assessment; null where there was nothing to judge by.
    QualityScore {
        /// Of 5; 0 under 90 %.
        networked: Option<f64>,
        /// Of 5.
        online: Option<f64>,
        /// Of 15; 0 under 70 %.
        track: Option<f64>,
        /// Of 15; 0 under 80 %.
        data: Option<f64>,
        /// Of 10; 0 over 5 %.
        drift: Option<f64>,
        /// Of 20: 10 for the average of all operators, 0 for twice of it.
        overspeeds: Option<f64>,
        /// Of 20: as for speeding.
        fatigue: Option<f64>,
        /// Of 10: always null.
        inspection: Option<f64>,
        /// The sum; 0 where tampering was found.
        total: f64,
        /// The most it could be: the points of all that is not null.
        out_of: f64,
        /// Average over the vehicles online of all operators.
        region_overspeeds_per_vehicle: f64,
        /// The same, seconds.
        region_fatigue_s_per_vehicle: f64,
    }
    /// A page of days.
    QualityPage {
        /// Newest day first, then by terminal or operator.
        items: Vec<Quality>,
        /// Cursor of the next page.
        next: Option<String>,
    }
    /// What a terminal is to do.
    CommandRequest {
        /// An object with its `kind`. Asking: `query-location`, `query-parameters`, `query-some-parameters` (`ids`),
        /// `query-properties`, `query-driver-identity`, `query-recorder` (`command`, `from`, `to`), `query-areas`
        /// (`shape`, `ids`), `search-media`. Telling: `{"kind": "text", "text": "…"}` with `purpose` (`notice`, `service`,
        /// `urgent`), `display`, `speak`. Setting: `{"kind": "set-parameters", "parameters": [{"id": "0055", "value":
        /// "00000050"}]}` (hex digits), `set-recorder`, `track` (`interval_s`, `valid_s`), `{"kind": "confirm-alarm",
        /// "serial": 7, "bits": 1}`. Doing: `control` (`action`: `reset`, `upgrade`, `connect` …), `control-vehicle`
        /// (`doors`: `lock`, `unlock`), `photo`, `record`, `upload-media`, `upload-one`, `request-attachments`. Watching:
        /// `set-circles`, `set-rectangles`, `set-polygon`, `set-route`, `delete-shapes`; or by the map: `{"kind":
        /// "set-areas", "zones": ["…"]}`, `{"kind": "set-routes", "routes": ["…"]}`, `delete-areas` and `delete-routes`
        /// (a list or `"all"`). Those four become several commands and are answered by a page of them, each with
        /// `beyond_m`, how far the terminal's area reaches beyond the map's, and `is_narrow`, a corridor wider than the
        /// 255 m a terminal can be told.
        #[schema(value_type = Object)]
        command: serde_json::Value,
        /// How long it waits for its terminal, seconds: 1 to 604800; a day unless given.
        expires_in_s: Option<u64>,
    }
    /// A command to a terminal and how far it is.
    Command {
        /// A UUID.
        id: String,
        /// Whom it is for.
        terminal: String,
        /// What it asks, as it was sent here.
        #[schema(value_type = Object)]
        command: serde_json::Value,
        /// `queued`, `sent`, `acknowledged`, `failed`, `timed-out` or `cancelled`.
        state: String,
        /// Who asked.
        by: String,
        /// `console` or `api`, or `service` for what the service asks itself.
        via: String,
        /// When it was queued.
        created_at: String,
        /// When it is given up if its terminal hasn't come.
        expires_at: String,
        /// How often it was sent; five times at most.
        attempts: u32,
        /// Serial of the message that carried it last.
        serial: Option<u16>,
        /// The terminal's result: 0 done, 1 failed, 2 wrong message, 3 unsupported.
        result: Option<u8>,
        /// Why it is no further, or ended without success.
        reason: Option<Title>,
        /// The message the terminal answered with, where that says more than a result: `id`, `name`, `body`.
        #[schema(value_type = Option<Object>)]
        answer: Option<serde_json::Value>,
        /// When it last changed.
        updated_at: String,
    }
    /// A page of commands.
    CommandPage {
        /// Newest first.
        items: Vec<Command>,
        /// Cursor of the next page.
        next: Option<String>,
    }
    /// Positions of a vehicle.
    Track {
        /// Oldest first.
        items: Vec<Position>,
        /// Cursor of the next page.
        next: Option<String>,
    }
    /// What happened to an alert.
    Timeline {
        /// Oldest first.
        items: Vec<TimelineEntry>,
        /// Always null.
        next: Option<String>,
    }
    /// What departments got of an alert.
    DeliveryList {
        /// One a department.
        items: Vec<Delivery>,
        /// Always null.
        next: Option<String>,
    }
    /// An alert as one department got it.
    Delivery {
        /// Whose.
        department: String,
        /// `queued`: in the outbox. `delivered`: the broker took it, no receipt is owed. `waiting`: the broker took it, the
        /// department has not said that it has it; it is sent again until then. `received`: the department has it.
        state: String,
        /// The newest revision that the broker took; null before the first.
        revision: Option<u32>,
        /// When it took that for the first time.
        published_at: Option<String>,
        /// How often it took it.
        times_sent: u32,
        /// Since when a receipt is owed; null where none is.
        waiting_since: Option<String>,
        /// The newest revision that the department has said it has.
        received_revision: Option<u32>,
        /// When it said so.
        received_at: Option<String>,
    }
    /// A revision by the engine, or an action by a person.
    TimelineEntry {
        /// When.
        at: String,
        /// Who; empty for the engine.
        by: String,
        /// For which department.
        department: Option<String>,
        /// `console`, `api`, `mqtt`, `809` or `rule`.
        via: String,
        /// An action, or `raised`, `updated`, `cleared`.
        action: String,
        /// A text.
        note: Option<String>,
        /// Status before; null for the engine.
        from: Option<String>,
        /// Status after; null for the engine.
        to: Option<String>,
    }
    /// The rules in force.
    RuleList {
        /// What holds for all first (`common`, `quality`), then every rule.
        items: Vec<Rule>,
        /// Always null.
        next: Option<String>,
        /// Names the settings in force; alerts carry it.
        version: String,
        /// Whether a change needs a second person.
        two_person: bool,
    }
    /// Changes of the rules.
    RuleChangePage {
        /// Newest first.
        items: Vec<RuleChange>,
        /// Cursor of the next page.
        next: Option<String>,
    }
    /// A change of the rules.
    RuleChange {
        /// Its number.
        id: u64,
        /// `pending`, `in-force` or `rejected`.
        state: String,
        /// When it was asked for.
        at: String,
        /// Who asked.
        by: String,
        /// `console` or `api`.
        via: String,
        /// Why.
        note: String,
        /// What is to hold, by rule and key; null: what the configuration says.
        changes: serde_json::Value,
        /// What held before, in the same shape.
        before: serde_json::Value,
        /// When it was decided.
        decided_at: Option<String>,
        /// Who decided.
        decided_by: Option<String>,
        /// Why so.
        decision_note: Option<String>,
    }
    /// What is to hold.
    RuleChangeRequest {
        /// By rule and key, such as `{"speeding": {"hold": "20s"}}`; null: back to what the configuration says.
        changes: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
        /// Why, 1 to 2,000 characters.
        note: String,
    }
    /// What is to be tried.
    TrialRequest {
        /// As of a change.
        changes: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
        /// From when on frames were received; a day before `to` unless told.
        from: Option<String>,
        /// Until before when, at most 7 days later; the beginning of today in China unless told.
        to: Option<String>,
    }
    /// A trial of rules; counts and samples are there once it is done.
    RuleTrial {
        /// Its number.
        id: u64,
        /// What is tried.
        changes: serde_json::Value,
        /// From when on.
        from: String,
        /// Until before when.
        to: String,
        /// Who asked.
        by: String,
        /// Names the rules it is compared with.
        rules_version: String,
        /// `running`, `done`, `failed` or `cancelled`.
        state: String,
        /// Why it failed.
        reason: Option<String>,
        /// From 0 to 1.
        progress: f64,
        /// Frames judged so far.
        frames: u64,
        /// Alerts that only the changed rules raise.
        gained: u64,
        /// Alerts that only the rules in force raise.
        lost: u64,
        /// Alerts of both that are not alike.
        changed: u64,
        /// By rule.
        by_rule: Vec<RuleTrialCount>,
        /// At most 50 of each kind, by time.
        samples: Vec<RuleTrialSample>,
    }
    /// Alerts of one rule.
    RuleTrialCount {
        /// Rule id.
        rule: String,
        /// Under the rules in force.
        before: u64,
        /// Under the changed ones.
        after: u64,
        /// Only under the changed ones.
        gained: u64,
        /// Only under those in force.
        lost: u64,
        /// Under both, not alike.
        changed: u64,
    }
    /// One difference.
    RuleTrialSample {
        /// `gained`, `lost` or `changed`.
        what: String,
        /// What differs in a changed one.
        fields: Vec<String>,
        /// An alert without handling and positions.
        alert: serde_json::Value,
        /// A changed one under the rules in force.
        before: Option<serde_json::Value>,
    }
    /// A decision on a change that waits.
    RuleDecisionRequest {
        /// Whether it comes into force.
        approve: bool,
        /// Why, up to 2,000 characters.
        note: String,
    }
    /// A rule and its settings.
    Rule {
        /// Its id; `common` and `quality` are no rules.
        id: String,
        /// Chinese.
        title_zh: String,
        /// English.
        title_en: String,
        /// Whether it runs; null for what is no rule.
        enabled: Option<bool>,
        /// What its alerts may rest on.
        basis: Vec<Basis>,
        /// Who its alerts may go to.
        departments: Vec<String>,
        /// Every setting.
        settings: Vec<RuleSetting>,
        /// What is set otherwise for some vehicles.
        overrides: Vec<RuleOverride>,
        /// Whether a figure in force is not the default.
        changed: bool,
    }
    /// A setting of a rule.
    RuleSetting {
        /// Its key.
        key: String,
        /// `acceleration`, `angle`, `boolean`, `choice`, `choices`, `count`, `displacement`, `distance`, `duration`, `hours`,
        /// `hours-list`, `share`, `speed` or `texts`.
        kind: String,
        /// In force.
        value: serde_json::Value,
        /// What holds where nothing is set.
        default: serde_json::Value,
        /// Whether the two differ.
        changed: bool,
        /// `file` or `console`; null where nothing is set.
        set_by: Option<String>,
        /// Of a number: `km/h`, `m`, `mm`, `m/s²` or `°`.
        unit: Option<String>,
        /// The least: a number, or a duration.
        min: serde_json::Value,
        /// The most.
        max: serde_json::Value,
        /// What there is to choose from.
        choices: Vec<String>,
        /// Chinese.
        title_zh: String,
        /// English.
        title_en: String,
        /// The law that gives the default; null for a figure of ours.
        law: Option<String>,
    }
    /// Settings for some vehicles only; all that is not null must fit.
    RuleOverride {
        /// Vehicle class.
        class: Option<String>,
        /// Operator id.
        operator: Option<String>,
        /// First digits of the division.
        division: Option<String>,
        /// Terminal number.
        terminal: Option<String>,
        /// The keys that differ from what holds for all.
        values: serde_json::Value,
    }
    /// What a reload put into force.
    Reloaded {
        /// Names all of it.
        version: String,
        /// Names the settings of the rules; alerts carry it.
        rules_version: String,
        /// Names the map; alerts carry it. Empty without any file about places.
        map_version: String,
        /// Every change in words, such as `speeding.hold 30s → 10s`.
        changes: Vec<String>,
    }
    /// The newest rows of the audit log.
    AuditPage {
        /// Newest first.
        items: Vec<AuditEntry>,
        /// Where to go on.
        next: Option<String>,
    }
    /// Numbers that are not on file.
    StrangerList {
        /// Newest first; at most 1,000.
        items: Vec<Stranger>,
        /// Always null.
        next: Option<String>,
    }
    /// A number that is not on file and was refused.
    Stranger {
        /// As its messages have it.
        number: String,
        /// The plate it registered with; empty where it did not register. So are the next two.
        plate: String,
        /// The terminal id it registered with.
        device: String,
        /// The maker it registered with.
        maker: String,
        /// Where it came from last.
        address: String,
        /// When it came first.
        first_at: String,
        /// When it came last.
        last_at: String,
        /// How many messages of it were refused.
        tries: u64,
    }
    /// What was suspicious.
    SecurityEventList {
        /// Newest first; at most 1,000.
        items: Vec<SecurityEvent>,
        /// Always null.
        next: Option<String>,
    }
    /// Suspicious messages of one kind under one number.
    SecurityEvent {
        /// `cloned-terminal`, `device-changed`, `foreign-number`, `frame-flood`, `unauthenticated` or `wrong-code`.
        kind: String,
        /// Whose number was used; null where nobody's was.
        terminal: Option<String>,
        /// Its vehicle's plate, where it is on file.
        plate: Option<String>,
        /// Where they came from, the newest last; at most four.
        addresses: Vec<String>,
        /// The first.
        first_at: String,
        /// The newest.
        last_at: String,
        /// How many.
        count: u64,
    }
    /// A new password.
    PasswordChange {
        /// As it is.
        old: String,
        /// As it shall be: long enough, and nothing that is guessed first.
        new: String,
    }
    /// Sessions.
    SessionList {
        /// Newest first.
        items: Vec<Session>,
        /// Always null.
        next: Option<String>,
    }
    /// A browser that is signed in.
    Session {
        /// Names it.
        id: String,
        /// Whose.
        name: String,
        /// When it began.
        started_at: String,
        /// When it ends at the latest; left alone it ends before.
        expires_at: String,
        /// Where it came from.
        address: String,
        /// What the browser calls itself.
        agent: String,
        /// Whether it is the one that asks.
        current: bool,
    }
    /// Kept filters.
    ViewList {
        /// By name.
        items: Vec<View>,
        /// Always null.
        next: Option<String>,
    }
    /// A kept filter.
    View {
        /// What its owner calls it.
        name: String,
        /// The query part of an address.
        query: String,
        /// When it was kept.
        updated_at: String,
    }
    /// A filter to keep.
    ViewRequest {
        /// The query part of an address, at most 2000 characters.
        query: String,
    }
    /// People's accounts.
    UserList {
        /// By name.
        items: Vec<User>,
        /// Always null.
        next: Option<String>,
    }
    /// A person's account.
    User {
        /// Name to sign in with.
        name: String,
        /// See `Me`.
        role: String,
        /// The department it belongs to.
        department: Option<String>,
        /// Operators whose vehicles it sees.
        operators: Vec<String>,
        /// Divisions it sees.
        divisions: Vec<String>,
    }
    /// An account to make.
    UserRequest {
        /// Name to sign in with, 1 to 64 characters.
        name: String,
        /// See `Me`.
        role: String,
        /// Needed for the role department.
        department: Option<String>,
        /// Needed for the role operator.
        operators: Option<Vec<String>>,
        /// Without operators and divisions: all.
        divisions: Option<Vec<String>>,
        /// At least 10 characters, and not the name.
        password: String,
    }
    /// An account as it shall be.
    UserChange {
        /// See `Me`.
        role: String,
        /// Needed for the role department.
        department: Option<String>,
        /// Needed for the role operator.
        operators: Option<Vec<String>>,
        /// Without operators and divisions: all.
        divisions: Option<Vec<String>>,
        /// Only where it shall change.
        password: Option<String>,
    }
    /// Programs' tokens.
    TokenList {
        /// By name.
        items: Vec<Token>,
        /// Always null.
        next: Option<String>,
    }
    /// A program's token, without its secret.
    Token {
        /// What it is for.
        name: String,
        /// See `Me`.
        role: String,
        /// The department it belongs to.
        department: Option<String>,
        /// Operators whose vehicles it sees.
        operators: Vec<String>,
        /// Divisions it sees.
        divisions: Vec<String>,
        /// When it was made, where that is known.
        created_at: Option<String>,
        /// By whom, where that is known.
        created_by: Option<String>,
    }
    /// A token to make.
    TokenRequest {
        /// What it is for, 1 to 64 characters.
        name: String,
        /// See `Me`.
        role: String,
        /// Needed for the role department.
        department: Option<String>,
        /// Needed for the role operator.
        operators: Option<Vec<String>>,
        /// Without operators and divisions: all.
        divisions: Option<Vec<String>>,
    }
    /// A token, shown this once.
    NewToken {
        /// Send it as `Authorization: Bearer TOKEN`.
        token: String,
        /// What it is for.
        name: String,
        /// See `Me`.
        role: String,
        /// The department it belongs to.
        department: Option<String>,
        /// Operators whose vehicles it sees.
        operators: Vec<String>,
        /// Divisions it sees.
        divisions: Vec<String>,
        /// When it was made.
        created_at: String,
        /// By whom.
        created_by: String,
    }
    /// Something that was done.
    AuditEntry {
        /// When.
        at: String,
        /// Who: a user, a token's name, or the signal's.
        by: String,
        /// `console`, `api`, `mqtt`, `809`, `rule` or `service`.
        via: String,
        /// An action on an alert, `start`, `reload` or `reload-refused`.
        action: String,
        /// On what: an alert's id, or the version of the reference data.
        subject: String,
        /// More, for people.
        detail: String,
    }
    /// An action on an alert.
    ActionRequest {
        /// `acknowledge`, `unacknowledge`, `assign`, `comment`, `remind`, `dispatch`, `handle`, `false-alarm`, `defer`, `close`, `reopen`, `appeal` or `decide-appeal`.
        action: String,
        /// Why, for people; at most 2,000 characters.
        note: Option<String>,
        /// How it ended; for `decide-appeal` `upheld` or `rejected`.
        result: Option<String>,
        /// Why it was a false alarm.
        reason: Option<String>,
        /// Whom it is assigned to.
        assignee: Option<String>,
        /// Until when it is deferred or due.
        until: Option<String>,
        /// The version the caller saw; another one answers 409.
        expected_version: Option<u32>,
        /// The same one twice acts once.
        request_id: Option<String>,
    }
    /// One action on many alerts.
    BulkRequest {
        /// As of one action.
        action: String,
        /// As of one action.
        note: Option<String>,
        /// As of one action.
        result: Option<String>,
        /// As of one action.
        reason: Option<String>,
        /// As of one action.
        assignee: Option<String>,
        /// As of one action.
        until: Option<String>,
        /// At most 1,000.
        ids: Option<Vec<String>>,
        /// Instead of `ids`: filters as of the list, each a text or a list of texts. At most 1,000 alerts may match.
        filter: Option<BTreeMap<String, serde_json::Value>>,
        /// How many matched when the person looked; when more do now, 409 `count-changed`.
        count_seen: Option<u64>,
    }
    /// How many alerts match, each number up to 10,000.
    AlertSummary {
        /// All.
        total: u64,
        /// By severity.
        by_severity: BTreeMap<String, u64>,
        /// By the status of the handling.
        by_handling: BTreeMap<String, u64>,
        /// By rule, those with any.
        by_rule: BTreeMap<String, u64>,
    }
    /// The fleet by division and operator.
    FleetTree {
        /// By rising number.
        divisions: Vec<FleetDivision>,
    }
    /// The vehicles registered in one division.
    FleetDivision {
        /// Six digits of GB/T 2260; `000000` for terminals outside the registry.
        division: String,
        /// Null: no table of divisions is on file.
        name_zh: Option<String>,
        /// The same.
        name_en: Option<String>,
        /// Vehicles.
        total: u64,
        /// Heard within the last three minutes.
        online: u64,
        /// By rising id.
        operators: Vec<FleetOperator>,
    }
    /// The vehicles of one operator in one division.
    FleetOperator {
        /// Its id; empty for terminals outside the registry.
        operator: String,
        /// Its name.
        name: Option<String>,
        /// Vehicles.
        total: u64,
        /// Heard within the last three minutes.
        online: u64,
        /// The worst alert of any of them whose condition holds.
        worst_open: Option<String>,
    }
    /// What to look for.
    SearchRequest {
        /// Part of a plate, terminal number, name, certificate or id; 1 to 40 characters.
        q: String,
    }
    /// At most 20 of each kind.
    Found {
        /// By plate or terminal number.
        vehicles: Vec<FoundVehicle>,
        /// By name or id.
        operators: Vec<FoundOperator>,
        /// By name or certificate.
        drivers: Vec<FoundDriver>,
        /// By name or id.
        zones: Vec<FoundZone>,
    }
    /// A vehicle.
    FoundVehicle {
        /// Terminal number.
        terminal: String,
        /// Number plate, empty for a terminal outside the registry.
        plate: String,
        /// Vehicle class; null outside the registry.
        class: Option<String>,
        /// Operator id.
        operator: String,
    }
    /// An operator.
    FoundOperator {
        /// Its id.
        operator: String,
        /// Its name.
        name: String,
        /// Where it is registered.
        division: String,
    }
    /// A driver, escort or carer.
    FoundDriver {
        /// Number of the certificate.
        certificate: String,
        /// As on the certificate.
        name: String,
        /// Employer.
        operator: String,
        /// As what.
        role: String,
    }
    /// A zone.
    FoundZone {
        /// Its id.
        id: String,
        /// Its kind.
        kind: String,
        /// Its Chinese name.
        name_zh: String,
        /// Its English name.
        name_en: String,
    }
    /// What became of each.
    BulkAnswer {
        /// In the order asked.
        items: Vec<BulkItem>,
    }
    /// What became of one.
    BulkItem {
        /// The alert.
        id: String,
        /// Whether it was done.
        ok: bool,
        /// Why not.
        problem: Option<Problem>,
        /// The handling now.
        handling: Option<Handling>,
    }
    /// How many alerts by a key, within what the caller sees.
    AlertCounts {
        /// The first moment counted.
        from: String,
        /// The first moment no longer counted.
        to: String,
        /// `rule`, `severity`, `hour`, `day`, `operator`, `division` or `class`.
        by: String,
        /// Whether there are more than 1,000 keys; those with most alerts are shown.
        more: bool,
        /// Hours and days rise; of others the one with most alerts comes first.
        items: Vec<AlertCount>,
    }
    /// How many alerts, and what became of them.
    AlertCount {
        /// Rule, severity, hour `00` to `23` or day of China, operator, division, class.
        key: String,
        /// Its Chinese name; the key where it has none.
        name_zh: String,
        /// Its English name; the key where it has none.
        name_en: String,
        /// All.
        total: u64,
        /// By severity.
        critical: u64,
        /// By severity.
        major: u64,
        /// By severity.
        minor: u64,
        /// By severity.
        info: u64,
        /// Whose condition still holds.
        open: u64,
        /// Handled or closed by people, false alarms among them.
        handled: u64,
        /// Found to be none.
        false_alarm: u64,
        /// Handled before the moment a result was due, or with no such moment set.
        due_handled: u64,
    }
    /// What a month is assessed by.
    Indicators {
        /// The month of China.
        month: String,
        /// Whose; null: of all operators that are seen, added up.
        operator: Option<String>,
        /// Ten.
        items: Vec<Indicator>,
        /// Points; null where there is nothing to judge by; 0 where data were found to be false.
        score: Option<f64>,
        /// The most the score could be.
        out_of: f64,
        /// What has to be known to read it, Chinese.
        note_zh: String,
        /// The same in English.
        note_en: String,
    }
    /// One of the ten.
    Indicator {
        /// `networked`, `online`, `track`, `data`, `drift`, `overspeeds`, `fatigue`, `inspection`, `truthful`, `handled`.
        id: String,
        /// Chinese name.
        name_zh: String,
        /// English name.
        name_en: String,
        /// Null where there are no data.
        value: Option<f64>,
        /// `share` (0 to 1), `times-per-vehicle`, `seconds-per-vehicle` or `times`.
        unit: String,
        /// Points.
        score: Option<f64>,
        /// The most points; null where it has none of its own.
        weight: Option<f64>,
        /// What it is counted from, Chinese.
        basis_zh: String,
        /// The same in English.
        basis_en: String,
    }
    /// Operators.
    OperatorPage {
        /// By id.
        items: Vec<OperatorNow>,
        /// Cursor of the next page.
        next: Option<String>,
    }
    /// An operator and how its vehicles stand.
    OperatorNow {
        /// Its id.
        operator: String,
        /// Its name.
        name: String,
        /// Where it is registered.
        division: String,
        /// On file.
        vehicles: u64,
        /// Heard within the last three minutes.
        online: u64,
        /// Whose condition holds.
        open_alerts: u64,
        /// The gravest of them.
        worst_open: Option<String>,
    }
    /// Drivers, escorts and carers.
    DriverPage {
        /// By operator and certificate.
        items: Vec<Driver>,
        /// Cursor of the next page.
        next: Option<String>,
    }
    /// Somebody with a certificate.
    Driver {
        /// Its number; `…101X` to those who need no more.
        certificate: String,
        /// As on the certificate.
        name: String,
        /// Employer.
        operator: String,
        /// Its name; null where it is not on file.
        operator_name: Option<String>,
        /// `driver`, `escort` or `carer`.
        role: String,
        /// Classes of vehicle it is for.
        classes: Vec<String>,
        /// The first moment it is no longer valid.
        valid_until: String,
        /// Whether it is valid now.
        valid: bool,
    }
    /// What goes out of the service.
    Feeds {
        /// The broker.
        broker: FeedBroker,
        /// Accounts of the embedded broker by rising name; empty with a broker outside, which tells nobody.
        accounts: Vec<FeedAccount>,
        /// Messages on their way.
        outbox: FeedOutbox,
        /// Departments that take so many messages a second, and no others.
        held: Vec<FeedHeld>,
        /// Departments that owe receipts, and no others.
        receipts: Vec<FeedReceipts>,
        /// Null where positions go into the embedded store only.
        influxdb: Option<FeedInfluxdb>,
    }
    /// The broker that alerts are published on.
    FeedBroker {
        /// `embedded` or `external`.
        mode: String,
        /// Whether it is connected now.
        connected: bool,
        /// Connections after the first, since the service started.
        reconnects: u64,
    }
    /// An account of the embedded broker.
    FeedAccount {
        /// The user name; empty for those who give none.
        name: String,
        /// Whose messages it reads; null for those who give no name.
        department: Option<String>,
        /// Connections now.
        connections: u64,
        /// When one of its connections began or ended last; null: not since the service started.
        seen_at: Option<String>,
    }
    /// Messages on their way to the broker.
    FeedOutbox {
        /// Not published yet.
        waiting: u64,
        /// How old the oldest of them is, seconds.
        oldest_s: f64,
        /// Published since the service started.
        published: u64,
    }
    /// What waits because a department takes no more a second.
    FeedHeld {
        /// Which.
        department: String,
        /// Messages, as they were counted up to ten seconds ago.
        waiting: u64,
    }
    /// What a department has not said that it has.
    FeedReceipts {
        /// Which.
        department: String,
        /// Alerts without a receipt.
        waiting: u64,
        /// How old the oldest of them is, seconds.
        oldest_s: Option<f64>,
    }
    /// The time series database outside.
    FeedInfluxdb {
        /// What is kept on disk for it, bytes.
        spool_bytes: u64,
        /// Lines written since the service started.
        written: Option<u64>,
        /// Lines dropped because the spool was full or the database refused them.
        dropped: Option<u64>,
        /// Writes that failed and are tried again.
        failures: Option<u64>,
    }
    /// All that is known over a time, within what the caller sees.
    Dossier {
        /// The vehicle, operator or driver as its list shows it.
        subject: serde_json::Value,
        /// The first moment.
        from: String,
        /// The first moment no longer in it.
        to: String,
        /// All alerts.
        totals: DossierTotals,
        /// By rule, most alerts first.
        by_rule: Vec<DossierRule>,
        /// By month of China, rising; months without alerts are left out.
        by_month: Vec<DossierMonth>,
        /// What people did.
        handling: DossierHandling,
        /// The quality of its data; null for a driver, and where there are none.
        quality: Option<DossierQuality>,
        /// The ten gravest, of equals the newest first.
        worst: Vec<Alert>,
        /// Of an operator: on file.
        vehicles: Option<u64>,
        /// Of an operator: on file.
        drivers: Option<u64>,
    }
    /// Alerts, and what became of them.
    DossierTotals {
        /// All.
        alerts: u64,
        /// Whose condition holds.
        open: u64,
        /// Handled or closed by people.
        handled: u64,
        /// Found to be none.
        false_alarm: u64,
        /// Reported too late to count as live.
        late: u64,
    }
    /// The alerts of a rule.
    DossierRule {
        /// Which.
        rule: String,
        /// All.
        total: u64,
        /// By severity.
        critical: u64,
        /// By severity.
        major: u64,
        /// By severity.
        minor: u64,
        /// By severity.
        info: u64,
        /// Handled or closed by people.
        handled: u64,
        /// Found to be none.
        false_alarm: u64,
    }
    /// The alerts of a month.
    DossierMonth {
        /// Such as `2026-11`.
        month: String,
        /// All.
        total: u64,
        /// By rule.
        by_rule: BTreeMap<String, u64>,
    }
    /// The share of alerts that people handled.
    DossierHandling {
        /// To be handled: all.
        due: u64,
        /// Handled or closed.
        handled: u64,
        /// Of those due; null where there are none.
        rate: Option<f64>,
        /// What the law asks for.
        target: f64,
    }
    /// The quality of data over the time.
    DossierQuality {
        /// Vehicles heard.
        online: u64,
        /// Known way.
        continuous_km: f64,
        /// Way over gaps.
        broken_km: f64,
        /// Of all way, what is known.
        track_rate: Option<f64>,
        /// Position reports.
        reports: u64,
        /// Of these with data that can't be.
        invalid: u64,
        /// Of all reports, those that can be.
        valid_rate: Option<f64>,
        /// Of vehicles heard, those that drifted.
        drift_rate: Option<f64>,
        /// Jumps of the position.
        jumps: u64,
        /// Times.
        overspeeds: u64,
        /// The same a vehicle heard.
        overspeeds_per_vehicle: Option<f64>,
        /// Driven past the limit of driving time.
        fatigue_s: u64,
        /// The same a vehicle heard.
        fatigue_s_per_vehicle: Option<f64>,
        /// Lies found.
        tampers: u64,
        /// Whether there are none.
        truthful: bool,
    }
    /// Bridges and tunnels with a monitor.
    StructureList {
        /// By id.
        items: Vec<Structure>,
        /// Always null.
        next: Option<String>,
    }
    /// A bridge or tunnel with a monitor.
    Structure {
        /// The zone's id.
        id: String,
        /// The zone; null where the map has none of this id any more.
        zone: Option<ZoneLabel>,
        /// Six digits of GB/T 2260.
        division: Option<String>,
        /// Closed since when; null: open.
        closed_at: Option<String>,
        /// What it is closed for: 2 to dangerous goods, 3 to all.
        closed_level: Option<u8>,
        /// The newest reading.
        last: Option<StructureReading>,
        /// When a person last opened it.
        reopened_at: Option<String>,
        /// Who that was.
        reopened_by: Option<String>,
    }
    /// A reading of a monitor.
    StructureReading {
        /// When it was measured.
        at: String,
        /// Millimetres.
        displacement_mm: f64,
        /// 0 to 3: the monitor's own, or by the figure.
        level: u8,
    }
    /// Why a structure is opened again.
    ReopenRequest {
        /// For the audit log, 1 to 2,000 characters.
        note: String,
    }
    /// A camera saw a plate.
    SightingRequest {
        /// The plate without blanks, 1 to 16 characters.
        plate: String,
        /// `blue`, `yellow`, `black`, `white`, `green`, `yellow-green` or `other`.
        color: String,
        /// When, RFC 3339.
        at: String,
        /// Degrees, WGS-84.
        lon: f64,
        /// Degrees, WGS-84.
        lat: f64,
        /// Which camera, 1 to 128 characters.
        camera: String,
    }
    /// A page of the list of major dangers.
    DangerPage {
        /// The highest numbers first.
        items: Vec<Danger>,
        /// The cursor of the next page.
        next: Option<String>,
        /// With `count=true`: how many fit, up to 10,000.
        count: Option<u64>,
        /// With `count=true`: whether there are no more than that.
        count_is_exact: Option<bool>,
    }
    /// An entry of the list of major dangers.
    Danger {
        /// `MD-2026-000123`: the year in China it was listed in, and a count.
        id: String,
        /// One line.
        title: String,
        /// Which article makes it a danger.
        category: String,
        /// `major` or `general`.
        level: String,
        /// What it rests on.
        source: DangerSource,
        /// Operator id.
        operator: String,
        /// Terminal number, where it is about one vehicle.
        terminal: Option<String>,
        /// Certificate number, where it is about one driver.
        driver: Option<String>,
        /// Six digits of GB/T 2260; empty where unknown.
        division: String,
        /// When it was found.
        discovered_at: String,
        /// When it was listed.
        created_at: String,
        /// `open`, `assigned`, `rectifying`, `closing` or `closed`.
        status: String,
        /// Who has to put it right.
        assigned_to: Option<DangerUnit>,
        /// Since when.
        assigned_at: Option<String>,
        /// Until when.
        due_at: Option<String>,
        /// Whether that is past and it is not closed.
        overdue: bool,
        /// 0; 1 once overdue, one more each 24 hours.
        escalation: u32,
        /// What is done about it.
        measures: Option<String>,
        /// Who asked for closing.
        requested_by: Option<String>,
        /// Who took part in putting it right: none of them may close it.
        handled_by: Vec<String>,
        /// Who inspected and closed it.
        inspector: Option<String>,
        /// When.
        closed_at: Option<String>,
        /// When and where it was announced, oldest first.
        announced: Vec<DangerAnnounced>,
        /// The two reports.
        reports: DangerReports,
        /// 0 when listed, one more with each change.
        version: u32,
        /// When it changed last.
        updated_at: String,
    }
    /// What an entry rests on.
    DangerSource {
        /// `manual`, `alert` or `trigger`.
        kind: String,
        /// The rule of its alerts, where they have one.
        rule: Option<String>,
        /// Alerts that show it, at most 100.
        alert_ids: Vec<String>,
        /// `handling-rate`, `speeding-count`, `handling-slips` or `unhandled-month`, where the service found it.
        trigger: Option<String>,
    }
    /// Who has to put it right.
    DangerUnit {
        /// The responsible unit.
        unit: String,
        /// The responsible person.
        person: Option<String>,
    }
    /// That an entry was announced.
    DangerAnnounced {
        /// When.
        at: String,
        /// In which bulletin; null: by itself.
        bulletin: Option<String>,
    }
    /// When the two reports were made.
    DangerReports {
        /// To the department in charge.
        department_at: Option<String>,
        /// To the congress of the staff.
        congress_at: Option<String>,
    }
    /// The story of an entry.
    DangerTimeline {
        /// Oldest first.
        items: Vec<DangerStep>,
        /// Always null.
        next: Option<String>,
    }
    /// A step of an entry.
    DangerStep {
        /// When.
        at: String,
        /// Who; `dangers` for the service.
        by: String,
        /// `console`, `api` or `service`.
        via: String,
        /// An action, or `create`, `evidence`, `escalate`, `bulletin`.
        action: String,
        /// A text.
        note: Option<String>,
        /// Status before; null when it was listed.
        from: Option<String>,
        /// Status after.
        to: String,
        /// What was given with it.
        detail: BTreeMap<String, serde_json::Value>,
    }
    /// A danger to be listed. What alerts or a vehicle tell need not be given.
    DangerRequest {
        /// One line, at most 200 characters.
        title: String,
        /// Which article makes it a danger, at most 200 characters.
        category: Option<String>,
        /// `major`, the default, or `general`.
        level: Option<String>,
        /// Alerts that show it, at most 100, all of one operator.
        alert_ids: Option<Vec<String>>,
        /// Operator id.
        operator: Option<String>,
        /// Terminal number.
        terminal: Option<String>,
        /// Certificate number.
        driver: Option<String>,
        /// When it was found, RFC 3339; now by default.
        discovered_at: Option<String>,
        /// At most 2,000 characters.
        note: Option<String>,
    }
    /// Bulletins about major dangers.
    BulletinList {
        /// Newest first.
        items: Vec<BulletinTitle>,
        /// Always null.
        next: Option<String>,
    }
    /// A bulletin without its contents.
    BulletinTitle {
        /// `TB-2026-11-01`: the month and the issue.
        id: String,
        /// `2026-11`, in China.
        month: String,
        /// When it was made.
        at: String,
        /// By whom.
        by: String,
        /// A text.
        note: Option<String>,
    }
    /// A bulletin; it says what was true when it was made, as far as the caller may see.
    Bulletin {
        /// `TB-2026-11-01`: the month and the issue.
        id: String,
        /// `2026-11`, in China.
        month: String,
        /// When it was made.
        at: String,
        /// By whom.
        by: String,
        /// A text.
        note: Option<String>,
        /// Where the month begins.
        from_at: String,
        /// Where it ends, or when the bulletin was made if that was earlier.
        to_at: String,
        /// Of all that is shown.
        totals: BulletinSums,
        /// By operator id.
        operators: Vec<BulletinOperator>,
        /// By number, at most 5,000.
        items: Vec<BulletinItem>,
    }
    /// How many; one entry may count several times.
    BulletinSums {
        /// Listed in the month.
        new: u32,
        /// Closed in the month.
        closed: u32,
        /// Overdue at its end.
        overdue: u32,
    }
    /// The counts of one operator.
    BulletinOperator {
        /// Operator id.
        operator: String,
        /// Listed in the month.
        new: u32,
        /// Closed in the month.
        closed: u32,
        /// Overdue at its end.
        overdue: u32,
    }
    /// An entry as a bulletin shows it.
    BulletinItem {
        /// Its number.
        id: String,
        /// Why it is here: `new`, `closed`, `overdue`.
        parts: Vec<String>,
        /// One line.
        title: String,
        /// Which article makes it a danger.
        category: String,
        /// `major` or `general`.
        level: String,
        /// Operator id.
        operator: String,
        /// Six digits of GB/T 2260; empty where unknown.
        division: String,
        /// How far it was.
        status: String,
        /// When it was listed.
        created_at: String,
        /// Until when it was to be put right.
        due_at: Option<String>,
        /// When it was closed.
        closed_at: Option<String>,
    }
    /// A bulletin to be made.
    BulletinRequest {
        /// `2026-11`, a month in China that has begun.
        month: String,
        /// At most 2,000 characters.
        note: Option<String>,
    }
    /// A step of an entry.
    DangerActionRequest {
        /// `assign`, `progress`, `report`, `extend`, `request-close`, `close`, `return`, `announce`, `comment` or `reopen`.
        action: String,
        /// At most 2,000 characters.
        note: Option<String>,
        /// For `assign`: the responsible unit.
        unit: Option<String>,
        /// For `assign`: the responsible person.
        person: Option<String>,
        /// For `assign` and `extend`: until when.
        due_at: Option<String>,
        /// For `progress` and `request-close`: what is done about it.
        measures: Option<String>,
        /// For `report`: `department` or `congress`.
        which: Option<String>,
        /// The version the caller saw; another one answers 409.
        expected_version: Option<u32>,
    }
    /// A refusal (RFC 9457).
    Problem {
        /// `urn:roadwarden:problem:…`.
        r#type: String,
        /// The status in words.
        title: String,
        /// The status.
        status: u16,
        /// What is wrong and what was expected.
        detail: String,
        /// Which parameter or member.
        errors: Option<Vec<Fault>>,
        /// With 409: the handling as it is now.
        handling: Option<Handling>,
        /// With 409: the entry as it is now.
        danger: Option<Danger>,
    }
    /// A parameter or member that is wrong.
    Fault {
        /// `query/limit`, `body/action`.
        pointer: String,
        /// What is wrong with it.
        detail: String,
    }
    /// A name and its password.
    SignIn {
        /// User name.
        name: String,
        /// Password.
        password: String,
        /// Of the authenticator app, or one on paper; asked for by the refusal `second-factor-needed`.
        code: Option<String>,
    }
    /// Proof that it is really the person.
    FactorProof {
        /// Password.
        password: String,
        /// Where there is a second factor already: its code.
        code: Option<String>,
    }
    /// What an authenticator app shows.
    FactorCode {
        /// Six digits.
        code: String,
    }
    /// A second factor as it stands.
    SecondFactorState {
        /// Whether it is asked for on signing in.
        is_on: bool,
        /// When it was set up.
        since_at: Option<String>,
        /// Codes on paper that are left.
        recovery_codes_left: u64,
        /// Whether the role needs one.
        is_needed: bool,
    }
    /// What an authenticator app is given, shown this once.
    NewSecondFactor {
        /// In base 32, to be typed.
        secret: String,
        /// `otpauth://totp/…`
        uri: String,
        /// The same as a QR code, SVG.
        qr_svg: String,
    }
    /// Codes on paper, shown this once; each signs in once.
    RecoveryCodes {
        /// Ten of them.
        recovery_codes: Vec<String>,
    }
    /// A one-time ticket.
    Ticket {
        /// As printed by the demo.
        ticket: String,
    }
    /// Who is asking.
    Me {
        /// User or token name.
        name: String,
        /// `duty`, `supervisor`, `department`, `police`, `operator`, `analyst`, `admin` or `auditor`.
        role: String,
        /// The operator whose vehicles are seen, where it is one only.
        operator: Option<String>,
        /// The operators whose vehicles are seen; with no division either: all.
        operators: Vec<String>,
        /// The divisions that are seen: 2, 4 or 6 digits, everything that begins so.
        divisions: Vec<String>,
        /// The department it belongs to.
        department: Option<String>,
        /// Whether this is the demo.
        demo: bool,
        /// What it may do to an alert.
        actions: Vec<String>,
        /// What it may do at all: each route names the right it needs as `x-right`.
        rights: Vec<String>,
        /// Whether there is a second factor.
        second_factor: bool,
        /// What has to be done before anything else: `change-password` or `set-up-second-factor`.
        must: Option<String>,
        /// Whether who asks where a vehicle was has to say why, as `reason`.
        track_reason: bool,
    }
    /// Readiness, check by check.
    Readiness {
        /// Whether all checks are well.
        ready: bool,
        /// Each check by its name.
        checks: BTreeMap<String, bool>,
    }
    /// A zone or a route, with the properties of its reference file besides.
    MapPlace {
        /// Its id.
        id: String,
        /// GeoJSON, WGS-84.
        geometry: serde_json::Value,
        /// `file`, or `console`: drawn or closed there.
        source: String,
        /// Whether a file has one of this id too.
        in_file: bool,
        /// Closed in the console: it is in a file and does not hold.
        closed: bool,
        /// 0 where it stands in a file alone, otherwise the revision of the console's map that changed it last.
        version: u64,
        /// When it was changed last.
        updated_at: Option<String>,
        /// By whom.
        updated_by: Option<String>,
        /// Zones: what it is.
        kind: Option<String>,
        /// Zones: Chinese name.
        name_zh: Option<String>,
        /// Zones: English name.
        name_en: Option<String>,
        /// Zones: six digits of GB/T 2260.
        division: Option<String>,
        /// Zones: the classes it restricts; empty: all.
        classes: Option<Vec<String>>,
        /// Zones: only these dangerous goods.
        hazmat_classes: Option<Vec<String>>,
        /// Zones: only these UN numbers.
        hazmat_un: Option<Vec<String>>,
        /// Tunnels: the category, `B` to `E`.
        tunnel_category: Option<String>,
        /// The daily window it holds in.
        hours: Option<String>,
        /// Zones: the first moment it holds.
        valid_from: Option<String>,
        /// Zones: the first moment it no longer holds.
        valid_until: Option<String>,
        /// Zones: its speed limit, km/h.
        limit_kmh: Option<f64>,
        /// Zones: length of the bridge or tunnel, metres.
        length_m: Option<f64>,
        /// Zones: how far ahead to warn, metres.
        approach_m: Option<f64>,
        /// Zones: the notice behind it.
        document: Option<String>,
        /// Zones: ids of the roads it lies on.
        roads: Option<Vec<String>>,
        /// Zones that are lines: from border to border, metres.
        width_m: Option<f64>,
        /// Routes: how far from the line is still on it, metres to either side.
        corridor_m: Option<f64>,
        /// Routes: where it halts.
        stops: Option<Vec<[f64; 2]>>,
    }
    /// A page of zones or routes.
    MapPlacePage {
        /// By id.
        items: Vec<MapPlace>,
        /// Where the next page begins.
        next: Option<String>,
    }
    /// A zone or a route to draw.
    DrawRequest {
        /// A GeoJSON feature with the properties of the reference files.
        feature: serde_json::Value,
        /// Why, at most 2,000 characters.
        #[serde(default)]
        note: String,
        /// `wgs84`, unless told, or `gcj02`: then it is converted.
        #[serde(default)]
        drawn_on: Option<String>,
    }
    /// What is to stand in the place of a zone or a route: a feature, or that it is closed.
    RedrawRequest {
        /// A GeoJSON feature with the properties of the reference files.
        #[serde(default)]
        feature: Option<serde_json::Value>,
        /// The one in a file is to hold no longer.
        #[serde(default)]
        closed: bool,
        /// Why, at most 2,000 characters.
        #[serde(default)]
        note: String,
        /// `wgs84`, unless told, or `gcj02`: then it is converted.
        #[serde(default)]
        drawn_on: Option<String>,
    }
    /// What a collection drew, or would draw.
    PlacesImported {
        /// Whether nothing was drawn.
        dry_run: bool,
        /// Ids that are new.
        added: Vec<String>,
        /// Ids of which others stood there.
        changed: Vec<String>,
        /// How many were the same already.
        unchanged: u32,
        /// How many features are wrong.
        wrong: u32,
        /// Their mistakes, at most 200.
        errors: Vec<PlaceMistake>,
    }
    /// A mistake in a feature of a collection.
    PlaceMistake {
        /// Which feature, from 0.
        index: u32,
        /// Its id, where it has one.
        id: Option<String>,
        /// Where in the body.
        pointer: String,
        /// What is wrong, what was expected.
        detail: String,
    }
    /// A zone to be tried on the history.
    ZoneTrialRequest {
        /// A GeoJSON feature with the properties of the reference files.
        feature: serde_json::Value,
        /// RFC 3339, inclusive.
        from: String,
        /// RFC 3339, exclusive; at most seven days later.
        to: String,
        /// `wgs84`, unless told, or `gcj02`.
        #[serde(default)]
        drawn_on: Option<String>,
    }
    /// Who passed a zone. Its hours, goods and permits are not asked about.
    ZoneTrial {
        /// From when.
        from: String,
        /// Until when.
        to: String,
        /// Those that passed, by terminal.
        vehicles: Vec<ZoneTrialVehicle>,
        /// Positions inside, or with the zone crossed just before, over all of them.
        points: u32,
        /// Vehicles gone over.
        vehicles_looked: u32,
        /// Whether these were all there are: past 5,000, or 20 seconds, the rest is left off.
        complete: bool,
    }
    /// A vehicle that passed.
    ZoneTrialVehicle {
        /// Terminal number.
        terminal: String,
        /// Number plate.
        plate: String,
        /// The first position inside, or after crossing it.
        entered_at: String,
        /// The first position after the last one inside; null: it is still there.
        left_at: Option<String>,
        /// Positions inside.
        points: u32,
    }
    /// The history of a zone or a route.
    MapPlaceVersionList {
        /// Newest first.
        items: Vec<MapPlaceVersion>,
        /// Always null: they come at once.
        next: Option<String>,
    }
    /// One change of a zone or a route.
    MapPlaceVersion {
        /// The revision of the console's map that brought it.
        version: u64,
        /// When.
        at: String,
        /// Who.
        by: String,
        /// Which way: `console` or `api`.
        via: String,
        /// `add`, `change`, `close` or `remove`.
        action: String,
        /// Why.
        note: String,
        /// The feature that held before.
        before: Option<serde_json::Value>,
        /// The feature that holds since.
        feature: Option<serde_json::Value>,
    }
    /// What the map is drawn on.
    MapSettings {
        /// Tiles from elsewhere; null for the map that comes with the pages.
        tiles: Option<MapTiles>,
    }
    /// Raster tiles.
    MapTiles {
        /// Addresses with `{z}`, `{x}`, `{y}`.
        urls: Vec<String>,
        /// `wgs84` or `gcj02`.
        coordinate_system: String,
        /// Whose map it is, with its review number.
        attribution: String,
        /// How wide a tile is, pixels.
        size: u64,
        /// The deepest zoom that has tiles.
        max_zoom: u64,
    }
    /// GeoJSON.
    FeatureCollection {
        /// Always `FeatureCollection`.
        r#type: String,
        /// The features.
        features: Vec<serde_json::Value>,
    }
}
