// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

//! `dump-writer OUT.dmp PROGRAM ARGS…` runs the program, waits until it reports its crash on descriptor 3 (see zoo.cc),
//! writes a minidump of it from outside, and kills it.

use minidump_writer::{minidump_writer::MinidumpWriterConfig, CrashContextExt};
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

const UCONTEXT_BYTES: usize = 968;
const FPSTATE_BYTES: usize = 512;
const RECORD_BYTES: usize = 24 + UCONTEXT_BYTES + FPSTATE_BYTES;

extern "C" {
    fn pipe(fds: *mut i32) -> i32;
    fn dup2(from: i32, to: i32) -> i32;
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut fds = [0i32; 2];
    assert_eq!(unsafe { pipe(fds.as_mut_ptr()) }, 0);
    let mut reader = unsafe { std::fs::File::from_raw_fd(fds[0]) };
    let writer = unsafe { std::fs::File::from_raw_fd(fds[1]) };
    let raw = writer.as_raw_fd();
    let mut command = Command::new(&args[2]);
    command.args(&args[3..]);
    unsafe { command.pre_exec(move || (dup2(raw, 3) == 3).then_some(()).ok_or(std::io::ErrorKind::Other.into())) };
    let mut child = command.spawn().expect("the program starts");
    drop(writer);

    let mut record = vec![0u8; RECORD_BYTES];
    let outcome = reader.read_exact(&mut record).map_err(|error| error.to_string()).and_then(|()| {
        let context = crash_context(&record);
        let mut out = std::fs::File::create(&args[1]).map_err(|error| error.to_string())?;
        let mut config = MinidumpWriterConfig::new(context.pid, context.tid);
        config.set_crash_context(CrashContextExt { inner: context });
        config.write(&mut out).map(|_| ()).map_err(|error| format!("{error:?}"))
    });
    let _ = child.kill();
    let _ = child.wait();
    if let Err(error) = outcome {
        eprintln!("no dump: {error}");
        std::process::exit(1);
    }
}

fn crash_context(record: &[u8]) -> crash_context::CrashContext {
    let int = |at: usize| i32::from_le_bytes(record[at..at + 4].try_into().unwrap());
    let mut context: crash_context::CrashContext = unsafe { std::mem::zeroed() };
    context.pid = int(0);
    context.tid = int(4);
    context.siginfo.ssi_signo = int(8) as u32;
    context.siginfo.ssi_code = int(12);
    context.siginfo.ssi_addr = u64::from_le_bytes(record[16..24].try_into().unwrap());
    let copy = |source: &[u8], target: *mut u8, size: usize| unsafe {
        std::ptr::copy_nonoverlapping(source.as_ptr(), target, size.min(source.len()))
    };
    let user = &record[24..24 + UCONTEXT_BYTES];
    let float = &record[24 + UCONTEXT_BYTES..];
    copy(user, (&raw mut context.context).cast(), std::mem::size_of_val(&context.context));
    copy(float, (&raw mut context.float_state).cast(), std::mem::size_of_val(&context.float_state));
    context
}
