//! What each role may do: one table. Default deny: what a row does not name is refused.
//!
//! A right opens routes ([`routes::ROUTES`](crate::routes::ROUTES) names the one each needs), an action is done to an
//! alert, a command is sent to a terminal. What of the fleet all this is about is another question: `ledger::Scope`.

use ledger::{ActionKind, Role};

use Right::{
    Alerts, Audit, Commands, CommandsAll, CommandsCancel, Dangers, DangersClose, DangersRectify,
    DangersWrite, Exports, Map, Own, Rules, RulesWrite, Security, Sightings, Statistics, StructuresReopen,
    System, TerminalsRelease, Users, Vehicles, Zones, ZonesWrite,
};

macro_rules! rights {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// What a route may need.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum Right { $($(#[$doc])* $variant,)+ }

        impl Right {
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in answers.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

rights! {
    /// Alerts and their evidence.
    Alerts = "alerts",
    /// The audit log.
    Audit = "audit",
    /// Commands to terminals: to see them, and to send those of [`Powers::commands`].
    Commands = "commands",
    /// Every kind of command.
    CommandsAll = "commands.all",
    /// To take back what others sent.
    CommandsCancel = "commands.cancel",
    /// Major hidden dangers.
    Dangers = "dangers",
    /// To close one.
    DangersClose = "dangers.close",
    /// To put right what one is responsible for.
    DangersRectify = "dangers.rectify",
    /// To keep the list: enter one, give it to somebody, announce it.
    DangersWrite = "dangers.write",
    /// Files of many rows.
    Exports = "exports",
    /// The map in force, and structures with a monitor.
    Map = "map",
    /// What everybody has who is signed in: to see and leave one's own account.
    Own = "own",
    /// Rules and their settings.
    Rules = "rules",
    /// To change them.
    RulesWrite = "rules.write",
    /// Who tried to be a terminal.
    Security = "security",
    /// To report what a camera saw.
    Sightings = "sightings",
    /// Figures.
    Statistics = "statistics",
    /// To open what a monitor closed.
    StructuresReopen = "structures.reopen",
    /// The service itself.
    System = "system",
    /// To let another device have a terminal's number.
    TerminalsRelease = "terminals.release",
    /// Accounts of others.
    Users = "users",
    /// Vehicles and where they are.
    Vehicles = "vehicles",
    /// Zones and routes with where they come from and how they changed.
    Zones = "zones",
    /// To change them.
    ZonesWrite = "zones.write",
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Powers {
    pub(crate) rights: &'static [Right],
    pub(crate) actions: &'static [ActionKind],
    /// Kinds of commands to terminals, beside [`Right::CommandsAll`].
    pub(crate) commands: &'static [&'static str],
}

impl Powers {
    pub(crate) fn has(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }
}

/// The row of a role where duties are separate: who keeps accounts does not read the log of what was done with them.
pub(crate) const fn of_separate(role: Role) -> &'static Powers {
    match role {
        Role::Admin => &ADMIN_SEPARATE,
        role => of(role),
    }
}

/// The row of a role.
pub(crate) const fn of(role: Role) -> &'static Powers {
    match role {
        Role::Duty => &DUTY,
        Role::Supervisor => &SUPERVISOR,
        Role::Department => &DEPARTMENT,
        Role::Police => &POLICE,
        Role::Operator => &OPERATOR,
        Role::Analyst => &ANALYST,
        Role::Admin => &ADMIN,
        Role::Auditor => &AUDITOR,
    }
}

/// The desk decides.
#[rustfmt::skip]
const DUTY: Powers = Powers {
    rights: &[
        Own, Alerts, Vehicles, Commands, CommandsCancel, Exports, Statistics, Dangers, DangersWrite, DangersRectify,
        Rules, StructuresReopen, Map, Zones,
    ],
    actions: ActionKind::ALL,
    commands: DESK_COMMANDS,
};

/// The desk's leader also closes dangers.
#[rustfmt::skip]
const SUPERVISOR: Powers = Powers {
    rights: &[
        Own, Alerts, Vehicles, Commands, CommandsCancel, Exports, Statistics, Dangers, DangersWrite, DangersRectify,
        DangersClose, Rules, StructuresReopen, Map, Zones, Security,
    ],
    actions: ActionKind::ALL,
    commands: DESK_COMMANDS,
};

/// A department does its part of what is addressed to it.
#[rustfmt::skip]
const DEPARTMENT: Powers = Powers {
    rights: &[Own, Alerts, Vehicles, Exports, Statistics, Dangers, Map, Zones],
    actions: DEPARTMENT_ACTIONS,
    commands: &[],
};

/// The police besides talks to drivers, and has cameras.
#[rustfmt::skip]
const POLICE: Powers = Powers {
    rights: &[Own, Alerts, Vehicles, Commands, Exports, Statistics, Dangers, Sightings, Map, Zones],
    actions: DEPARTMENT_ACTIONS,
    commands: TALK,
};

/// A company answers for its own vehicles, and has to warn its drivers.
#[rustfmt::skip]
const OPERATOR: Powers = Powers {
    rights: &[Own, Alerts, Vehicles, Commands, Exports, Statistics, Dangers, DangersRectify, Map],
    actions: &[ActionKind::Acknowledge, ActionKind::Comment, ActionKind::Handle, ActionKind::Appeal],
    commands: TALK,
};

#[rustfmt::skip]
const ANALYST: Powers = Powers {
    rights: &[Own, Alerts, Vehicles, Exports, Statistics, Dangers, Rules, Map, Zones],
    actions: &[],
    commands: &[],
};

/// The log of what was done stands last: where duties are separate, all but that.
#[rustfmt::skip]
const ADMIN_RIGHTS: &[Right] = &[
    Own, Alerts, Vehicles, Commands, CommandsAll, CommandsCancel, Exports, Statistics, Dangers, DangersWrite,
    DangersRectify, DangersClose, Rules, RulesWrite, Sightings, StructuresReopen, Map, Zones, ZonesWrite, Users, System,
    Security, TerminalsRelease, Audit,
];

const ADMIN: Powers = Powers { rights: ADMIN_RIGHTS, actions: ActionKind::ALL, commands: &[] };

const ADMIN_SEPARATE: Powers = Powers {
    rights: match ADMIN_RIGHTS.split_last() {
        Some((Audit, others)) => others,
        _ => panic!("the audit log stands last"),
    },
    ..ADMIN
};

const AUDITOR: Powers = Powers { rights: &[Own, Audit], actions: &[], commands: &[] };

const DEPARTMENT_ACTIONS: &[ActionKind] = &[
    ActionKind::Acknowledge,
    ActionKind::Unacknowledge,
    ActionKind::Comment,
    ActionKind::Dispatch,
    ActionKind::Handle,
    ActionKind::FalseAlarm,
    ActionKind::Close,
];

/// To talk to a driver, and to ask where the vehicle is.
const TALK: &[&str] = &["query-location", "text"];
const DESK_COMMANDS: &[&str] =
    &["confirm-alarm", "query-location", "query-parameters", "query-properties", "text"];

#[cfg(test)]
mod tests {
    use super::*;

    /// Written once more by hand, the other way round: who holds a right. A mistake has to be made twice.
    #[test]
    fn each_right_is_held_by_whom_it_is_meant_for() {
        use Role::*;
        for &right in Right::ALL {
            let expected: &[Role] = match right {
                Own => Role::ALL,
                Alerts | Vehicles | Exports | Statistics | Dangers | Map => {
                    &[Duty, Supervisor, Department, Police, Operator, Analyst, Admin]
                }
                Zones => &[Duty, Supervisor, Department, Police, Analyst, Admin],
                Commands => &[Duty, Supervisor, Police, Operator, Admin],
                CommandsCancel | StructuresReopen => &[Duty, Supervisor, Admin],
                DangersWrite => &[Duty, Supervisor, Admin],
                DangersRectify => &[Duty, Supervisor, Operator, Admin],
                DangersClose => &[Supervisor, Admin],
                Rules => &[Duty, Supervisor, Analyst, Admin],
                Sightings => &[Police, Admin],
                Security => &[Supervisor, Admin],
                CommandsAll | RulesWrite | System | TerminalsRelease | Users | ZonesWrite => &[Admin],
                Audit => &[Admin, Auditor],
            };
            let held: Vec<Role> = Role::ALL.iter().copied().filter(|role| of(*role).has(right)).collect();
            assert_eq!(held, expected, "{}", right.as_str());
        }
    }

    #[test]
    fn separate_duties_take_the_audit_log_from_who_keeps_accounts_and_nothing_else() {
        for &role in Role::ALL {
            for &right in Right::ALL {
                let expected = of(role).has(right) && !(role == Role::Admin && right == Audit);
                assert_eq!(of_separate(role).has(right), expected, "{role} {}", right.as_str());
            }
            assert_eq!(of_separate(role).actions, of(role).actions, "{role}");
        }
        let combined = |role: &&Role| of_separate(**role).has(Users) && of_separate(**role).has(Audit);
        assert_eq!(Role::ALL.iter().find(combined), None);
    }

    #[test]
    fn who_acts_is_who_acted_before_and_the_leader_of_the_desk() {
        for &kind in ActionKind::ALL {
            use ActionKind::*;
            use Role::{Admin, Department, Duty, Operator, Police, Supervisor};
            let expected: &[Role] = match kind {
                Acknowledge | Comment | Handle => &[Duty, Supervisor, Department, Police, Operator, Admin],
                Unacknowledge | Dispatch | FalseAlarm | Close => {
                    &[Duty, Supervisor, Department, Police, Admin]
                }
                Appeal => &[Duty, Supervisor, Operator, Admin],
                Assign | Remind | Defer | Reopen | DecideAppeal => &[Duty, Supervisor, Admin],
            };
            let may: Vec<Role> =
                Role::ALL.iter().copied().filter(|role| of(*role).actions.contains(&kind)).collect();
            assert_eq!(may, expected, "{kind}");
        }
    }
}
