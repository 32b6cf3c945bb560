use jt808::Edition;

use super::*;

/// Command as JSON, its body until 2013 and its body from 2019 on; `=` where both are the same.
const BODIES: &[(&str, &str, &str)] = &[
    (r#"{"kind":"confirm-alarm","serial":7,"bits":1}"#, "0007 00000001", "="),
    (r#"{"kind":"control","action":"reset"}"#, "04", "="),
    (r#"{"kind":"control","action":"connect-back"}"#, "02 31", "="),
    (
        r#"{"kind":"control","action":"connect","code":"C","dial_point":"","user":"","password":"","address":"10.0.0.1","tcp_port":6808,"udp_port":0,"time_limit_min":0}"#,
        // 0;C;;;;10.0.0.1;6808;;0
        "02 303b433b3b3b3b31302e302e302e313b363830383b3b30",
        "=",
    ),
    (
        r#"{"kind":"control","action":"upgrade","url":"u","dial_point":"","user":"","password":"","address":"","tcp_port":0,"udp_port":0,"maker":"M","hardware_version":"","firmware_version":"2","time_limit_min":5}"#,
        // u;;;;;;;M;;2;5
        "01 753b3b3b3b3b3b3b4d3b3b323b35",
        "=",
    ),
    (r#"{"kind":"control-vehicle","doors":"lock"}"#, "01", "0001 0001 00"),
    (r#"{"kind":"control-vehicle","doors":"unlock"}"#, "00", "0001 0001 01"),
    (r#"{"kind":"delete-shapes","shape":"polygon","ids":[1,256]}"#, "02 00000001 00000100", "="),
    (r#"{"kind":"delete-shapes","shape":"route","ids":[]}"#, "00", "="),
    (
        r#"{"kind":"photo","channel":1,"shoot":"pictures","pictures":3,"interval_s":10,"keep":false,"resolution":"640x480","quality":5,"brightness":128,"contrast":64,"saturation":64,"chroma":128}"#,
        "01 0003 000a 00 02 05 80 40 40 80",
        "=",
    ),
    (
        r#"{"kind":"photo","channel":64,"shoot":"video","pictures":1,"interval_s":20,"keep":true,"resolution":"highest","quality":1,"brightness":0,"contrast":0,"saturation":0,"chroma":0}"#,
        "40 ffff 0014 01 ff 01 00 00 00 00",
        "=",
    ),
    (r#"{"kind":"query-areas","shape":"polygon","ids":[7]}"#, "03 00000001 00000007", "="),
    (r#"{"kind":"query-driver-identity"}"#, "", "="),
    (r#"{"kind":"query-location"}"#, "", "="),
    (r#"{"kind":"query-parameters"}"#, "", "="),
    (r#"{"kind":"query-properties"}"#, "", "="),
    (r#"{"kind":"query-recorder","command":1,"blocks":1}"#, "01 aa75 01 0000 00 de", "="),
    (
        r#"{"kind":"query-recorder","command":8,"from":"2026-01-01T08:00:00+08:00","to":"2026-01-01T09:00:00+08:00","blocks":2}"#,
        "08 aa75 08 000e 00 260101080000 260101090000 0002 da",
        "=",
    ),
    (r#"{"kind":"query-some-parameters","ids":["0055","f365"]}"#, "02 00000055 0000f365", "="),
    (r#"{"kind":"record","stop":false,"duration_s":30,"keep":false,"rate_khz":11}"#, "01 001e 00 01", "="),
    (
        r#"{"kind":"request-attachments","address":"a.cn","tcp_port":6809,"sign":"07070707070707070707070707070707","alert":"1f1f1f1f-1f1f-1f1f-1f1f-1f1f1f1f1f1f"}"#,
        // The number of the alarm is the alert's id, 32 digits as letters.
        "04 612e636e 1a99 0000 07070707070707070707070707070707 3166316631663166316631663166316631663166316631663166316631663166 00000000000000000000000000000000",
        "=",
    ),
    (
        r#"{"kind":"search-media","media":"picture","channel":0,"event":"collision","from":"2026-01-01T08:00:00+08:00","to":"2026-01-01T09:00:00+08:00","delete":false}"#,
        "00 00 03 260101080000 260101090000",
        "=",
    ),
    (
        r#"{"kind":"set-circles","action":"replace","areas":[{"id":1,"center":[91.1,29.65],"radius_m":500,"terms":{"name":"桥","hours":"22:00-06:00","limit":{"max_kmh":60,"duration_s":10,"night_kmh":40},"entering":"both","leaving":"nobody","doors_shut":true}}]}"#,
        "00 01 00000001 010f 01c46c50 056e1360 000001f4 000000220000 000000060000 003c 0a",
        "00 01 00000001 010f 01c46c50 056e1360 000001f4 000000220000 000000060000 003c 0a 0028 0002 c7c5",
    ),
    (
        r#"{"kind":"set-parameters","parameters":[{"id":"0055","value":"00000050"},{"id":"f365","value":""}]}"#,
        "02 00000055 04 00000050 0000f365 00",
        "=",
    ),
    (
        r#"{"kind":"set-polygon","id":9,"corners":[[-70.5,-33.0],[-70.4,-33.0],[-70.4,-33.1]],"terms":{"name":"","hours":null,"limit":{"max_kmh":60,"duration_s":5,"night_kmh":null},"entering":"driver","leaving":"platform","doors_shut":false}}"#,
        "00000009 00e6 003c 05 0003 01f78a40 0433bea0 01f78a40 04323800 01f910e0 04323800",
        "00000009 00e6 003c 05 0003 01f78a40 0433bea0 01f78a40 04323800 01f910e0 04323800 003c 0000",
    ),
    (r#"{"kind":"set-recorder","command":196,"block":"00000100"}"#, "c4 aa75c4 0004 00 00000100 1e", "="),
    (
        r#"{"kind":"set-rectangles","action":"add","areas":[{"id":2,"north_west":[91.0,29.7],"south_east":[91.1,29.6],"terms":{"name":"","hours":null,"limit":null,"entering":"platform","leaving":"driver","doors_shut":false}}]}"#,
        "01 01 00000002 0018 01c52fa0 056c8cc0 01c3a900 056e1360",
        "01 01 00000002 0018 01c52fa0 056c8cc0 01c3a900 056e1360 0000",
    ),
    (
        r#"{"kind":"set-route","id":3,"points":[{"at":[91.0,29.7],"width_m":50,"limit":{"max_kmh":80,"duration_s":10,"night_kmh":60},"takes":{"longest_s":600,"shortest_s":60}},{"at":[91.1,29.6],"width_m":50}],"terms":{"name":"","hours":null,"limit":null,"entering":"nobody","leaving":"both","doors_shut":false}}"#,
        "00000003 0030 0002 00000001 00000001 01c52fa0 056c8cc0 32 03 0258 003c 0050 0a 00000002 00000002 01c3a900 056e1360 32 00",
        "00000003 0030 0002 00000001 00000001 01c52fa0 056c8cc0 32 03 0258 003c 0050 0a 003c 00000002 00000002 01c3a900 056e1360 32 00 0000",
    ),
    (
        r#"{"kind":"set-route","id":3,"points":[{"at":[-70.5,-33.0],"width_m":1},{"at":[-70.4,33.0],"width_m":2}],"terms":{"name":"","hours":null,"limit":null,"entering":"both","leaving":"nobody","doors_shut":false}}"#,
        "00000003 000c 0002 00000001 00000001 01f78a40 0433bea0 01 0c 00000002 00000002 01f78a40 04323800 02 08",
        "00000003 000c 0002 00000001 00000001 01f78a40 0433bea0 01 0c 00000002 00000002 01f78a40 04323800 02 08 0000",
    ),
    (
        r#"{"kind":"text","text":"慢行","purpose":"notice","display":false,"speak":true,"advertise":false}"#,
        "08 c2fdd0d0",
        "0b 01 c2fdd0d0",
    ),
    (
        r#"{"kind":"text","text":"a","purpose":"urgent","display":true,"speak":true,"advertise":true}"#,
        "1d 61",
        "0e 01 61",
    ),
    (
        r#"{"kind":"text","text":"a","purpose":"service","display":true,"speak":false,"advertise":false}"#,
        "04 61",
        "05 02 61",
    ),
    (r#"{"kind":"track","interval_s":5,"valid_s":600}"#, "0005 00000258", "="),
    (r#"{"kind":"track","interval_s":0,"valid_s":0}"#, "0000", "="),
    (
        r#"{"kind":"upload-media","media":"video","channel":2,"event":"timer","from":"2026-01-01T08:00:00+08:00","to":"2026-01-01T09:00:00+08:00","delete":true}"#,
        "02 02 01 260101080000 260101090000 01",
        "=",
    ),
    (r#"{"kind":"upload-one","id":263,"delete":true}"#, "00000107 01", "="),
];

fn read(text: &str) -> Result<Command, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn every_kind_is_read_as_it_is_written() {
    for (text, ..) in BODIES {
        let command = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(serde_json::to_string(&command).unwrap(), *text);
        assert!(text.contains(&format!("\"kind\":\"{}\"", command.kind())), "{text}");
        assert_eq!(command.check(), Ok(()), "{text}");
    }
}

#[test]
fn every_kind_has_its_body_in_either_edition() {
    for (text, until_2013, from_2019) in BODIES {
        let command = read(text).unwrap();
        let from_2019 = if *from_2019 == "=" { until_2013 } else { from_2019 };
        for (edition, expected) in [(Edition::V2013, until_2013), (Edition::V2019, from_2019)] {
            let body = command_body(&command, edition).unwrap();
            assert_eq!(hex::text(&body), expected.replace(' ', ""), "{edition:?} {text}");
            let message = jt808::Message::decode(command.id(), edition, &body).unwrap();
            assert!(!matches!(message, jt808::Message::Unknown(_)), "{text}");
            assert!(!message.to_string().contains("trailing"), "{text}: {message}");
        }
    }
}

#[test]
fn no_kind_is_without_a_body_here() {
    let mut kinds: Vec<_> = BODIES.iter().map(|(text, ..)| read(text).unwrap().kind()).collect();
    kinds.dedup();
    let known = read(r#"{"kind":""}"#).unwrap_err();
    let known = known.split("expected one of ").nth(1).unwrap().split(" at line").next().unwrap();
    let known: Vec<_> = known.split(", ").map(|kind| kind.trim_matches('`')).collect();
    assert_eq!(kinds, known);
}

#[test]
fn what_is_not_said_has_its_usual_value() {
    let is_same = |short: &str, long: &str| assert_eq!(read(short), read(long), "{short}");
    is_same(r#"{"kind":"text","text":"a"}"#, r#"{"kind":"text","text":"a","speak":true,"purpose":"notice"}"#);
    is_same(
        r#"{"kind":"photo"}"#,
        r#"{"kind":"photo","channel":1,"pictures":1,"resolution":"640x480","quality":5}"#,
    );
    is_same(r#"{"kind":"record"}"#, r#"{"kind":"record","stop":false,"rate_khz":8}"#);
    is_same(
        r#"{"kind":"delete-shapes","shape":"circle"}"#,
        r#"{"kind":"delete-shapes","shape":"circle","ids":[]}"#,
    );
    is_same(r#"{"kind":"set-circles","areas":[]}"#, r#"{"kind":"set-circles","action":"add","areas":[]}"#);
}

#[test]
fn what_is_wrong_is_named_with_what_was_expected() {
    let refusal = |text| read(text).unwrap_err();
    assert_eq!(refusal(r#"{"kind":"txt"}"#).split(", expected one of").next(), Some("unknown variant `txt`"));
    assert_eq!(refusal(r#"{"kind":"text"}"#), "missing field `text`");
    assert_eq!(
        refusal(r#"{"kind":"text","text":"a","flag":1}"#),
        "unknown field `flag`, expected one of `text`, `purpose`, `display`, `speak`, `advertise`"
    );
    assert_eq!(
        refusal(r#"{"kind":"set-parameters","parameters":[{"id":"x","value":""}]}"#),
        "id \"x\" of a parameter is wrong, expected up to eight hex digits such as 0055"
    );
    assert_eq!(
        refusal(r#"{"kind":"set-parameters","parameters":[{"id":"55","value":"5"}]}"#),
        "value \"5\" of a parameter is wrong, expected hex digits, two a byte"
    );
    assert_eq!(
        refusal(r#"{"kind":"set-recorder","command":196,"block":"0"}"#),
        "\"0\" is wrong, expected hex digits, two a byte"
    );
    assert_eq!(refusal(r#"{"kind":"record","rate_khz":9}"#), "rate_khz is 9, expected 8, 11, 23 or 32");
    assert_eq!(
        refusal(r#"{"kind":"set-polygon","id":1,"corners":[[191.0,29.0]]}"#),
        "[191, 29] is no place, expected longitude and latitude in degrees"
    );
}

/// Command as JSON and what is wrong with it.
const UNFIT: &[(&str, &str)] = &[
    (
        r#"{"kind":"confirm-alarm","serial":0,"bits":0}"#,
        "bits doesn't fit, expected some of the bits 0, 3, 20, 21, 22, 27 and 28",
    ),
    (
        r#"{"kind":"confirm-alarm","serial":0,"bits":3}"#,
        "bits doesn't fit, expected some of the bits 0, 3, 20, 21, 22, 27 and 28",
    ),
    (r#"{"kind":"text","text":" "}"#, "text doesn't fit, expected some text"),
    (
        r#"{"kind":"text","text":"a","speak":false,"advertise":true}"#,
        "speak doesn't fit, expected text that is shown or spoken",
    ),
    (
        r#"{"kind":"track","interval_s":5}"#,
        "valid_s doesn't fit, expected seconds, and none where interval_s is 0",
    ),
    (
        r#"{"kind":"control","action":"connect","tcp_port":1}"#,
        "address doesn't fit, expected a host name or address",
    ),
    (
        r#"{"kind":"control","action":"connect","address":"a"}"#,
        "tcp_port doesn't fit, expected a port from 1 to 65535, or udp_port",
    ),
    (r#"{"kind":"control","action":"upgrade"}"#, "url doesn't fit, expected where the software is"),
    (
        r#"{"kind":"control","action":"upgrade","url":"a;b"}"#,
        "action doesn't fit, expected parameters without a semicolon",
    ),
    (r#"{"kind":"photo","channel":0}"#, "channel doesn't fit, expected a channel from 1"),
    (r#"{"kind":"photo","pictures":65535}"#, "pictures doesn't fit, expected 1 to 65534"),
    (r#"{"kind":"photo","quality":11}"#, "quality doesn't fit, expected 1 to 10"),
    (r#"{"kind":"upload-one","id":0}"#, "id doesn't fit, expected an id above 0"),
    (
        r#"{"kind":"query-recorder","command":8}"#,
        "from doesn't fit, expected from and to for the command words 8 to 21",
    ),
    (
        r#"{"kind":"set-recorder","command":1,"block":""}"#,
        "command doesn't fit, expected a command word that sets something, from 128",
    ),
    (r#"{"kind":"query-some-parameters","ids":[]}"#, "ids doesn't fit, expected 1 to 255 ids"),
    (r#"{"kind":"set-circles","areas":[]}"#, "areas doesn't fit, expected 1 to 125 areas"),
    (
        r#"{"kind":"set-polygon","id":1,"corners":[[1,1],[2,2]]}"#,
        "corners doesn't fit, expected 3 to 1,000 places",
    ),
    (
        r#"{"kind":"set-polygon","id":1,"corners":[[1,1],[2,2],[-1,1]]}"#,
        "corners doesn't fit, expected places on one side of the equator and of Greenwich",
    ),
    (
        r#"{"kind":"set-rectangles","areas":[{"id":1,"north_west":[1,1],"south_east":[2,2]}]}"#,
        "south_east doesn't fit, expected a place south and east of north_west",
    ),
    (
        r#"{"kind":"set-route","id":1,"points":[{"at":[1,1],"width_m":0},{"at":[1,2],"width_m":1}]}"#,
        "width_m doesn't fit, expected 1 to 255",
    ),
    (
        r#"{"kind":"request-attachments","address":"10.0.0.1","tcp_port":1,"sign":"07","alert":"1f1f1f1f-1f1f-1f1f-1f1f-1f1f1f1f1f1f"}"#,
        "sign doesn't fit, expected 16, 38, 39 or 40 bytes",
    ),
    (
        r#"{"kind":"request-attachments","address":"a b","tcp_port":1,"sign":"07070707070707070707070707070707","alert":"1f1f1f1f-1f1f-1f1f-1f1f-1f1f1f1f1f1f"}"#,
        "address doesn't fit, expected a host name or address of at most 64 letters",
    ),
    (
        r#"{"kind":"request-attachments","address":"10.0.0.1","tcp_port":0,"sign":"07070707070707070707070707070707","alert":"1f1f1f1f-1f1f-1f1f-1f1f-1f1f1f1f1f1f"}"#,
        "tcp_port doesn't fit, expected a port from 1 to 65535",
    ),
    (
        r#"{"kind":"search-media","media":"sound","from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}"#,
        "to doesn't fit, expected a time not before from",
    ),
    (
        r#"{"kind":"upload-media","media":"sound","from":"1999-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}"#,
        "from doesn't fit, expected a time from 2000 to 2099",
    ),
];

#[test]
fn what_no_message_can_carry_is_unfit() {
    for (text, expected) in UNFIT {
        let command = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(command.check().unwrap_err().to_string(), *expected, "{text}");
    }
}

#[test]
fn what_is_too_long_is_unfit() {
    let unfit = |command: Command| command.check().unwrap_err().to_string();
    let text = |text: &str| Command::Text(DriverText::new(text));
    assert_eq!(text(&"慢".repeat(510)).check(), Ok(()));
    assert_eq!(
        unfit(text(&"慢".repeat(511))),
        "text doesn't fit, expected at most 1,021 bytes of GB18030, some 510 characters"
    );
    let parameters = |count: usize, len: usize| Command::SetParameters(vec![(1, vec![0; len]); count]);
    assert_eq!(unfit(parameters(0, 0)), "parameters doesn't fit, expected 1 to 255 parameters");
    assert_eq!(unfit(parameters(1, 256)), "parameters doesn't fit, expected values of at most 255 bytes");
    assert_eq!(unfit(parameters(255, 255)), "command doesn't fit, expected at most 65,472 bytes on the wire");
    let delete = |count| Command::DeleteShapes { shape: AreaShape::Polygon, ids: vec![1; count] };
    assert_eq!(
        (delete(125).check(), unfit(delete(126))),
        (Ok(()), "ids doesn't fit, expected at most 125 ids".into())
    );
    let turn = RouteTurn {
        at: Spot(fleet::LonLat { lon_e6: 91_000_000, lat_e6: 29_000_000 }),
        width_m: 255,
        limit: Some(SpeedLimit { max_kmh: 60, duration_s: 10, night_kmh: Some(50) }),
        takes: None,
    };
    let route = |count| {
        Command::SetRoute(RouteLine { id: 1, points: vec![turn.clone(); count], terms: AreaTerms::default() })
    };
    assert_eq!(
        (route(2_500).check(), unfit(route(2_501))),
        (Ok(()), "points doesn't fit, expected 2 to 2,500 places".into())
    );
}

#[test]
fn hours_that_end_at_midnight_and_all_day_are_known() {
    let body = |hours: &str| {
        let text = format!(
            r#"{{"kind":"set-polygon","id":1,"corners":[[1,1],[2,2],[2,1]],"terms":{{"hours":"{hours}"}}}}"#
        );
        hex::text(&command_body(&read(&text).unwrap(), Edition::V2013).unwrap())
    };
    assert!(
        body("20:30-24:00")
            .starts_with("00000001 0001 000000203000 000000000000 0003".replace(' ', "").as_str())
    );
    assert!(body("00:00-24:00").starts_with("00000001 0000 0003".replace(' ', "").as_str()));
}

#[test]
fn answers_say_what_they_answer() {
    let of = |id, body: &[u8]| Answer::of(id, body).map(|it| (it.commands, it.serial, it.outcome));
    use crate::Outcome::{Done, Refused};
    assert_eq!(of(0x0104, &[0, 7, 0]), Some((&[0x8104, 0x8106][..], Some(7), Done)));
    assert_eq!(of(0x0107, &[0, 7]), Some((&[0x8107][..], None, Done)));
    assert_eq!(of(0x0805, &[0, 7, 0, 0, 0]), Some((&[0x8801][..], Some(7), Done)));
    assert_eq!(of(0x0805, &[0, 7, 2]), Some((&[0x8801][..], Some(7), Refused(2))));
    assert_eq!(of(0x0500, &[0, 7, 9]), Some((&[0x8500][..], Some(7), Done)));
    assert_eq!((of(0x0500, &[0]), of(0x0200, &[0, 7])), (None, None));
}
