// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Tells descriptor 3 which thread crashed and with which context, then waits to be dumped from outside. The record is
// the one that test/peers/stackwalk-dumps/writer reads.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

struct record {
  int32_t pid, tid, signo, code;
  uint64_t address;
  unsigned char context[968];
  unsigned char floats[512];
};

static struct record record;

static void report(int signo, siginfo_t *info, void *raw) {
  ucontext_t *context = raw;
  record.pid = getpid();
  record.tid = (int32_t)syscall(SYS_gettid);
  record.signo = signo;
  record.code = info->si_code;
  record.address = (uint64_t)(uintptr_t)info->si_addr;
  memcpy(record.context, context, sizeof record.context);
  if (context->uc_mcontext.fpregs) memcpy(record.floats, context->uc_mcontext.fpregs, sizeof record.floats);
  if (write(3, &record, sizeof record) < 0) _exit(3);
  for (;;) pause();
}

/// The handler needs a stack of its own in every thread that may overflow its stack.
void use_signal_stack(void) {
  static __thread char room[16384];
  stack_t stack = {.ss_sp = room, .ss_size = sizeof room};
  sigaltstack(&stack, NULL);
}

void report_crashes(void) {
  struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  use_signal_stack();
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
}
