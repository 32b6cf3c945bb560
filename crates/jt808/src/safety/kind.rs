//! What a type of an active-safety item means: the same number is another offence in another dialect.
//!
//! One table: T/JSATL 12-2017 tables 4-15 to 4-20, T/GDRTA 002-2020, and what implementations of the other dialects
//! agree on. A type that its dialect leaves to users, or does not define, has no meaning here.

use super::Dialect;

/// The meaning of a type, whatever its number in its dialect.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SafetyKind {
    /// Driver assistance: a collision ahead.
    ForwardCollision,
    /// Driver assistance: out of the lane.
    LaneDeparture,
    /// Driver assistance: too close to the one ahead.
    Headway,
    /// Driver assistance: a person ahead.
    Pedestrian,
    /// Driver assistance: lanes changed often.
    LaneChanges,
    /// Driver assistance: against a road sign.
    RoadSign,
    /// Driver assistance: an obstacle.
    Obstacle,
    /// Driver assistance does not work.
    AdasFailure,
    /// Driver assistance: a solid line crossed.
    SolidLine,
    /// Driver assistance: somebody stands in the aisle of a coach.
    AislePassenger,
    /// Event: a road sign was recognised.
    SignRecognised,
    /// Event: driver assistance took a picture.
    AdasCapture,
    /// Driver: tired.
    Fatigue,
    /// Driver: a telephone in the hand.
    Phone,
    /// Driver: smokes.
    Smoking,
    /// Driver: eyes off the road.
    Distraction,
    /// Driver: not as a driver is, such as nobody in the seat.
    DriverAbnormal,
    /// Driver: both hands off the wheel.
    HandsOff,
    /// Driver monitoring does not work.
    DsmFailure,
    /// Driver: no seat belt.
    NoSeatBelt,
    /// Driver: plays with a telephone.
    PhonePlaying,
    /// Driver: drives for too long.
    OvertimeDriving,
    /// The lens is covered.
    CameraCovered,
    /// Driver: glasses that keep infrared light out.
    InfraredBlocked,
    /// Event: driver monitoring took a picture.
    DriverCapture,
    /// Event: another driver.
    DriverChanged,
    /// Event: a picture at ignition.
    IgnitionCapture,
    /// Blind spot: something comes from behind.
    RearApproach,
    /// Blind spot: something comes from behind on the left.
    LeftRearApproach,
    /// Blind spot: something comes from behind on the right.
    RightRearApproach,
    /// Harsh driving: accelerated.
    RapidAcceleration,
    /// Harsh driving: braked.
    RapidBraking,
    /// Harsh driving: turned.
    SharpTurn,
    /// Harsh driving: idles for long.
    Idling,
    /// Harsh driving: stalled.
    AbnormalStall,
    /// Harsh driving: coasts in neutral.
    NeutralCoasting,
    /// Harsh driving: the engine turns too fast.
    OverRevving,
}

impl SafetyKind {
    /// What `kind` of the item `item` means in a dialect.
    #[must_use]
    pub fn of(dialect: Dialect, item: u8, kind: u8) -> Option<Self> {
        let row = TABLE
            .iter()
            .find(|(dialects, at, of, ..)| *at == item && *of == kind && dialects.contains(&dialect));
        row.map(|(.., meaning)| *meaning)
    }

    /// An event is no alarm: nothing is wrong, something was seen or recorded.
    #[must_use]
    pub const fn is_event(self) -> bool {
        matches!(
            self,
            Self::SignRecognised
                | Self::AdasCapture
                | Self::DriverCapture
                | Self::DriverChanged
                | Self::IgnitionCapture
        )
    }

    /// Chinese and English.
    #[must_use]
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ForwardCollision => ("前向碰撞", "forward collision"),
            Self::LaneDeparture => ("车道偏离", "lane departure"),
            Self::Headway => ("车距过近", "headway"),
            Self::Pedestrian => ("行人碰撞", "pedestrian"),
            Self::LaneChanges => ("频繁变道", "lane changes"),
            Self::RoadSign => ("道路标识超限", "road sign"),
            Self::Obstacle => ("障碍物", "obstacle"),
            Self::AdasFailure => ("驾驶辅助功能失效", "driver assistance failed"),
            Self::SolidLine => ("实线变道", "solid line crossed"),
            Self::AislePassenger => ("车厢过道行人", "person in the aisle"),
            Self::SignRecognised => ("道路标志识别事件", "sign recognised"),
            Self::AdasCapture | Self::DriverCapture => ("主动抓拍事件", "capture"),
            Self::Fatigue => ("疲劳驾驶", "fatigue"),
            Self::Phone => ("接打手持电话", "phone"),
            Self::Smoking => ("抽烟", "smoking"),
            Self::Distraction => ("分神驾驶/长时间不目视前方", "distraction"),
            Self::DriverAbnormal => ("驾驶员异常", "driver abnormal"),
            Self::HandsOff => ("双手同时脱离方向盘", "hands off the wheel"),
            Self::DsmFailure => ("驾驶员监测功能失效", "driver monitoring failed"),
            Self::NoSeatBelt => ("未系安全带", "no seat belt"),
            Self::PhonePlaying => ("玩手机", "plays with a phone"),
            Self::OvertimeDriving => ("超时驾驶", "overtime driving"),
            Self::CameraCovered => ("摄像头遮挡", "camera covered"),
            Self::InfraredBlocked => ("红外阻断型墨镜失效", "infrared blocked by glasses"),
            Self::DriverChanged => ("驾驶员变更事件", "driver changed"),
            Self::IgnitionCapture => ("点火抓拍事件", "capture at ignition"),
            Self::RearApproach => ("后方接近", "rear"),
            Self::LeftRearApproach => ("左侧后方接近", "left rear"),
            Self::RightRearApproach => ("右侧后方接近", "right rear"),
            Self::RapidAcceleration => ("急加速", "rapid acceleration"),
            Self::RapidBraking => ("急减速", "rapid braking"),
            Self::SharpTurn => ("急转弯", "sharp turn"),
            Self::Idling => ("怠速", "idling"),
            Self::AbnormalStall => ("异常熄火", "abnormal stall"),
            Self::NeutralCoasting => ("空挡滑行", "neutral coasting"),
            Self::OverRevving => ("发动机超转", "over-revving"),
        }
    }
}

const ALL: &[Dialect] = &Dialect::ALL;
const GUANGDONG: &[Dialect] = &[Dialect::Guangdong];
const HUNAN: &[Dialect] = &[Dialect::Hunan];
/// Those whose implementations give the types 06 to 08 of 0x65 the meaning of the later 苏标.
const LATER: &[Dialect] = &[Dialect::Chongqing, Dialect::Hunan, Dialect::Sichuan, Dialect::Sichuan2013];

/// Dialects, item, type, meaning.
const TABLE: &[(&[Dialect], u8, u8, SafetyKind)] = &[
    (ALL, 0x64, 0x01, SafetyKind::ForwardCollision),
    (ALL, 0x64, 0x02, SafetyKind::LaneDeparture),
    (ALL, 0x64, 0x03, SafetyKind::Headway),
    (ALL, 0x64, 0x04, SafetyKind::Pedestrian),
    (ALL, 0x64, 0x05, SafetyKind::LaneChanges),
    (ALL, 0x64, 0x06, SafetyKind::RoadSign),
    (ALL, 0x64, 0x07, SafetyKind::Obstacle),
    (LATER, 0x64, 0x08, SafetyKind::AdasFailure),
    (ALL, 0x64, 0x10, SafetyKind::SignRecognised),
    (ALL, 0x64, 0x11, SafetyKind::AdasCapture),
    (GUANGDONG, 0x64, 0x12, SafetyKind::SolidLine),
    (GUANGDONG, 0x64, 0x13, SafetyKind::AislePassenger),
    (ALL, 0x65, 0x01, SafetyKind::Fatigue),
    (ALL, 0x65, 0x02, SafetyKind::Phone),
    (ALL, 0x65, 0x03, SafetyKind::Smoking),
    (ALL, 0x65, 0x04, SafetyKind::Distraction),
    (ALL, 0x65, 0x05, SafetyKind::DriverAbnormal),
    (GUANGDONG, 0x65, 0x06, SafetyKind::CameraCovered),
    (LATER, 0x65, 0x06, SafetyKind::HandsOff),
    (LATER, 0x65, 0x07, SafetyKind::DsmFailure),
    (GUANGDONG, 0x65, 0x08, SafetyKind::OvertimeDriving),
    (LATER, 0x65, 0x08, SafetyKind::NoSeatBelt),
    (HUNAN, 0x65, 0x09, SafetyKind::PhonePlaying),
    (GUANGDONG, 0x65, 0x0a, SafetyKind::NoSeatBelt),
    (GUANGDONG, 0x65, 0x0b, SafetyKind::InfraredBlocked),
    (GUANGDONG, 0x65, 0x0c, SafetyKind::HandsOff),
    (GUANGDONG, 0x65, 0x0d, SafetyKind::PhonePlaying),
    (ALL, 0x65, 0x10, SafetyKind::DriverCapture),
    (ALL, 0x65, 0x11, SafetyKind::DriverChanged),
    (HUNAN, 0x65, 0x12, SafetyKind::InfraredBlocked),
    (HUNAN, 0x65, 0x13, SafetyKind::CameraCovered),
    (HUNAN, 0x65, 0x14, SafetyKind::IgnitionCapture),
    (ALL, 0x67, 0x01, SafetyKind::RearApproach),
    (ALL, 0x67, 0x02, SafetyKind::LeftRearApproach),
    (ALL, 0x67, 0x03, SafetyKind::RightRearApproach),
    (ALL, 0x70, 0x01, SafetyKind::RapidAcceleration),
    (ALL, 0x70, 0x02, SafetyKind::RapidBraking),
    (ALL, 0x70, 0x03, SafetyKind::SharpTurn),
    (ALL, 0x70, 0x04, SafetyKind::Idling),
    (ALL, 0x70, 0x05, SafetyKind::AbnormalStall),
    (ALL, 0x70, 0x06, SafetyKind::NeutralCoasting),
    (ALL, 0x70, 0x07, SafetyKind::OverRevving),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_another_offence_in_another_dialect() {
        let check = |item, kind, expected: [Option<SafetyKind>; 4]| {
            let dialects = [Dialect::Jiangsu, Dialect::Guangdong, Dialect::Sichuan2013, Dialect::Hunan];
            assert_eq!(dialects.map(|dialect| SafetyKind::of(dialect, item, kind)), expected, "{kind:#x}");
        };
        use SafetyKind::*;
        check(0x65, 0x06, [None, Some(CameraCovered), Some(HandsOff), Some(HandsOff)]);
        check(0x65, 0x08, [None, Some(OvertimeDriving), Some(NoSeatBelt), Some(NoSeatBelt)]);
        check(0x65, 0x09, [None, None, None, Some(PhonePlaying)]);
        check(0x65, 0x13, [None, None, None, Some(CameraCovered)]);
        check(0x65, 0x0e, [None; 4]);
        check(0x64, 0x13, [None, Some(AislePassenger), None, None]);
        check(0x66, 0x01, [None; 4]);
    }

    #[test]
    fn a_dialect_item_and_type_have_one_meaning() {
        for (place, (dialects, item, kind, _)) in TABLE.iter().enumerate() {
            let again = TABLE.iter().skip(place + 1).filter(|(others, at, of, _)| {
                at == item && of == kind && others.iter().any(|other| dialects.contains(other))
            });
            assert_eq!(again.count(), 0, "{item:02x} {kind:02x}");
        }
    }

    #[test]
    fn an_event_is_no_alarm() {
        assert!(SafetyKind::DriverChanged.is_event() && !SafetyKind::CameraCovered.is_event());
        assert_eq!(SafetyKind::CameraCovered.names(), ("摄像头遮挡", "camera covered"));
    }
}
