// The threads of a block, as fibers of one thread of the system.
#pragma once
#include <string>

#include "abi.h"

namespace cuemu {
// In which order threads of a warp, warps and blocks run between two barriers. What a barrier lacks to be right depends
// on it.
enum class Order { forward = 0, reverse = 1, shuffled = 2 };

struct Geometry {
  dim3 grid, block;
  unsigned sharedBytes;
};

// Runs every block of a kernel: 0, or a status of the driver and why.
int launch(const Module &module, const Kernel &kernel, const Geometry &geometry, void **arguments, Order order, std::string *why);
}  // namespace cuemu
