use proptest::prelude::*;

use super::*;

fn waybill(content: &[u8]) -> Waybill<'_> {
    Waybill::decode(Reader::new(content), Edition::V2013).unwrap()
}

/// The fields of a text in both encodings, one line each.
fn read(text: &str) -> String {
    struct Seen(String);

    impl Show for Seen {
        fn field(&mut self, field: crate::Shown<'_>) {
            self.0.push_str(&format!("{}={};", field.name, field.value));
        }

        fn begin(&mut self, _: &'static str) {}

        fn end(&mut self) {}
    }

    let lists = [text.as_bytes().to_vec(), crate::encode_text(text)].map(|bytes| {
        let mut seen = Seen(String::new());
        waybill(&bytes).fields().show(&mut seen);
        seen.0
    });
    assert_eq!(lists[0], lists[1], "{text}");
    lists[0].clone()
}

#[test]
fn lines_are_read_by_their_keys() {
    let check = |text, expected| assert_eq!(read(text), expected, "{text}");
    check(
        "运单编号：XZ20260001\r\n托运人:西藏某能源有限公司\r\n品名：汽油\r\nUN编号：UN1203\r\n数量：30.5吨",
        "waybill_number=XZ20260001;goods=汽油;quantity=30.5吨;shipper=西藏某能源有限公司;un_number=1203;",
    );
    check(
        "起运地:拉萨市,城关区,目的地：那曲市，时间:08:30,驾驶员:张三 押运员:李四",
        "from=拉萨市,城关区;to=那曲市;driver=张三;escort=李四;",
    );
    check("UN number: 1978; Goods name=propane; class=2.1", "goods=propane;class=2.1;un_number=1978;");
    check("数量(吨):30", "quantity=30;quantity_unit=吨;");
    check("备注:押运员未到", "");
    check("路线:驾驶员:张三", "route=驾驶员:张三;");
    check("汽油 UN1203 三十吨", "un_number=1203;");
    check("第一运单", "");
}

#[test]
fn json_and_xml_are_read_by_their_keys() {
    let check = |text, expected| assert_eq!(read(text), expected, "{text}");
    check(
        r#"{"waybillNo":"W1","shipper":{"name":"甲公司","phone":"1"},"goods":[{"goodsName":"汽油","un":"1203","weight":30.5},{"goodsName":"柴油","un":"UN1202"}]}"#,
        "waybill_number=W1;goods=汽油;quantity=30.5;shipper=甲公司;un_number=1203;un_number=1202;",
    );
    check(r#"{"托运人":"\u7532\"公司","name":"x""#, "shipper=甲\"公司;");
    check(r#"{"driver":[{"name":"扎西"}],"shipper":{"contact":{"name":"丹增"}}}"#, "driver=扎西;");
    check(r#"{"goods":["汽油","柴油"],"to":null}"#, "goods=汽油;");
    check(
        r#"<?xml version="1.0"?><waybill no="7"><ns:Shipper><Name>A &amp; B</Name></ns:Shipper><goods un="UN1203">汽油</goods><to/></waybill>"#,
        "goods=汽油;shipper=A & B;un_number=1203;",
    );
}

#[test]
fn a_un_number_is_un_and_four_digits() {
    let numbers = |text| un_numbers(text).collect::<Vec<_>>();
    assert_eq!(numbers("UN1203, un 1978、UN-0004"), [1203, 1978, 4]);
    assert_eq!(numbers("UN12034 RUN1203 UN120 UN 12O3 UN1203A"), [0_u16; 0]);
    assert_eq!(waybill(b"UN: 12034").fields().un_numbers, [0_u16; 0]);
}

#[test]
fn a_quantity_has_its_unit_or_none() {
    let check = |value, unit, expected: Option<(u64, Option<WaybillUnit>)>| {
        let found = WaybillQuantity::parse(value, unit).map(|it| (it.thousandths, it.unit));
        assert_eq!(found, expected, "{value}");
    };
    check("30.5吨", None, Some((30_500, Some(WaybillUnit::Tonne))));
    check("30", Some("kg"), Some((30_000, Some(WaybillUnit::Kilogram))));
    check("30", None, Some((30_000, None)));
    check("30", Some("车"), None);
    check("30车", None, None);
    check("约30吨", None, None);
    check("1.2.3吨", None, None);
    check("99999999999999999999", None, None);
}

#[test]
fn the_length_may_be_missing_or_wrong() {
    let check = |bytes: &[u8], length, content: &[u8], trailing: &[u8]| {
        let read = waybill(bytes);
        assert_eq!((read.length, read.content, read.trailing), (length, content, trailing));
    };
    check(b"\0\0\0\x02UN", Some(2), b"UN", b"");
    check(b"\0\0\0\x01UN", Some(1), b"U", b"N");
    check(b"\0\0\0\x09UN", Some(9), b"UN", b"");
    check(b"UN1203", None, b"UN1203", b"");
    check(b"\0\0", None, b"\0\0", b"");
    check(b"", None, b"", b"");
}

#[test]
fn what_is_no_text_has_no_fields() {
    assert_eq!(waybill(b"\x1f\x8b\x08\0\0UN1203").text(), None);
    assert_eq!(waybill(b"\x1f\x8b\x08\0\0UN1203").fields(), WaybillFields::default());
    let long = "托运人:".to_owned() + &"长".repeat(TEXT_BYTES_MAX);
    assert_eq!(waybill(long.as_bytes()).fields(), WaybillFields::default());
    let long = "托运人:甲\n".to_owned() + &"长".repeat(TEXT_BYTES_MAX);
    assert_eq!(waybill(long.as_bytes()).fields().get(WaybillField::Shipper), Some("甲"));
    let deep = "[".repeat(TEXT_BYTES_MAX);
    assert_eq!(waybill(deep.as_bytes()).fields(), WaybillFields::default());
}

proptest! {
    #[test]
    fn any_content_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = waybill(&bytes).fields();
    }

    #[test]
    fn any_text_of_its_own_marks_is_read_without_a_panic(text in "([{}<>\"\\\\:：,，=/ \\n&;()|]|托运人|UN|1203|name|数量|吨|é){0,60}") {
        let fields = waybill(text.as_bytes()).fields();
        prop_assert!(fields.un_numbers.len() <= UN_NUMBERS_MAX);
        let _ = fields.quantity();
    }
}
