//! Words that stand for the fields of a waybill.

/// A field of a waybill.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum WaybillField {
    /// Number of the waybill.
    Number,
    /// What is carried.
    Goods,
    /// Its UN number; see [`super::WaybillFields::un_numbers`].
    UnNumber,
    /// Its class.
    Class,
    /// How much of it; see [`super::WaybillFields::quantity`].
    Quantity,
    /// In which unit, where that stands apart.
    QuantityUnit,
    /// Who sends it.
    Shipper,
    /// Who gets it.
    Consignee,
    /// Who carries it.
    Carrier,
    /// Where it is loaded.
    From,
    /// Where it is unloaded.
    To,
    /// The way there.
    Route,
    /// Plate of the vehicle.
    Plate,
    /// Plate of the trailer.
    Trailer,
    /// Who drives.
    Driver,
    /// Who guards it.
    Escort,
}

impl WaybillField {
    /// In the order they are shown.
    pub const ALL: [Self; 16] = [
        Self::Number,
        Self::Goods,
        Self::UnNumber,
        Self::Class,
        Self::Quantity,
        Self::QuantityUnit,
        Self::Shipper,
        Self::Consignee,
        Self::Carrier,
        Self::From,
        Self::To,
        Self::Route,
        Self::Plate,
        Self::Trailer,
        Self::Driver,
        Self::Escort,
    ];

    /// Short name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "waybill_number",
            Self::Goods => "goods",
            Self::UnNumber => "un_number",
            Self::Class => "class",
            Self::Quantity => "quantity",
            Self::QuantityUnit => "quantity_unit",
            Self::Shipper => "shipper",
            Self::Consignee => "consignee",
            Self::Carrier => "carrier",
            Self::From => "from",
            Self::To => "to",
            Self::Route => "route",
            Self::Plate => "plate",
            Self::Trailer => "trailer",
            Self::Driver => "driver",
            Self::Escort => "escort",
        }
    }

    /// The field that a key stands for, written in whatever case, with spaces, hyphens or underscores between.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        if key.len() > KEY_BYTES_MAX {
            return None;
        }
        let parts =
            key.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '_' | '-' | '.'));
        let plain: String = parts.flat_map(char::to_lowercase).collect();
        let row = WORDS.iter().find(|(_, words)| words.contains(&plain.as_str()));
        row.map(|(field, _)| *field)
    }
}

/// The longest word has 21 bytes; more are spaces.
pub(super) const KEY_BYTES_MAX: usize = 40;

/// In lower case, without what [`WaybillField::of`] leaves out.
const WORDS: &[(WaybillField, &[&str])] = &[
    (
        WaybillField::Number,
        &[
            "运单编号",
            "运单号",
            "运单号码",
            "电子运单编号",
            "电子运单号",
            "waybillnumber",
            "waybillno",
            "waybillid",
            "waybillcode",
        ],
    ),
    (
        WaybillField::Goods,
        &[
            "货物名称",
            "货物",
            "货名",
            "品名",
            "危险货物名称",
            "危险品名称",
            "正式运输名称",
            "goods",
            "goodsname",
            "cargo",
            "cargoname",
            "dangerousgoodsname",
            "propershippingname",
        ],
    ),
    (
        WaybillField::UnNumber,
        &["un", "un编号", "un号", "un代码", "联合国编号", "联合国编码", "unnumber", "unno", "uncode", "unid"],
    ),
    (
        WaybillField::Class,
        &[
            "类别",
            "项别",
            "类项别",
            "类别项别",
            "类别或项别",
            "货物类别",
            "危险货物类别",
            "危险类别",
            "危险性类别",
            "class",
            "hazardclass",
            "goodsclass",
            "dangerclass",
        ],
    ),
    (
        WaybillField::Quantity,
        &[
            "数量",
            "重量",
            "货物数量",
            "货物重量",
            "装运数量",
            "装货数量",
            "净重",
            "货重",
            "quantity",
            "weight",
            "netweight",
            "goodsweight",
            "goodsquantity",
        ],
    ),
    (WaybillField::QuantityUnit, &["单位", "计量单位", "数量单位", "unit", "quantityunit", "weightunit"]),
    (
        WaybillField::Shipper,
        &[
            "托运人",
            "托运人名称",
            "托运单位",
            "发货人",
            "发货人名称",
            "发货单位",
            "shipper",
            "shippername",
            "consignor",
            "consignorname",
        ],
    ),
    (
        WaybillField::Consignee,
        &["收货人", "收货人名称", "收货单位", "consignee", "consigneename", "receiver", "receivername"],
    ),
    (
        WaybillField::Carrier,
        &["承运人", "承运人名称", "承运单位", "承运企业", "运输企业", "carrier", "carriername"],
    ),
    (
        WaybillField::From,
        &[
            "起运地",
            "起运地点",
            "装货地",
            "装货地点",
            "始发地",
            "发货地",
            "发货地址",
            "装货地址",
            "from",
            "origin",
            "loadingplace",
            "loadplace",
            "loadingaddress",
        ],
    ),
    (
        WaybillField::To,
        &[
            "目的地",
            "目的地点",
            "卸货地",
            "卸货地点",
            "到达地",
            "收货地",
            "收货地址",
            "卸货地址",
            "to",
            "destination",
            "unloadingplace",
            "unloadplace",
            "unloadingaddress",
        ],
    ),
    (
        WaybillField::Route,
        &["路线", "线路", "运输路线", "运输线路", "行驶路线", "途经地", "途经", "route", "via"],
    ),
    (
        WaybillField::Plate,
        &[
            "车牌号",
            "车牌",
            "车牌号码",
            "车号",
            "车辆号牌",
            "车辆牌照号",
            "牵引车号牌",
            "牵引车车牌号",
            "plate",
            "plateno",
            "platenumber",
            "vehicleno",
            "vehiclenumber",
            "licenseplate",
        ],
    ),
    (
        WaybillField::Trailer,
        &["挂车号牌", "挂车车牌号", "挂车车牌", "挂车号", "trailer", "trailerplate", "trailerno"],
    ),
    (WaybillField::Driver, &["驾驶员", "驾驶员姓名", "驾驶人", "司机", "司机姓名", "driver", "drivername"]),
    (
        WaybillField::Escort,
        &["押运员", "押运员姓名", "押运人", "押运人员", "escort", "escortname", "supercargo"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_one_field_however_it_is_spelt() {
        for (place, (field, words)) in WORDS.iter().enumerate() {
            for word in *words {
                assert_eq!(WaybillField::of(word), Some(*field), "{word}");
                assert!(word.len() <= KEY_BYTES_MAX);
                assert!(WORDS.iter().skip(place + 1).all(|(_, others)| !others.contains(word)), "{word}");
            }
        }
        assert_eq!(WaybillField::of("UN number"), Some(WaybillField::UnNumber));
        assert_eq!(WaybillField::of("goods_name"), WaybillField::of("goodsName"));
        assert_eq!(WaybillField::of("备注"), None);
    }
}
