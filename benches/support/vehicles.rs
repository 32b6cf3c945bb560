//! Vehicles and what they report.

use fleet::{
    Alarms, Division, Fix, News, Observation, PlateColor, ReceiveTime, Report, Status, TerminalId, Vehicle,
    VehicleClass,
};

/// The terminal of a vehicle; they rise with the number.
pub fn terminal(number: u32) -> TerminalId {
    TerminalId::parse(&(13_000_000_000_u64 + u64::from(number)).to_string()).expect("digits")
}

/// A vehicle on file, with petrol where it carries any.
pub fn vehicle(number: u32, class: VehicleClass) -> Vehicle {
    Vehicle {
        terminal: terminal(number),
        plate: format!("藏A{number:07}"),
        plate_color: PlateColor::Yellow,
        class,
        operator: format!("OP{:04}", number % 5_000),
        division: Division::parse("540102").expect("six digits"),
        route: None,
        hazmat_class: Some("3".to_owned()),
        hazmat_un: Some("1203".to_owned()),
        tunnel_code: None,
        tank: None,
    }
}

/// Of every class in turn.
pub fn mixed(number: u32) -> Vehicle {
    vehicle(number, VehicleClass::ALL[number as usize % VehicleClass::ALL.len()])
}

/// A report with nothing but a position, or with none.
pub fn report(number: u32, received: ReceiveTime, fix: Fix, positioned: bool) -> Observation {
    let position = if positioned { Status::POSITIONED } else { Status(0) };
    let report = Report {
        fix,
        alarms: Alarms(0),
        status: Status::ACC_ON.with(position),
        odometer_tenth_km: None,
        recorder_speed: None,
        safety: Vec::new(),
        backfill: false,
    };
    Observation { terminal: terminal(number), received, news: News::Report(Box::new(report)) }
}
