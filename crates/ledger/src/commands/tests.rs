use super::*;
use crate::tests::Dir;

const AT: ReceiveTime = ReceiveTime::from_ms(1_767_225_600_000);

fn terminal(number: u32) -> TerminalId {
    TerminalId::parse(&format!("1380000{number:04}")).unwrap()
}

fn new(number: u32, text: &str) -> NewCommand {
    NewCommand {
        terminal: terminal(number),
        command: json!({ "kind": "text", "flags": 8, "text": text }),
        by: "duty-03".into(),
        via: Via::Console,
        lasts: Duration::from_secs(60),
        request_key: None,
    }
}

fn keyed(number: u32, text: &str, key: &str) -> NewCommand {
    NewCommand { request_key: Some(key.into()), ..new(number, text) }
}

fn title(en: &str) -> Title {
    Title { zh: "原因".into(), en: en.into() }
}

fn settled(record: &CommandRecord, to: Settlement) -> Settled {
    Settled { id: record.id, serial: Some(7), to }
}

fn after(seconds: u64) -> ReceiveTime {
    AT.plus(Duration::from_secs(seconds))
}

/// Action and author of the audit log's rows, oldest first.
fn story(ledger: &Ledger) -> Vec<(String, String)> {
    let mut rows = ledger.audit_log(1000).unwrap();
    rows.reverse();
    rows.into_iter().map(|row| (row.action, row.by)).collect()
}

#[test]
fn each_step_is_stored_announced_and_audited() {
    let dir = Dir::new();
    let ledger = dir.open();
    let mut changes = ledger.subscribe_commands();
    let queued = ledger.queue_command(&new(1, "慢行"), AT).unwrap();
    assert_eq!((queued.state, queued.attempts, queued.expires_at), (CommandState::Queued, 0, after(60)));
    assert_eq!(queued.id.get_version_num(), 4);
    let taken = ledger.take_commands(&[(terminal(1), 9)], after(1)).unwrap();
    assert_eq!(
        taken[0],
        CommandRecord { state: CommandState::Sent, attempts: 1, updated_at: after(1), ..queued.clone() }
    );
    let lost = settled(&queued, Settlement::Requeued(title("lost")));
    assert_eq!(ledger.settle_commands(&[lost], after(2)).unwrap()[0].state, CommandState::Queued);
    ledger.take_commands(&[(terminal(1), 9)], after(3)).unwrap();
    let answer = json!({ "id": "0104" });
    let done = settled(&queued, Settlement::Acknowledged(Some(answer.clone())));
    let done = ledger.settle_commands(&[done], after(4)).unwrap().remove(0);
    let expected = CommandRecord {
        state: CommandState::Acknowledged,
        attempts: 2,
        serial: Some(7),
        result: Some(0),
        answer: Some(answer),
        updated_at: after(4),
        ..queued.clone()
    };
    assert_eq!(done, expected);
    assert_eq!(dir.open().command(queued.id).unwrap(), Some(expected));
    let states: Vec<_> = std::iter::from_fn(|| changes.try_recv().ok()).map(|it| it.state.as_str()).collect();
    assert_eq!(states, ["queued", "sent", "queued", "sent", "acknowledged"]);
    let by = |action: &str, by: &str| (format!("command-{action}"), by.to_owned());
    let (sent, again) = (by("sent", "gateway"), by("queued", "gateway"));
    let expected = [by("queued", "duty-03"), sent.clone(), again, sent, by("acknowledged", "gateway")];
    assert_eq!(story(&ledger), expected);
    let row = ledger.audit_log(1).unwrap().remove(0);
    assert_eq!(row.subject, queued.id.to_string());
    assert_eq!(
        row.detail,
        r#"{"attempts":2,"kind":"text","reason":null,"result":0,"terminal":"13800000001"}"#
    );
}

#[test]
fn commands_of_a_terminal_are_taken_in_order_and_none_twice() {
    let dir = Dir::new();
    let ledger = dir.open();
    let ids: Vec<_> =
        (0..5).map(|n| ledger.queue_command(&new(n % 2, &n.to_string()), after(0)).unwrap().id).collect();
    let take = |most| -> Vec<CommandId> {
        let wanted = [(terminal(0), most), (terminal(9), most)];
        ledger.take_commands(&wanted, after(1)).unwrap().into_iter().map(|record| record.id).collect()
    };
    assert_eq!(take(2), [ids[0], ids[2]]);
    assert_eq!(take(2), [ids[4]]);
    assert!(take(2).is_empty());
    // One that goes back is older than what was queued since, and comes first again.
    let sixth = ledger.queue_command(&new(0, "6"), after(2)).unwrap().id;
    let back = Settled { id: ids[0], serial: None, to: Settlement::Unsent(title("busy")) };
    assert_eq!(ledger.settle_commands(&[back], after(2)).unwrap()[0].attempts, 0);
    assert_eq!(take(9), [ids[0], sixth]);
    assert_eq!(ledger.terminals_with_commands().unwrap(), [terminal(1)]);
}

#[test]
fn only_what_was_sent_is_settled_and_an_end_is_final() {
    let dir = Dir::new();
    let ledger = dir.open();
    let queued = ledger.queue_command(&new(1, "a"), AT).unwrap();
    let settle = |to| ledger.settle_commands(&[settled(&queued, to)], after(1)).unwrap();
    assert_eq!(settle(Settlement::Acknowledged(None)), []);
    ledger.take_commands(&[(terminal(1), 1)], after(1)).unwrap();
    let failed = settle(Settlement::Failed(Some(3), title("unsupported"))).remove(0);
    assert_eq!((failed.state, failed.result), (CommandState::Failed, Some(3)));
    assert_eq!(failed.reason, Some(title("unsupported")));
    assert_eq!(settle(Settlement::Requeued(title("lost"))), []);
    assert_eq!(ledger.command(queued.id).unwrap(), Some(failed));
}

#[test]
fn the_same_key_queues_once_and_never_another_command() {
    let dir = Dir::new();
    let ledger = dir.open();
    let first = ledger.queue_command(&keyed(1, "a", "k"), AT).unwrap();
    ledger.take_commands(&[(terminal(1), 1)], after(1)).unwrap();
    let again = ledger.queue_command(&keyed(1, "a", "k"), after(2)).unwrap();
    assert_eq!((again.id, again.state), (first.id, CommandState::Sent));
    let reused = |new| ledger.queue_command(&new, after(3)).unwrap_err().to_string();
    assert_eq!(reused(keyed(1, "b", "k")), "the key was used for another command");
    assert_eq!(reused(keyed(2, "a", "k")), "the key was used for another command");
    assert_ne!(ledger.queue_command(&keyed(1, "a", "l"), after(3)).unwrap().id, first.id);
    assert_eq!(story(&ledger).len(), 3);
}

#[test]
fn a_queue_that_is_full_says_so_and_takes_again_when_there_is_room() {
    let dir = Dir::new();
    let ledger = dir.open();
    for n in 0..OPEN_MAX_EACH {
        ledger.queue_command(&new(1, &n.to_string()), AT).unwrap();
    }
    // What is on its way counts as well.
    let sent = ledger.take_commands(&[(terminal(1), 1)], after(1)).unwrap().remove(0);
    let full = ledger.queue_command(&new(1, "more"), after(1)).unwrap_err();
    assert_eq!(full.to_string(), "64 commands wait for this terminal already, at most 64 may");
    ledger.queue_command(&new(2, "another terminal's"), after(1)).unwrap();
    ledger.settle_commands(&[settled(&sent, Settlement::Acknowledged(None))], after(2)).unwrap();
    ledger.queue_command(&new(1, "more"), after(3)).unwrap();
    ledger.inner.metrics.count_open_commands(&[("queued".into(), OPEN_MAX)]);
    let full = ledger.queue_command(&new(3, "a"), after(3)).unwrap_err();
    assert_eq!(full.to_string(), "100000 commands wait for all terminals already, at most 100000 may");
}

#[test]
fn what_is_queued_can_be_cancelled_and_nothing_else() {
    let dir = Dir::new();
    let ledger = dir.open();
    let (first, second) =
        (ledger.queue_command(&new(1, "a"), AT).unwrap(), ledger.queue_command(&new(1, "b"), AT).unwrap());
    ledger.take_commands(&[(terminal(1), 1)], after(1)).unwrap();
    let cancel = |id| ledger.cancel_command(id, "chief", Via::Api, after(2));
    let refused = |id| cancel(id).unwrap_err().to_string();
    assert_eq!(refused(first.id), "the command is sent, only a queued one can be cancelled");
    assert_eq!(cancel(second.id).unwrap().state, CommandState::Cancelled);
    assert_eq!(refused(second.id), "the command is cancelled, only a queued one can be cancelled");
    assert_eq!(refused(Uuid::nil()), "command 00000000-0000-0000-0000-000000000000 is unknown");
    assert_eq!(story(&ledger).last().unwrap(), &("command-cancelled".to_owned(), "chief".to_owned()));
    assert_eq!(ledger.take_commands(&[(terminal(1), 9)], after(3)).unwrap(), []);
}

#[test]
fn what_expires_is_neither_taken_nor_left_queued() {
    let dir = Dir::new();
    let ledger = dir.open();
    let short = ledger.queue_command(&new(1, "a"), AT).unwrap();
    let long = NewCommand { lasts: Duration::MAX, ..new(1, "b") };
    let long = ledger.queue_command(&long, AT).unwrap();
    assert_eq!(long.expires_at, AT.plus(COMMAND_LASTS_MAX));
    assert_eq!(ledger.expire_commands(&title("late"), after(59)).unwrap(), []);
    let taken = ledger.take_commands(&[(terminal(1), 9)], after(60)).unwrap();
    assert_eq!(taken.iter().map(|record| record.id).collect::<Vec<_>>(), [long.id]);
    let expired = ledger.expire_commands(&title("late"), after(60)).unwrap();
    assert_eq!((expired[0].id, expired[0].state), (short.id, CommandState::TimedOut));
    assert_eq!((expired.len(), &expired[0].reason), (1, &Some(title("late"))));
    // One on its way is ended by its answer, or by the want of one.
    assert_eq!(ledger.expire_commands(&title("late"), long.expires_at).unwrap(), []);
}

#[test]
fn a_restart_finds_every_command_where_it_was() {
    let dir = Dir::new();
    let ledger = dir.open();
    let (first, second) =
        (ledger.queue_command(&new(1, "a"), AT).unwrap(), ledger.queue_command(&new(1, "b"), AT).unwrap());
    ledger.take_commands(&[(terminal(1), 1)], after(1)).unwrap();
    drop(ledger);
    let ledger = dir.open();
    let sent = ledger.sent_commands().unwrap();
    assert_eq!((sent.len(), sent[0].id, sent[0].attempts), (1, first.id, 1));
    assert_eq!(ledger.terminals_with_commands().unwrap(), [terminal(1)]);
    assert_eq!(ledger.command(second.id).unwrap(), Some(second));
    assert_eq!(ledger.inner.metrics.commands_open(), 2);
}

#[test]
fn pages_walk_the_commands_of_one_terminal_newest_first() {
    let dir = Dir::new();
    let ledger = dir.open();
    let ids: Vec<_> =
        (0..10).map(|n| ledger.queue_command(&new(n % 2, &n.to_string()), AT).unwrap().id).collect();
    ledger.take_commands(&[(terminal(0), 2)], after(1)).unwrap();
    let walk = |states: &[CommandState]| {
        let mut query =
            CommandQuery { terminal: terminal(0), states: states.to_vec(), limit: 2, cursor: None };
        let mut seen = Vec::new();
        loop {
            let page = ledger.commands(&query).unwrap();
            seen.extend(page.items.into_iter().map(|record| record.id));
            query.cursor = page.next;
            if query.cursor.is_none() {
                return seen;
            }
        }
    };
    assert_eq!(walk(&[]), [ids[8], ids[6], ids[4], ids[2], ids[0]]);
    assert_eq!(walk(&[CommandState::Queued, CommandState::Failed]), [ids[8], ids[6], ids[4]]);
    let query = CommandQuery { terminal: terminal(0), states: vec![], limit: 2, cursor: Some("z".into()) };
    assert!(matches!(ledger.commands(&query), Err(StoreError::Cursor(_))));
}

#[test]
fn ended_commands_are_forgotten_by_age_and_by_number() {
    let dir = Dir::new();
    let ledger = dir.open();
    let ids: Vec<_> = (0..4).map(|n| ledger.queue_command(&new(n, "a"), AT).unwrap().id).collect();
    for (id, seconds) in ids[1..].iter().zip([1, 2, 3]) {
        ledger.cancel_command(*id, "duty", Via::Api, after(seconds)).unwrap();
    }
    let left = || ids.iter().filter(|id| ledger.command(**id).unwrap().is_some()).count();
    let half_a_year = 180 * 24 * 3600;
    assert_eq!(ledger.prune_commands(after(half_a_year + 1)).unwrap(), 0);
    assert_eq!(ledger.prune_commands(after(half_a_year + 2)).unwrap(), 1);
    assert_eq!((left(), ledger.command(ids[1]).unwrap()), (3, None));
    assert_eq!(ledger.prune_commands_beyond(after(4), 1).unwrap(), 1);
    assert_eq!((left(), ledger.command(ids[2]).unwrap()), (2, None));
    // However old, what has not ended stays.
    assert_eq!(ledger.prune_commands_beyond(after(10 * half_a_year), 0).unwrap(), 1);
    assert!(ledger.command(ids[0]).unwrap().is_some());
}
