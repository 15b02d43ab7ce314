#include "memory.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <deque>
#include <map>

#include "status.h"

namespace cuemu {
namespace {
struct Piece {
  size_t bytes;
  char *region;  // with its fence; null if it is of malloc
  size_t regionBytes;
  bool isRetired;
};
std::map<Address, Piece> pieces;
// Freed regions stay unreadable for a while, so that late accesses are found.
std::deque<Piece> freed;
const size_t mostFreed = 512, page = 4096;
const unsigned char mark = 0xa5;
size_t used, live;

size_t roundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }
}  // namespace

bool isSanitized() {
  static const bool is = dlsym(RTLD_DEFAULT, "__asan_init") != nullptr;
  return is;
}

void *fencedRegion(size_t bytes) {
  const size_t body = roundUp(bytes, page);
  char *region = (char *)mmap(nullptr, body + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  mprotect(region + body, page, PROT_NONE);
  return region + body;
}

int allocate(Address *address, size_t bytes, size_t limit) {
  if (bytes == 0) return INVALID_VALUE;
  if (used + bytes > limit) return OUT_OF_MEMORY;
  Piece piece = {bytes, nullptr, 0, false};
  char *start;
  if (isSanitized()) {
    void *memory;
    if (posix_memalign(&memory, 256, bytes)) return OUT_OF_MEMORY;
    start = (char *)memory;
  } else {
    const size_t body = roundUp(roundUp(bytes, 16), page);
    char *end = (char *)fencedRegion(body);
    piece.region = end - body;
    piece.regionBytes = body + page;
    start = end - roundUp(bytes, 16);
    memset(start + bytes, mark, roundUp(bytes, 16) - bytes);
  }
  memset(start, 0xff, bytes);
  *address = (Address)start;
  pieces[*address] = piece;
  used += bytes;
  live++;
  return SUCCESS;
}

int retire(Address address) {
  auto found = pieces.find(address);
  if (found == pieces.end() || found->second.isRetired) return INVALID_VALUE;
  found->second.isRetired = true;
  live--;
  used -= found->second.bytes;
  return SUCCESS;
}

int release(Address address) {
  auto found = pieces.find(address);
  const Piece piece = found->second;
  pieces.erase(found);
  if (!piece.region) {
    free((void *)address);
    return SUCCESS;
  }
  const char *end = (const char *)address + piece.bytes;
  bool isIntact = true;
  for (const char *p = end; (Address)p % 16 != 0; p++) isIntact = isIntact && (unsigned char)*p == mark;
  mprotect(piece.region, piece.regionBytes, PROT_NONE);
  madvise(piece.region, piece.regionBytes, MADV_DONTNEED);
  freed.push_back(piece);
  if (freed.size() > mostFreed) {
    munmap(freed.front().region, freed.front().regionBytes);
    freed.pop_front();
  }
  return isIntact ? SUCCESS : ILLEGAL_ADDRESS;
}

bool isInside(Address address, size_t bytes) {
  auto next = pieces.upper_bound(address);
  if (next == pieces.begin()) return false;
  const auto &[start, piece] = *--next;
  return !piece.isRetired && address + bytes <= start + piece.bytes;
}

size_t liveBytes() { return used; }
size_t livePieces() { return live; }
}  // namespace cuemu
