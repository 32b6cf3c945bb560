//! Messages: one variant for each id with a meaning here; everything else is carried whole.

pub(crate) mod acknowledgement;
pub(crate) mod area;
pub(crate) mod area_answer;
pub(crate) mod attachment;
pub(crate) mod attributes;
pub(crate) mod authentication;
pub(crate) mod camera;
pub(crate) mod can;
pub(crate) mod control;
pub(crate) mod driver;
pub(crate) mod driver_answer;
pub(crate) mod event;
pub(crate) mod location;
pub(crate) mod media;
pub(crate) mod media_found;
pub(crate) mod media_request;
pub(crate) mod parameters;
pub(crate) mod passthrough;
pub(crate) mod phone_book;
pub(crate) mod photo;
pub(crate) mod polygon;
pub(crate) mod question;
pub(crate) mod recorder_command;
pub(crate) mod recorder_data;
pub(crate) mod registration;
pub(crate) mod resend;
pub(crate) mod route;
pub(crate) mod text_message;
pub(crate) mod tracking;
pub(crate) mod transparent;
pub(crate) mod upgrade;
pub(crate) mod upgrade_result;
pub(crate) mod video;
pub(crate) mod video_answer;
pub(crate) mod waybill;

use std::fmt;

use self::acknowledgement::Acknowledgement;
use self::area::{AreaQuery, Circle, DeleteAreas, Rectangle, SetAreas};
use self::area_answer::AreaQueryAnswer;
use self::attachment::{AttachmentAnswer, AttachmentFile, AttachmentList, AttachmentRequest};
use self::attributes::Attributes;
use self::authentication::Authentication;
use self::camera::{CameraAperture, CameraFocus, CameraSwitch, CameraTurn, CameraZoom};
use self::can::CanData;
use self::control::{TerminalControl, VehicleControl};
use self::driver::DriverIdentity;
use self::driver_answer::{EventReport, InformationDemand, QuestionAnswer};
use self::event::EventSet;
use self::location::{Location, LocationAnswer, LocationBatch};
use self::media::{MediaAnswer, MediaData, MediaEvent};
use self::media_found::{MediaSearchAnswer, PhotoAnswer};
use self::media_request::{MediaSearch, MediaSingleUpload, MediaUpload, Recording};
use self::parameters::{Parameters, ParametersAnswer, ParametersQuerySome};
use self::passthrough::{PlatformKey, TransparentDownlink};
use self::phone_book::{Callback, PhoneBook};
use self::photo::Photo;
use self::polygon::Polygon;
use self::question::{Information, InformationMenu, Question};
use self::recorder_command::RecorderCommand;
use self::recorder_data::RecorderData;
use self::registration::{Registration, RegistrationAnswer};
use self::resend::Resend;
use self::route::Route;
use self::text_message::{AlarmConfirmation, TextMessage};
use self::tracking::TemporaryTracking;
use self::transparent::{CompressedUplink, TerminalKey, TransparentUplink};
use self::upgrade::Upgrade;
use self::upgrade_result::{UpgradeProgress, UpgradeResult};
use self::video::{
    VideoLive, VideoLiveControl, VideoLiveState, VideoPlayback, VideoPlaybackControl, VideoSearch,
    VideoUpload, VideoUploadControl,
};
use self::video_answer::{MediaAttributes, PassengerFlow, VideoList, VideoUploadDone};
use self::waybill::Waybill;
use crate::field::{Lines, Show};
use crate::layout::{Body, Empty, body};
use crate::reader::Reader;
use crate::{DecodeError, Edition};

/// A message without a type here, as sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unknown<'a> {
    /// Message id.
    pub id: u16,
    /// Body as sent.
    pub body: &'a [u8],
}

/// Declares the messages once: variant, content, id, name and Chinese name.
macro_rules! messages {
    ($($(#[$doc:meta])* $variant:ident($content:ty) = $id:literal $name:literal $zh:literal;)*) => {
        /// One message, either direction.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Message<'a> {
            $($(#[$doc])* $variant($content),)*
            /// Any other id.
            Unknown(Unknown<'a>),
        }

        impl<'a> Message<'a> {
            /// Reads a body by its id; `edition` is the header's.
            ///
            /// # Errors
            /// When a field of the layout reaches past the end.
            #[inline]
            pub fn decode(id: u16, edition: Edition, body: &'a [u8]) -> Result<Self, DecodeError> {
                // Nearly all messages are positions; they are read where they are used.
                if id == Location::ID {
                    return Location::decode(body).map(Self::LocationReport);
                }
                Self::decode_any(id, edition, body)
            }

            #[inline(never)]
            fn decode_any(id: u16, edition: Edition, body: &'a [u8]) -> Result<Self, DecodeError> {
                Ok(match id {
                    $($id => Self::$variant(Body::decode(Reader::new(body), edition)?),)*
                    id => Self::Unknown(Unknown { id, body }),
                })
            }

            /// The message id.
            #[must_use]
            pub const fn id(&self) -> u16 {
                match self {
                    $(Self::$variant(_) => $id,)*
                    Self::Unknown(unknown) => unknown.id,
                }
            }

            /// Appends the body. Bodies whose layout shows in the bytes carry it; `edition` decides the rest, such
            /// as whether 0x8300 has a type byte.
            #[inline]
            pub fn encode_body(&self, edition: Edition, into: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(body) => Body::encode(body, edition, into),)*
                    Self::Unknown(unknown) => into.extend_from_slice(unknown.body),
                }
            }

            /// Hands over every field by name, in wire order.
            pub fn show(&self, show: &mut dyn Show) {
                match self {
                    $(Self::$variant(body) => Body::show(body, show),)*
                    Self::Unknown(unknown) => show.hex("raw", unknown.body),
                }
            }
        }

        const TYPED: &[(u16, &str, &str)] = &[$(($id, $name, $zh)),*];
    };
}

messages! {
    /// 0x0001.
    TerminalAcknowledgement(Acknowledgement<'a>) = 0x0001 "terminal-acknowledgement" "终端通用应答";
    /// 0x0002, with what some trackers append.
    Heartbeat(Empty<'a>) = 0x0002 "heartbeat" "终端心跳";
    /// 0x0003.
    Logout(Empty<'a>) = 0x0003 "logout" "终端注销";
    /// 0x0004 (2019).
    TimeQuery(Empty<'a>) = 0x0004 "time-query" "查询服务器时间请求";
    /// 0x0005 (2019).
    TerminalResend(Resend<'a>) = 0x0005 "terminal-resend" "终端补传分包请求";
    /// 0x0100.
    Registration(Registration<'a>) = 0x0100 "registration" "终端注册";
    /// 0x0101, which the text of 2011 prints for 0x0003.
    LogoutMisprint(Empty<'a>) = 0x0101 "logout-misprint" "终端注销（2011 误印）";
    /// 0x0102.
    Authentication(Authentication<'a>) = 0x0102 "authentication" "终端鉴权";
    /// 0x0104.
    ParametersAnswer(ParametersAnswer<'a>) = 0x0104 "parameters-answer" "查询终端参数应答";
    /// 0x0107.
    Attributes(Attributes<'a>) = 0x0107 "attributes" "查询终端属性应答";
    /// 0x0108.
    UpgradeResult(UpgradeResult<'a>) = 0x0108 "upgrade-result" "终端升级结果通知";
    /// 0x0200.
    LocationReport(Location<'a>) = 0x0200 "location-report" "位置信息汇报";
    /// 0x0201.
    LocationAnswer(LocationAnswer<'a>) = 0x0201 "location-answer" "位置信息查询应答";
    /// 0x0301.
    EventReport(EventReport<'a>) = 0x0301 "event-report" "事件报告";
    /// 0x0302.
    QuestionAnswer(QuestionAnswer<'a>) = 0x0302 "question-answer" "提问应答";
    /// 0x0303.
    InformationDemand(InformationDemand<'a>) = 0x0303 "information-demand" "信息点播/取消";
    /// 0x0500.
    VehicleControlAnswer(LocationAnswer<'a>) = 0x0500 "vehicle-control-answer" "车辆控制应答";
    /// 0x0608 (2019).
    AreaQueryAnswer(AreaQueryAnswer<'a>) = 0x0608 "area-query-answer" "查询区域或线路数据应答";
    /// 0x0700.
    RecorderData(RecorderData<'a>) = 0x0700 "recorder-data" "行驶记录数据上传";
    /// 0x0701.
    Waybill(Waybill<'a>) = 0x0701 "waybill" "电子运单上报";
    /// 0x0702.
    DriverIdentity(DriverIdentity<'a>) = 0x0702 "driver-identity" "驾驶员身份信息采集上报";
    /// 0x0704.
    LocationBatch(LocationBatch<'a>) = 0x0704 "location-batch" "定位数据批量上传";
    /// 0x0705.
    CanData(CanData<'a>) = 0x0705 "can-data" "CAN 总线数据上传";
    /// 0x0800.
    MediaEvent(MediaEvent<'a>) = 0x0800 "media-event" "多媒体事件信息上传";
    /// 0x0801.
    MediaData(MediaData<'a>) = 0x0801 "media-data" "多媒体数据上传";
    /// 0x0802.
    MediaSearchAnswer(MediaSearchAnswer<'a>) = 0x0802 "media-search-answer" "存储多媒体数据检索应答";
    /// 0x0803, which the text of 2011 prints for 0x0802.
    MediaSearchAnswerMisprint(MediaSearchAnswer<'a>) = 0x0803 "media-search-answer-misprint" "存储多媒体数据检索应答（2011 误印）";
    /// 0x0805.
    PhotoAnswer(PhotoAnswer<'a>) = 0x0805 "photo-answer" "摄像头立即拍摄命令应答";
    /// 0x0900.
    TransparentUplink(TransparentUplink<'a>) = 0x0900 "transparent-uplink" "数据上行透传";
    /// 0x0901.
    CompressedUplink(CompressedUplink<'a>) = 0x0901 "compressed-uplink" "数据压缩上报";
    /// 0x0a00.
    TerminalKey(TerminalKey<'a>) = 0x0a00 "terminal-key" "终端 RSA 公钥";
    /// 0x1003 (JT/T 1078-2016).
    MediaAttributes(MediaAttributes<'a>) = 0x1003 "media-attributes" "终端上传音视频属性";
    /// 0x1005 (JT/T 1078-2016).
    PassengerFlow(PassengerFlow<'a>) = 0x1005 "passenger-flow" "终端上传乘客流量";
    /// 0x1205 (JT/T 1078-2016).
    VideoList(VideoList<'a>) = 0x1205 "video-list" "终端上传音视频资源列表";
    /// 0x1206 (JT/T 1078-2016).
    VideoUploadDone(VideoUploadDone<'a>) = 0x1206 "video-upload-done" "文件上传完成通知";
    /// 0x1210 (T/JSATL 12-2017).
    AttachmentList(AttachmentList<'a>) = 0x1210 "attachment-list" "报警附件信息";
    /// 0x1211 (T/JSATL 12-2017).
    AttachmentStart(AttachmentFile<'a>) = 0x1211 "attachment-start" "文件信息上传";
    /// 0x1212 (T/JSATL 12-2017).
    AttachmentDone(AttachmentFile<'a>) = 0x1212 "attachment-done" "文件上传完成";
    /// 0x1fc4 (T/GDRTA 002-2020).
    UpgradeProgress(UpgradeProgress<'a>) = 0x1fc4 "upgrade-progress" "终端升级进度上报";
    /// 0x8001.
    PlatformAcknowledgement(Acknowledgement<'a>) = 0x8001 "platform-acknowledgement" "平台通用应答";
    /// 0x8003.
    PlatformResend(Resend<'a>) = 0x8003 "platform-resend" "服务器补传分包请求";
    /// 0x8004 (2019): UTC, unlike every other time.
    TimeAnswer(TimeAnswer<'a>) = 0x8004 "time-answer" "查询服务器时间应答";
    /// 0x8100.
    RegistrationAnswer(RegistrationAnswer<'a>) = 0x8100 "registration-answer" "终端注册应答";
    /// 0x8103.
    SetParameters(Parameters<'a>) = 0x8103 "set-parameters" "设置终端参数";
    /// 0x8104.
    ParametersQuery(Empty<'a>) = 0x8104 "parameters-query" "查询终端参数";
    /// 0x8105.
    TerminalControl(TerminalControl<'a>) = 0x8105 "terminal-control" "终端控制";
    /// 0x8106.
    ParametersQuerySome(ParametersQuerySome<'a>) = 0x8106 "parameters-query-some" "查询指定终端参数";
    /// 0x8107.
    AttributesQuery(Empty<'a>) = 0x8107 "attributes-query" "查询终端属性";
    /// 0x8108.
    Upgrade(Upgrade<'a>) = 0x8108 "upgrade" "下发终端升级包";
    /// 0x8201.
    LocationQuery(Empty<'a>) = 0x8201 "location-query" "位置信息查询";
    /// 0x8202.
    TemporaryTracking(TemporaryTracking<'a>) = 0x8202 "temporary-tracking" "临时位置跟踪控制";
    /// 0x8203.
    AlarmConfirmation(AlarmConfirmation<'a>) = 0x8203 "alarm-confirmation" "人工确认报警消息";
    /// 0x8204 (2019).
    LinkCheck(Empty<'a>) = 0x8204 "link-check" "链路检测";
    /// 0x8300.
    TextMessage(TextMessage<'a>) = 0x8300 "text-message" "文本信息下发";
    /// 0x8301.
    EventSet(EventSet<'a>) = 0x8301 "event-set" "事件设置";
    /// 0x8302.
    Question(Question<'a>) = 0x8302 "question" "提问下发";
    /// 0x8303.
    InformationMenu(InformationMenu<'a>) = 0x8303 "information-menu" "信息点播菜单设置";
    /// 0x8304.
    Information(Information<'a>) = 0x8304 "information" "信息服务";
    /// 0x8400.
    Callback(Callback<'a>) = 0x8400 "callback" "电话回拨";
    /// 0x8401.
    PhoneBook(PhoneBook<'a>) = 0x8401 "phone-book" "设置电话本";
    /// 0x8500.
    VehicleControl(VehicleControl<'a>) = 0x8500 "vehicle-control" "车辆控制";
    /// 0x8600.
    SetCircles(SetAreas<'a, Circle>) = 0x8600 "set-circles" "设置圆形区域";
    /// 0x8601.
    DeleteCircles(DeleteAreas<'a>) = 0x8601 "delete-circles" "删除圆形区域";
    /// 0x8602.
    SetRectangles(SetAreas<'a, Rectangle>) = 0x8602 "set-rectangles" "设置矩形区域";
    /// 0x8603.
    DeleteRectangles(DeleteAreas<'a>) = 0x8603 "delete-rectangles" "删除矩形区域";
    /// 0x8604.
    SetPolygon(Polygon<'a>) = 0x8604 "set-polygon" "设置多边形区域";
    /// 0x8605.
    DeletePolygons(DeleteAreas<'a>) = 0x8605 "delete-polygons" "删除多边形区域";
    /// 0x8606.
    SetRoute(Route<'a>) = 0x8606 "set-route" "设置路线";
    /// 0x8607.
    DeleteRoutes(DeleteAreas<'a>) = 0x8607 "delete-routes" "删除路线";
    /// 0x8608 (2019).
    AreaQuery(AreaQuery<'a>) = 0x8608 "area-query" "查询区域或线路数据";
    /// 0x8700.
    RecorderQuery(RecorderCommand<'a>) = 0x8700 "recorder-query" "行驶记录数据采集命令";
    /// 0x8701.
    RecorderSet(RecorderCommand<'a>) = 0x8701 "recorder-set" "行驶记录参数下传命令";
    /// 0x8702.
    DriverIdentityRequest(Empty<'a>) = 0x8702 "driver-identity-request" "上报驾驶员身份信息请求";
    /// 0x8800.
    MediaAnswer(MediaAnswer<'a>) = 0x8800 "media-answer" "多媒体数据上传应答";
    /// 0x8801.
    Photo(Photo<'a>) = 0x8801 "photo" "摄像头立即拍摄命令";
    /// 0x8802.
    MediaSearch(MediaSearch<'a>) = 0x8802 "media-search" "存储多媒体数据检索";
    /// 0x8803.
    MediaUpload(MediaUpload<'a>) = 0x8803 "media-upload" "存储多媒体数据上传命令";
    /// 0x8804.
    Recording(Recording<'a>) = 0x8804 "recording" "录音开始命令";
    /// 0x8805.
    MediaSingleUpload(MediaSingleUpload<'a>) = 0x8805 "media-single-upload" "单条存储多媒体数据检索上传命令";
    /// 0x8900.
    TransparentDownlink(TransparentDownlink<'a>) = 0x8900 "transparent-downlink" "数据下行透传";
    /// 0x8a00.
    PlatformKey(PlatformKey<'a>) = 0x8a00 "platform-key" "平台 RSA 公钥";
    /// 0x9003 (JT/T 1078-2016).
    MediaAttributesQuery(Empty<'a>) = 0x9003 "media-attributes-query" "查询终端音视频属性";
    /// 0x9101 (JT/T 1078-2016).
    VideoLive(VideoLive<'a>) = 0x9101 "video-live" "实时音视频传输请求";
    /// 0x9102 (JT/T 1078-2016).
    VideoLiveControl(VideoLiveControl<'a>) = 0x9102 "video-live-control" "音视频实时传输控制";
    /// 0x9105 (JT/T 1078-2016).
    VideoLiveState(VideoLiveState<'a>) = 0x9105 "video-live-state" "实时音视频传输状态通知";
    /// 0x9201 (JT/T 1078-2016).
    VideoPlayback(VideoPlayback<'a>) = 0x9201 "video-playback" "平台下发远程录像回放请求";
    /// 0x9202 (JT/T 1078-2016).
    VideoPlaybackControl(VideoPlaybackControl<'a>) = 0x9202 "video-playback-control" "平台下发远程录像回放控制";
    /// 0x9205 (JT/T 1078-2016).
    VideoSearch(VideoSearch<'a>) = 0x9205 "video-search" "查询资源列表";
    /// 0x9206 (JT/T 1078-2016).
    VideoUpload(VideoUpload<'a>) = 0x9206 "video-upload" "文件上传指令";
    /// 0x9207 (JT/T 1078-2016).
    VideoUploadControl(VideoUploadControl<'a>) = 0x9207 "video-upload-control" "文件上传控制";
    /// 0x9208 (T/JSATL 12-2017).
    AttachmentRequest(AttachmentRequest<'a>) = 0x9208 "attachment-request" "报警附件上传指令";
    /// 0x9212 (T/JSATL 12-2017).
    AttachmentAnswer(AttachmentAnswer<'a>) = 0x9212 "attachment-answer" "文件上传完成应答";
    /// 0x9301 (JT/T 1078-2016).
    CameraTurn(CameraTurn<'a>) = 0x9301 "camera-turn" "云台旋转";
    /// 0x9302 (JT/T 1078-2016).
    CameraFocus(CameraFocus<'a>) = 0x9302 "camera-focus" "云台调整焦距控制";
    /// 0x9303 (JT/T 1078-2016).
    CameraAperture(CameraAperture<'a>) = 0x9303 "camera-aperture" "云台调整光圈控制";
    /// 0x9304 (JT/T 1078-2016).
    CameraWiper(CameraSwitch<'a>) = 0x9304 "camera-wiper" "云台雨刷控制";
    /// 0x9305 (JT/T 1078-2016).
    CameraInfrared(CameraSwitch<'a>) = 0x9305 "camera-infrared" "红外补光控制";
    /// 0x9306 (JT/T 1078-2016).
    CameraZoom(CameraZoom<'a>) = 0x9306 "camera-zoom" "云台变倍控制";
}

body! {
    /// 0x8004 (2019 section 8.7).
    TimeAnswer {
        /// Year to second in UTC, unlike every other time.
        utc: [u8; 6],
    }
}

impl Message<'_> {
    /// The name of the message.
    #[must_use]
    pub fn name(&self) -> &'static str {
        name_of(self.id())
    }
}

impl fmt::Display for Message<'_> {
    /// One line a field.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocationReport(location) => location.fmt(f),
            Self::LocationAnswer(answer) | Self::VehicleControlAnswer(answer) => {
                writeln!(f, "  answered_serial {}", answer.serial)?;
                answer.location.fmt(f)
            }
            Self::LocationBatch(batch) => {
                writeln!(f, "  count    {}", batch.count)?;
                writeln!(f, "  kind     {}", batch.kind)?;
                batch.fmt(f)
            }
            message => {
                let mut lines = Lines::new(f);
                message.show(&mut lines);
                lines.finish()
            }
        }
    }
}

/// The name of a message id, `unknown` where the standards list none.
#[must_use]
pub fn name_of(id: u16) -> &'static str {
    listed(id).map_or("unknown", |(_, name, _)| name)
}

/// What the standards call a message in Chinese, 未知 where they list none.
#[must_use]
pub fn chinese_name_of(id: u16) -> &'static str {
    listed(id).map_or("未知", |(_, _, name)| name)
}

fn listed(id: u16) -> Option<&'static (u16, &'static str, &'static str)> {
    TYPED.iter().find(|(known, ..)| *known == id)
}
