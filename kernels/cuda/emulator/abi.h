// What a compiled kernel and the stand-in driver know of each other. No includes: kernels are compiled with this, often.
#pragma once
struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace cuemu {
typedef unsigned long long Bits;

// What the driver does for a thread that runs. All but `trap` may run other threads before they return.
struct Services {
  // Waits for all threads of the block; answers how many of them said `predicate`, of how many.
  unsigned (*barrier)(int predicate, unsigned *threads);
  // Waits for the lanes of `mask`; answers what lane `source` gave, or all ones if it takes no part.
  Bits (*exchange)(unsigned mask, Bits value, unsigned source);
  // Waits for the lanes of `mask`; answers the lanes that said `predicate`.
  unsigned (*vote)(unsigned mask, int predicate);
  // Ends the launch.
  void (*trap)(const char *reason);
};

// What a thread sees of its place. One copy a module, which the driver sets whenever it switches threads.
struct State {
  uint3 threadIdx, blockIdx;
  dim3 blockDim, gridDim;
  unsigned lane;
  char *dynamicShared;
  const Services *services;
};

// One kernel of a module.
struct Kernel {
  const char *name;
  // Runs the thread that `State` describes.
  void (*run)(void **arguments);
  const unsigned *sizes;  // of the arguments, in bytes
  unsigned count;
  unsigned mostThreads;  // by `__launch_bounds__`, or 1024
};

// A library exports one of these for each of its programs, as `cuemu_module_` and its number.
struct Module {
  unsigned version;
  State *state;
  const Kernel *const *kernels;  // up to a null
  char *sharedBegin, *sharedEnd;  // where static shared variables are, if that is known
};
static const unsigned abiVersion = 2;
}  // namespace cuemu
