//! The one binary: commands, assembly, the clock, signals, the order of shutdown.

mod accounts;
mod args;
mod chains;
mod clock;
mod compare;
mod dangers;
mod decode;
mod demo;
mod evidence;
mod exit;
mod hex;
mod hold;
mod import;
mod log;
mod reload;
mod replay;
mod serve;
mod service;
mod simulate;
mod trial;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = Args::parse(); // Wrong usage ends here with exit code 2.
    let result = match args.command {
        Command::Check(check) => serve::check(&check.config),
        Command::Decode(decode) => decode_frames(&decode),
        Command::Demo(demo) => demo::run(&demo),
        Command::ImportOsm(import) => import::run(&import),
        Command::Replay(replay) => replay::run(&replay),
        Command::Serve(serve) => serve::run(&serve.config),
        Command::Simulate(simulate) => simulate::run(&simulate),
        Command::Token(token) => accounts::token(&token),
        Command::User(user) => accounts::user(&user),
        Command::Verify(args) => verify::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}

fn decode_frames(args: &args::Decode) -> anyhow::Result<()> {
    let output = std::io::BufWriter::new(std::io::stdout().lock());
    if decode::run(args, std::io::stdin().lock(), output)? {
        Ok(())
    } else {
        Err(exit::Wrong("some frames could not be decoded 部分报文无法解析".to_owned()).into())
    }
}
