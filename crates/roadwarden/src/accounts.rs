//! `token` and `user`: accounts in the ledger of a service that may be running.

use std::io::{BufRead, stdin};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ledger::{Identity, Ledger, Role};

use crate::args::{self, RoleArg, UserVerb};
use crate::serve;

/// Fewest characters of a password.
const PASSWORD_CHARS_MIN: usize = 8;

/// Makes a token and prints it, alone, on standard output.
pub fn token(args: &args::Token) -> Result<()> {
    let ledger = open(&args.config)?;
    let operator = args.operator.as_deref();
    let token = ledger.add_token(&args.name, role(args.role), operator).context("cannot make the token")?;
    println!("{token}");
    eprintln!("This is the only time it is shown 仅显示一次; send it as: Authorization: Bearer {token}");
    Ok(())
}

/// Adds, lists or removes users.
pub fn user(args: &args::User) -> Result<()> {
    let ledger = open(&args.config)?;
    match &args.verb {
        UserVerb::Add { name, role: wanted, operator } => {
            let password = read_password()?;
            let user = Identity {
                name: name.clone(),
                role: role(*wanted),
                operator: operator.clone(),
                department: None,
            };
            ledger.add_user(&user, &password).with_context(|| format!("cannot add {name}"))?;
            eprintln!("added {name} 已添加");
        }
        UserVerb::List => {
            for user in ledger.users().context("cannot list the users")? {
                println!("{}\t{}\t{}", user.name, user.role.as_str(), user.operator.unwrap_or_default());
            }
        }
        UserVerb::Remove { name } => {
            ensure!(ledger.remove_user(name).context("cannot remove the user")?, "there is no user {name}");
            eprintln!("removed {name} 已删除");
        }
    }
    Ok(())
}

fn open(config: &Path) -> Result<Ledger> {
    let settings = serve::load(config)?.settings;
    std::fs::create_dir_all(&settings.data_dir)
        .with_context(|| format!("cannot make the data folder {}", settings.data_dir.display()))?;
    Ledger::open(&settings.data_dir.join("ledger.db"), &prometheus::Registry::new())
        .context("cannot open the ledger")
}

fn role(role: RoleArg) -> Role {
    match role {
        RoleArg::Admin => Role::Admin,
        RoleArg::Duty => Role::Duty,
        RoleArg::Operator => Role::Operator,
        RoleArg::Police => Role::Police,
    }
}

fn read_password() -> Result<String> {
    eprintln!("Password, one line on standard input 请输入密码:");
    let mut line = String::new();
    stdin().lock().read_line(&mut line).context("cannot read the password")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    ensure!(
        password.chars().count() >= PASSWORD_CHARS_MIN,
        "the password is too short, expected at least {PASSWORD_CHARS_MIN} characters"
    );
    Ok(password)
}
