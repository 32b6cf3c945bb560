//! `token` and `user`: accounts in the ledger of a service that may be running.

use std::io::{BufRead, stdin};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ledger::{Author, Identity, Ledger, Role, Via};
use settings::Access;

use crate::args::{self, RoleArg, UserVerb};
use crate::{clock, serve};

/// Makes a token and prints it, alone, on standard output.
pub fn token(args: &args::Token) -> Result<()> {
    let (ledger, access) = open(&args.config)?;
    let identity = identity(&args.account)?;
    refuse_combined(&ledger, &access, &identity)?;
    let token = ledger.add_token(&identity, &author()).context("cannot make the token")?;
    println!("{token}");
    eprintln!("This is the only time it is shown 仅显示一次; send it as: Authorization: Bearer {token}");
    Ok(())
}

/// Adds, lists or removes users.
pub fn user(args: &args::User) -> Result<()> {
    let (ledger, access) = open(&args.config)?;
    match &args.verb {
        UserVerb::Add(account) => {
            let user = identity(account)?;
            refuse_combined(&ledger, &access, &user)?;
            let password = read_password(&access, &user.name)?;
            ledger
                .add_user(&user, &password, &author())
                .with_context(|| format!("cannot add {}", user.name))?;
            eprintln!("added {} 已添加", user.name);
        }
        UserVerb::List => {
            for user in ledger.users().context("cannot list the users")? {
                let department = user.department.map(|own| own.to_string()).unwrap_or_default();
                let (operators, divisions) = (user.operators.join(","), user.divisions.join(","));
                println!("{}\t{}\t{operators}\t{divisions}\t{department}", user.name, user.role);
            }
        }
        UserVerb::ResetSecondFactor { name } => {
            ensure!(
                ledger.reset_factor(name, &author()).context("cannot reset the second factor")?,
                "{name} has no second factor"
            );
            eprintln!("the second factor of {name} is gone 已重置双因素认证");
        }
        UserVerb::Remove { name, force } => {
            match force {
                true => ensure!(
                    ledger.remove_user(name, &author()).context("cannot remove the user")?,
                    "there is no user {name}"
                ),
                false => ledger
                    .dismiss_user(name, &author())
                    .with_context(|| format!("cannot remove {name}; --force removes the last administrator too 最后一个管理员须加 --force"))?,
            }
            eprintln!("removed {name} 已删除");
        }
    }
    Ok(())
}

fn open(config: &Path) -> Result<(Ledger, Access)> {
    let settings = serve::load(config)?.settings;
    std::fs::create_dir_all(&settings.data_dir)
        .with_context(|| format!("cannot make the data folder {}", settings.data_dir.display()))?;
    let ledger = Ledger::open(&settings.data_dir.join("ledger.db"), &prometheus::Registry::new())
        .context("cannot open the ledger")?;
    Ok((ledger, settings.access))
}

/// Where duties are separate, no name keeps accounts and reads the audit log.
fn refuse_combined(ledger: &Ledger, access: &Access, identity: &Identity) -> Result<()> {
    if access.separates_duties() {
        let other = ledger.contrary_duty(identity).context("cannot read the accounts")?;
        ensure!(other.is_none(), "{} keeps accounts or reads the audit log already, not both", identity.name);
    }
    Ok(())
}

fn identity(account: &args::Account) -> Result<Identity> {
    let identity = Identity {
        name: account.name.clone(),
        role: role(account.role),
        department: account.department,
        operators: account.operator.clone(),
        divisions: account.division.clone(),
    };
    identity.check()?;
    Ok(identity)
}

/// Whoever may run this command may do anything; the audit log says that it was done from here.
fn author() -> Author {
    Author { by: "command-line".to_owned(), via: Via::Service, at: clock::now() }
}

fn role(role: RoleArg) -> Role {
    match role {
        RoleArg::Admin => Role::Admin,
        RoleArg::Analyst => Role::Analyst,
        RoleArg::Auditor => Role::Auditor,
        RoleArg::Department => Role::Department,
        RoleArg::Duty => Role::Duty,
        RoleArg::Operator => Role::Operator,
        RoleArg::Police => Role::Police,
        RoleArg::Supervisor => Role::Supervisor,
    }
}

fn read_password(access: &Access, name: &str) -> Result<String> {
    eprintln!("Password, one line on standard input 请输入密码:");
    let mut line = String::new();
    stdin().lock().read_line(&mut line).context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    match console::password_problem(access, name, &password) {
        Some(problem) => bail!("the password {problem}"),
        None => Ok(password),
    }
}
