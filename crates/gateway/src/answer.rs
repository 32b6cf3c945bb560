//! What became of a command that was sent, in the ledger's words.

use fleet::Title;
use jt808::Message;
use ledger::{CommandRecord, Settlement};
use serde_json::{Value, json};
use session::{Busy, Command, Content, Outcome};

use crate::routes::Answer;

/// A command is sent so often at most. Connections in the mountains break; one that ends with every attempt is
/// perhaps ended by it.
pub(crate) const ATTEMPTS_MAX: u32 = 5;

/// The command of a row; one that this version can't read was written by another.
pub(crate) fn command(record: &CommandRecord) -> Result<Command, Settlement> {
    serde_json::from_value(record.command.clone()).map_err(|_| {
        Settlement::Failed(None, title("本版本无法识别该指令", "this version does not know the command"))
    })
}

/// What the answer means; nothing where the connection ended before there was one.
pub(crate) fn settlement(record: &CommandRecord, answer: Option<Result<&Answer, Busy>>) -> Settlement {
    match answer {
        Some(Ok(answer)) => match answer.outcome {
            Outcome::Done => Settlement::Acknowledged(answer.content.as_ref().and_then(described)),
            Outcome::Refused(result) => Settlement::Failed(Some(result), meaning(result)),
            Outcome::TimedOut => {
                again(record, title("终端未在时限内应答", "the terminal did not answer in time"))
            }
            Outcome::Lost => again(record, lost()),
        },
        Some(Err(busy @ Busy::TooLong)) => {
            Settlement::Failed(None, title("内容超过 64 个分包的长度", &busy.to_string()))
        }
        Some(Err(busy @ Busy::Full)) => Settlement::Unsent(title("等待应答的指令过多", &busy.to_string())),
        Some(Err(busy @ Busy::Absent)) => Settlement::Unsent(title("终端已离线", &busy.to_string())),
        None => again(record, lost()),
    }
}

/// What the last run left on its way.
pub(crate) fn after_restart(record: &CommandRecord) -> Settlement {
    again(record, title("服务在终端应答前停止", "the service stopped before the terminal answered"))
}

/// Why a command that nobody came for has ended.
pub(crate) fn expired() -> Title {
    title("终端在有效期内未上线", "the terminal did not come within the command's time")
}

fn lost() -> Title {
    title("连接在终端应答前断开", "the connection ended before the terminal answered")
}

/// Sent again where that does no harm, and not for ever.
fn again(record: &CommandRecord, reason: Title) -> Settlement {
    let is_repeatable = command(record).is_ok_and(|command| command.is_repeatable());
    if is_repeatable && record.attempts < ATTEMPTS_MAX {
        Settlement::Requeued(reason)
    } else {
        Settlement::TimedOut(reason)
    }
}

/// Results of 0x0001 (2013 and 2019, 8.1 table 4).
fn meaning(result: u8) -> Title {
    match result {
        1 => title("终端执行失败", "the terminal could not do it"),
        2 => title("终端认为消息有误", "the terminal finds the message wrong"),
        3 => title("终端不支持", "the terminal does not support it"),
        other => title(&format!("终端返回结果 {other}"), &format!("the terminal's result is {other}")),
    }
}

fn title(zh: &str, en: &str) -> Title {
    Title { zh: zh.to_owned(), en: en.to_owned() }
}

/// What an answer says beyond a result: `{"id": "0104", "name": "parameters-answer", "body": {…}}`, the body as `decode`
/// shows it.
fn described(content: &Content) -> Option<Value> {
    let Content { id, edition, body: bytes } = content;
    let message = Message::decode(*id, *edition, bytes).ok()?;
    Some(json!({ "id": format!("{id:04x}"), "name": jt808::name_of(*id), "body": message }))
}
