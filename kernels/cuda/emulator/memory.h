// Memory of the device: on the host, poisoned with NaN, with nothing readable behind it nor in its place once it is freed.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace cuemu {
typedef uint64_t Address;

// Whether AddressSanitizer watches, which then finds faults by itself.
bool isSanitized();
// The end of `bytes` bytes behind which nothing may be touched.
void *fencedRegion(size_t bytes);

int allocate(Address *address, size_t bytes, size_t limit);
// From now on copies to it fail, kernels that were started before may still use it.
int retire(Address address);
// Nobody may use it from now on: 0, or a status if something was written behind its end.
int release(Address address);
// Whether all of a range is in one piece of memory that is not retired.
bool isInside(Address address, size_t bytes);
size_t liveBytes();
size_t livePieces();
}  // namespace cuemu
