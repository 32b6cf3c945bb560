use super::*;

/// One limit a word: `80`, `80/forward`, `80[bus]`, `80{22:00-06:00}`, `80~` when wet.
fn print(limits: &[PostedLimit]) -> String {
    let one = |limit: &PostedLimit| {
        let along = if limit.along == Along::Both { String::new() } else { format!("/{}", limit.along) };
        let classes: Vec<_> = limit.classes.iter().map(|class| class.as_str()).collect();
        let classes = if classes.is_empty() { String::new() } else { format!("[{}]", classes.join(",")) };
        let hours = limit.hours.map_or(String::new(), |hours| format!("{{{hours}}}"));
        format!("{}{along}{classes}{hours}{}", limit.kmh, if limit.wet { "~" } else { "" })
    };
    limits.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn limits_never_contradict_each_other() {
    use Along::{Backward, Both, Forward};
    let all_day = "maxspeed=80";
    for (tags, open, found) in [
        (all_day, Both, "80"),
        (all_day, Forward, "80"),
        ("maxspeed=50 mph", Both, "80.5"),
        ("maxspeed=none", Both, ""),
        ("maxspeed=fast", Both, ""),
        ("maxspeed:type=DE:rural", Both, "100"),
        ("maxspeed=70|maxspeed:type=DE:rural", Both, "70"),
        ("maxspeed:lanes=80|maxspeed:advisory=60|maxspeedx=5", Both, ""),
        ("maxspeed:forward=60|maxspeed:backward=80", Both, "60/forward 80/backward"),
        ("maxspeed=80|maxspeed:forward=60", Both, "60/forward 80/backward"),
        ("maxspeed=80|maxspeed:forward=60", Backward, "80"),
        ("maxspeed=80|maxspeed:forward=60", Forward, "60"),
        (
            "maxspeed=100|maxspeed:hgv=80",
            Both,
            "80[hazmat-truck,heavy-truck] 100[scheduled-coach,charter-coach,school-bus]",
        ),
        (
            "maxspeed=60|maxspeed:bus=80|maxspeed:coach=100",
            Both,
            "60[hazmat-truck,heavy-truck] 80[school-bus] 100[scheduled-coach,charter-coach]",
        ),
        ("maxspeed:hazmat=40", Both, "40[hazmat-truck]"),
        (
            "maxspeed=120|maxspeed:conditional=80 @ (22:00-06:00); 60 @ wet",
            Both,
            "60~ 80{22:00-06:00} 120{06:00-22:00}",
        ),
        ("maxspeed=100|maxspeed:conditional=130 @ (20:00-06:00)", Both, "100{06:00-20:00} 130{20:00-06:00}"),
        ("maxspeed=100|maxspeed:conditional=none @ (20:00-06:00)", Both, "100{06:00-20:00}"),
        ("maxspeed:conditional=30 @ (07:00-09:00,16:00-18:00)", Both, "30{07:00-09:00} 30{16:00-18:00}"),
        ("maxspeed=60|maxspeed:conditional=80 @ wet", Both, "60"),
        ("maxspeed=120|maxspeed:wet=80", Both, "80~ 120"),
        (
            "maxspeed=50|maxspeed:conditional=30 @ (22:00-24:00, 0:00-06:00)",
            Both,
            "30{22:00-06:00} 50{06:00-22:00}",
        ),
        ("maxspeed=60|maxspeed:conditional=30 @ (Mo-Fr 07:00-09:00)", Both, "60"),
        (
            "maxspeed=100|maxspeed:hgv=80|maxspeed:conditional=90 @ (22:00-06:00); 70 @ (06:00-07:00)",
            Both,
            "70{06:00-07:00} 80[hazmat-truck,heavy-truck]{07:00-06:00} 90[scheduled-coach,charter-coach,school-bus]{22:00-06:00} 100[scheduled-coach,charter-coach,school-bus]{07:00-22:00}",
        ),
        (
            "maxspeed=100|maxspeed:hgv:conditional=60 @ (22:00-06:00)",
            Both,
            "60[hazmat-truck,heavy-truck]{22:00-06:00} 100[scheduled-coach,charter-coach,school-bus] 100[hazmat-truck,heavy-truck]{06:00-22:00}",
        ),
    ] {
        let tags = Tags(tags.split('|').filter_map(|tag| tag.split_once('=')).collect());
        assert_eq!(print(&posted(&tags, open, &mut Read::default())), found, "{tags:?} {open}");
    }
}

#[test]
fn what_is_not_taken_over_is_counted() {
    let tags = Tags(vec![
        ("maxspeed", "80;60"),
        ("maxspeed:conditional", "60 @ snow; 50 @ (Mo-Fr 07:00-09:00); soon @ wet"),
        ("maxspeed:hgv", "none"),
        ("maxspeed:bus", "AD:rural"),
    ]);
    let mut read = Read::default();
    assert_eq!(print(&posted(&tags, Along::Both, &mut read)), "");
    assert_eq!(read, Read { not_understood: 2, too_complex: 2, national: 1, unlimited: 1 });
}
