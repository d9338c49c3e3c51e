// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `zoo WAY SEED`: several threads go down stacks of different shapes and wait there; then one crashes in the given way.
// The signal handler tells descriptor 3 who crashed and with which context, and waits to be dumped (writer/src/main.rs).
#include <alloca.h>
#include <cassert>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>
#include <vector>

#define KEEP __attribute__((noinline))

static std::string way;
static volatile int sink;
/** What no compiler knows to be zero: what it knows to be undefined, it leaves out. */
static volatile uintptr_t zero;
static volatile int running;

struct Record {
  int32_t pid, tid, signo, code;
  uint64_t address;
  unsigned char context[968];
  unsigned char floats[512];
};

static void report(int signo, siginfo_t *info, void *raw) {
  static Record record;
  auto *context = static_cast<ucontext_t *>(raw);
  record.pid = getpid();
  record.tid = static_cast<int32_t>(syscall(SYS_gettid));
  record.signo = signo;
  record.code = info->si_code;
  record.address = reinterpret_cast<uint64_t>(info->si_addr);
  memcpy(record.context, context, sizeof record.context);
  if (context->uc_mcontext.fpregs) memcpy(record.floats, context->uc_mcontext.fpregs, sizeof record.floats);
  if (write(3, &record, sizeof record) < 0) _exit(3);
  for (;;) pause();
}

static inline int twist(int value) { return value * 31 + (value >> 3); }

static inline int twist_pair(int left, int right) { return twist(left) ^ twist(right); }

KEEP static void wait_here(int value) {
  sink = twist_pair(value, sink);
  __atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
  for (;;) usleep(1000000);
}

struct Cell {
  int value;
  Cell *next;
};

struct Base {
  virtual ~Base() = default;
  virtual int step(int depth, const std::function<void(int)> &leaf) = 0;
};

template <int N> struct Layer : Base {
  int pad[N * 4];
  KEEP int step(int depth, const std::function<void(int)> &leaf) override {
    pad[depth % (N * 4)] = depth;
    if (depth <= 0) leaf(pad[0]);
    Layer<(N % 7) + 1> next;
    return twist(next.step(depth - 1, leaf)) + pad[1];
  }
};

KEEP static int recurse(int depth, int seed, const std::function<void(int)> &leaf) {
  volatile char block[64];
  block[depth & 63] = static_cast<char>(seed);
  if (depth == 0) leaf(block[0]);
  return recurse(depth - 1, twist(seed), leaf) + block[1];
}

KEEP static int spread(const std::function<void(int)> &leaf, int count, ...) {
  va_list list;
  va_start(list, count);
  int sum = 0;
  for (int i = 0; i < count; i++) sum += va_arg(list, int);
  va_end(list);
  leaf(sum);
  return twist(sum);
}

KEEP static int swell(int size, const std::function<void(int)> &leaf) {
  char *room = static_cast<char *>(alloca(size));
  memset(room, size, size);
  leaf(room[size / 2]);
  return room[1] + sink;
}

static thread_local const std::function<void(int)> *sort_leaf;
static thread_local int sort_calls;
KEEP static int compare(const void *left, const void *right) {
  if (++sort_calls == 5) (*sort_leaf)(sort_calls);
  return *static_cast<const int *>(left) - *static_cast<const int *>(right);
}
KEEP static int sorted(const std::function<void(int)> &leaf) {
  int values[] = {9, 3, 7, 1, 5, 8, 2, 6};
  sort_leaf = &leaf;
  qsort(values, 8, sizeof values[0], compare);
  return values[0];
}

KEEP static double floating(double a, double b, int n, const std::function<void(int)> &leaf) {
  double x = a * b + n;
  if (n > 0) return floating(x, b, n - 1, leaf) + x;
  leaf(static_cast<int>(x));
  return x + sink;
}

KEEP static int guarded(int depth, const std::function<void(int)> &leaf) {
  std::string name(static_cast<size_t>(depth + 20), 'x');
  std::vector<int> numbers(static_cast<size_t>(depth + 3), depth);
  try {
    if (depth > 0) return guarded(depth - 1, leaf) + static_cast<int>(name.size());
    leaf(numbers[0]);
  } catch (const std::runtime_error &error) {
    sink = error.what()[0];
  }
  return numbers.back() + sink;
}

KEEP static int mapped(const std::function<void(int)> &leaf, int depth) {
  std::map<std::string, std::function<int(int)>> table;
  table["go"] = [&](int n) {
    if (n > 0) return mapped(leaf, n - 1) + n;
    leaf(n);
    return sink + n;
  };
  return table["go"](depth) + 1;
}

static void descend(int kind, int seed, const std::function<void(int)> &leaf) {
  switch (kind % 8) {
    case 0: sink = recurse(20 + seed % 17, seed, leaf); break;
    case 1: sink = Layer<1>().step(12 + seed % 9, leaf); break;
    case 2: sink = spread(leaf, 4, 1, seed, 3, 4); break;
    case 3: sink = swell(100 + seed % 4000, [&](int) { sink = recurse(9, seed, leaf); }); break;
    case 4: sink = sorted([&](int) { sink = guarded(7, leaf); }); break;
    case 5: sink = static_cast<int>(floating(1.5, 2.5, 10 + seed % 5, leaf)); break;
    case 6: sink = guarded(9 + seed % 6, leaf); break;
    default: sink = mapped(leaf, 5 + seed % 4); break;
  }
}

KEEP static int endless(int n) {
  volatile int room[40];
  room[n % 40] = n;
  return endless(n + 1) + room[0];
}

__attribute__((noinline, noreturn)) static void give_up(const char *why) {
  fprintf(stderr, "%s\n", why);
  abort();
}

static const int constant = 7;

KEEP static void crash(int) {
  void *none = reinterpret_cast<void *>(zero);
  if (way == "null-read") sink = static_cast<Cell *>(none)->next->value;
  else if (way == "null-write") static_cast<Cell *>(none)->value = 4;
  else if (way == "null-call") reinterpret_cast<void (*)()>(none)();
  else if (way == "wild-read") sink = *reinterpret_cast<volatile int *>(0x123456789000ull + zero);
  else if (way == "non-canonical") sink = *reinterpret_cast<volatile int *>(0xdead00000000beefull + zero);
  else if (way == "divide") sink = twist(7) / static_cast<int>(zero);
  else if (way == "illegal") __asm__ volatile("ud2");
  else if (way == "trap") __asm__ volatile("int3");
  else if (way == "abort") give_up("giving up");
  else if (way == "assert") assert(sink == -12345);
  else if (way == "throw") throw std::logic_error("nobody catches this");
  else if (way == "read-only") __asm__ volatile("movl $1, %0" ::"m"(constant));
  else if (way == "overflow") sink = endless(1);
  else if (way == "wild-call") reinterpret_cast<void (*)()>(0x5000 + zero)();
  else if (way == "bus") {
    FILE *file = tmpfile();
    auto *page = static_cast<volatile char *>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fileno(file), 0));
    sink = page[8];
  }
  sink = sink + 1;
}

int main(int argc, char **argv) {
  way = argc > 1 ? argv[1] : "null-read";
  const int seed = argc > 2 ? atoi(argv[2]) : 1;
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  static char alternate[65536];
  stack_t stack = {};
  stack.ss_sp = alternate;
  stack.ss_size = sizeof alternate;
  struct sigaction action = {};
  action.sa_sigaction = report;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (int signo : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP}) sigaction(signo, &action, nullptr);

  std::vector<std::thread> threads;
  for (int kind = 0; kind < 8; kind++)
    threads.emplace_back([kind, seed] {
      prctl(PR_SET_NAME, ("zoo-" + std::to_string(kind)).c_str(), 0, 0, 0);
      descend(kind, seed + kind, wait_here);
    });
  while (running < 8) usleep(1000);
  std::thread crasher([&] {
    sigaltstack(&stack, nullptr);
    descend(seed, seed * 5, crash);
  });
  crasher.join();
  // A way that does not crash gives no dump, and that is an error of whoever wrote it.
  _exit(4);
}
