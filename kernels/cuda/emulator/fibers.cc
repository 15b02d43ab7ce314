// A thread runs until it waits or ends; which one comes next is up to the order. A thread that ends without waiting
// gives its stack to the next, so that kernels without barriers cost little more than a call a thread.
#include "fibers.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>
#include <vector>

#include "memory.h"
#include "status.h"
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace cuemu {
namespace {
enum class Wait { fresh, ready, lanes, block, done };
enum class Kind { exchange, vote };

struct Thread {
  Wait wait;
  void *stack;  // where it stopped
  char *memory;
  // At a call of warps: what was asked, and the answer.
  Kind kind;
  unsigned mask, source;
  Bits value, answer;
};

const size_t stackBytes = 256 << 10;
const unsigned mostThreads = 1024;
const size_t mostShared = 232448;

State *state;
const Kernel *kernel;
void **argumentsOfKernel;
Thread threads[mostThreads];
unsigned count, alive, waiting, predicates, barrierAnswer, barrierThreads, current;
std::vector<char *> freeStacks;
void *mainStack;
const char *failure;

#if defined(__x86_64__)
extern "C" void cuemuSwitch(void **from, void *to) __attribute__((visibility("hidden")));
asm(".text\n.hidden cuemuSwitch\n.globl cuemuSwitch\n.type cuemuSwitch,@function\ncuemuSwitch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\nmov %rsp,(%rdi)\nmov %rsi,%rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n.size cuemuSwitch,.-cuemuSwitch\n");
void start();
// Six registers and the address to return to; the stack is 8 bytes off a multiple of 16 when a function is entered.
// Stacks start at different lines of the cache, else they would all compete for the same.
void prepare(Thread &thread, unsigned number) {
  Bits *top = (Bits *)(thread.memory + stackBytes - 120 - number % 61 * 64);
  top[0] = 0;
  top[-1] = (Bits)&start;
  thread.stack = top - 7;
}
void toMain() { cuemuSwitch(&threads[current].stack, mainStack); }
void toThread() { cuemuSwitch(&mainStack, threads[current].stack); }
#else
ucontext_t mainContext, contexts[mostThreads];
void start();
void prepare(Thread &thread, unsigned number) {
  ucontext_t &context = contexts[number];
  getcontext(&context);
  context.uc_stack.ss_sp = thread.memory;
  context.uc_stack.ss_size = stackBytes;
  context.uc_link = nullptr;
  makecontext(&context, start, 0);
}
void toMain() { swapcontext(&contexts[current], &mainContext); }
void toThread() { swapcontext(&mainContext, &contexts[current]); }
#endif

unsigned warpStart(unsigned thread) { return thread & ~31u; }
bool isAlive(unsigned thread) { return thread < count && threads[thread].wait != Wait::done; }

// Lets the lanes that wait together with `thread` go on, if all of them are there.
void meet(unsigned thread) {
  const unsigned first = warpStart(thread), mask = threads[thread].mask;
  for (unsigned lane = 0; lane < 32; lane++) {
    if (!(mask >> lane & 1) || !isAlive(first + lane)) continue;
    const Thread &other = threads[first + lane];
    if (other.wait != Wait::lanes) return;
    if (other.kind != threads[thread].kind) failure = "lanes of a warp meet at a shuffle and at a vote";
  }
  if (failure) return;
  unsigned votes = 0;
  const auto takesPart = [&](unsigned lane) { return (mask >> lane & 1) && isAlive(first + lane); };
  for (unsigned lane = 0; lane < 32; lane++) if (takesPart(lane) && threads[first + lane].value) votes |= 1u << lane;
  for (unsigned lane = 0; lane < 32; lane++) {
    if (!takesPart(lane)) continue;
    Thread &one = threads[first + lane];
    one.answer = one.kind == Kind::vote ? votes : takesPart(one.source & 31) ? threads[first + (one.source & 31)].value : ~0ull;
    one.wait = Wait::ready;
  }
}
Bits atLanes(Kind kind, unsigned mask, Bits value, unsigned source) {
  Thread &self = threads[current];
  if (!(mask >> (current & 31) & 1)) failure = "a lane is not in the mask that it passes";
  for (unsigned lane = 0; lane < 32; lane++) {
    const unsigned number = warpStart(current) + lane;
    if (number >= count || threads[number].wait != Wait::lanes || threads[number].mask == mask) continue;
    if ((mask >> lane & 1) || (threads[number].mask >> (current & 31) & 1)) failure = "lanes of a warp meet with masks that overlap but differ";
  }
  self.kind = kind;
  self.mask = mask;
  self.value = value;
  self.source = source;
  self.wait = Wait::lanes;
  if (!failure) meet(current);
  if (failure || self.wait == Wait::lanes) toMain();
  return self.answer;
}
Bits exchange(unsigned mask, Bits value, unsigned source) { return atLanes(Kind::exchange, mask, value, source); }
unsigned vote(unsigned mask, int predicate) { return (unsigned)atLanes(Kind::vote, mask, predicate != 0, 0); }
unsigned barrier(int predicate, unsigned *total) {
  threads[current].wait = Wait::block;
  waiting++;
  predicates += predicate != 0;
  toMain();
  *total = barrierThreads;
  return barrierAnswer;
}
void trap(const char *reason) {
  failure = reason;
  toMain();
}
const Services services = {barrier, exchange, vote, trap};

void start() {
  kernel->run(argumentsOfKernel);
  Thread &self = threads[current];
  self.wait = Wait::done;
  alive--;
  // Lanes that wait for this one need not any more.
  for (unsigned other = warpStart(current); other < warpStart(current) + 32 && other < count; other++) {
    if (threads[other].wait == Wait::lanes && (threads[other].mask >> (current & 31) & 1)) meet(other);
  }
  for (;;) toMain();
}

char *newStack() {
  if (freeStacks.empty()) {
    char *all = (char *)mmap(nullptr, mostThreads * stackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (unsigned i = mostThreads; i-- > 0;) freeStacks.push_back(all + i * stackBytes);
  }
  char *stack = freeStacks.back();
  freeStacks.pop_back();
  return stack;
}
void resume(unsigned number, const dim3 &block) {
  Thread &thread = threads[number];
  if (thread.wait == Wait::fresh) {
    thread.memory = newStack();
    thread.wait = Wait::ready;
    prepare(thread, number);
  }
  current = number;
  state->threadIdx = {number % block.x, number / block.x % block.y, number / (block.x * block.y)};
  state->lane = number & 31;
  toThread();
  if (thread.wait == Wait::done) freeStacks.push_back(thread.memory), thread.memory = nullptr;
}

// The place of turn `i` of `n`: every place comes once.
unsigned place(Order order, unsigned i, unsigned n, unsigned salt) {
  if (order == Order::reverse) return n - 1 - i;
  if (order == Order::forward) return i;
  unsigned step = (unsigned)(n * 0.6180339887) | 1;
  while (std::gcd(step, n) != 1) step += 2;
  return (unsigned)(((unsigned long long)i * step + salt) % n);
}

void runBlock(const dim3 &block, Order order, unsigned salt) {
  count = alive = block.x * block.y * block.z;
  waiting = predicates = 0;
  for (unsigned i = 0; i < count; i++) threads[i].wait = Wait::fresh;
  const unsigned warps = (count + 31) / 32;
  while (alive > 0) {
    bool ran = false;
    for (unsigned i = 0; i < warps; i++) {
      const unsigned first = place(order, i, warps, salt) * 32, lanes = count - first < 32 ? count - first : 32;
      for (bool again = true; again;) {
        again = false;
        for (unsigned j = 0; j < lanes; j++) {
          const unsigned thread = first + place(order, j, lanes, salt);
          if (threads[thread].wait != Wait::fresh && threads[thread].wait != Wait::ready) continue;
          resume(thread, block);
          if (failure) return;
          again = ran = true;
        }
      }
    }
    if (alive > 0 && waiting == alive) {
      barrierAnswer = predicates;
      barrierThreads = waiting;
      waiting = predicates = 0;
      for (unsigned i = 0; i < count; i++) if (threads[i].wait == Wait::block) threads[i].wait = Wait::ready;
      ran = true;
    }
    if (alive > 0 && !ran) {
      failure = "deadlock: not all threads reach a barrier or a shuffle that others wait at";
      return;
    }
  }
}

// Memory faults of a kernel become a status. Faults of others are for whoever took them before.
sigjmp_buf fault;
volatile sig_atomic_t isRunning;
pthread_t runner;
struct sigaction before[2];
const int faults[2] = {SIGSEGV, SIGBUS};
char faultText[96];

void onFault(int number, siginfo_t *info, void *context) {
  if (isRunning && pthread_equal(pthread_self(), runner)) {
    isRunning = 0;
    snprintf(faultText, sizeof faultText, "an access to %p, which is no memory of the device (any more)", info->si_addr);
    siglongjmp(fault, 1);
  }
  const struct sigaction &old = before[number == SIGBUS];
  if (old.sa_flags & SA_SIGINFO) old.sa_sigaction(number, info, context);
  else if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) old.sa_handler(number);
  else {
    signal(number, SIG_DFL);
    raise(number);
  }
}
void catchFaults() {
  struct sigaction action = {};
  action.sa_sigaction = onFault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  runner = pthread_self();
  for (int i = 0; i < 2; i++) sigaction(faults[i], &action, &before[i]);
  isRunning = 1;
}
void releaseFaults() {
  isRunning = 0;
  for (int i = 0; i < 2; i++) sigaction(faults[i], &before[i], nullptr);
}

// Dynamic shared memory ends where nothing may be touched.
char *dynamicShared(unsigned bytes) {
  static char *end = (char *)fencedRegion(mostShared);
  return end - (bytes + 15) / 16 * 16;
}
}  // namespace

int launch(const Module &module, const Kernel &which, const Geometry &geometry, void **arguments, Order order, std::string *why) {
  const dim3 &grid = geometry.grid, &block = geometry.block;
  state = module.state;
  kernel = &which;
  argumentsOfKernel = arguments;
  failure = nullptr;
  char *dynamic = dynamicShared(geometry.sharedBytes);
  state->blockDim = block;
  state->gridDim = grid;
  state->services = &services;
  state->dynamicShared = dynamic;
  int status = SUCCESS;
  if (!isSanitized()) catchFaults();
  if (sigsetjmp(fault, 1) == 0) {
    const unsigned blocks = grid.x * grid.y * grid.z;
    for (unsigned i = 0; i < blocks && !failure; i++) {
      const unsigned b = place(order, i, blocks, 0);
      state->blockIdx = {b % grid.x, b / grid.x % grid.y, b / (grid.x * grid.y)};
      if (module.sharedBegin) memset(module.sharedBegin, 0xff, module.sharedEnd - module.sharedBegin);
      memset(dynamic, 0xff, geometry.sharedBytes);
      runBlock(block, order, i);
    }
    if (failure) status = LAUNCH_FAILED, *why = failure;
  } else {
    status = ILLEGAL_ADDRESS;
    *why = faultText;
  }
  if (!isSanitized()) releaseFaults();
  for (unsigned i = 0; i < count; i++) if (threads[i].wait != Wait::fresh && threads[i].memory) freeStacks.push_back(threads[i].memory), threads[i].memory = nullptr;
  if (status != SUCCESS) *why = std::string(which.name) + ": " + *why;
  return status;
}
}  // namespace cuemu
