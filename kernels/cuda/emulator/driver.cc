// libcuda.so.1 for machines without a GPU: the part of the driver's interface that is used. Work on a stream runs when
// somebody waits for it, and no earlier, unless CUEMU_LAZY is 0: a wait that is missing shows.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "fibers.h"
#include "memory.h"
#include "status.h"

#define API extern "C" __attribute__((visibility("default"))) int
#define LOCK std::lock_guard<std::recursive_mutex> guard(mutex)
#define USABLE LOCK; if (int status = usable()) return status

namespace {
using cuemu::Address;
typedef std::function<int()> Work;
struct Graph { std::vector<Work> work; };
struct Stream {
  std::deque<Work> queue;
  std::unique_ptr<Graph> capture;
  bool isBroken = false;  // the capture
};
struct Event {
  Stream *stream = nullptr;
  bool isDone = true;
  double time = -1;
};
struct Module { void *library; const cuemu::Module *table; };
struct Function { Module *module; const cuemu::Kernel *kernel; unsigned mostShared = 48 << 10; };

std::recursive_mutex mutex;
Stream defaultStream;
std::set<Stream *> streams = {&defaultStream};
std::map<std::string, long long> settings;
std::string detail;
int sticky, contexts;
bool isReady;
long long launches, replays, modules, graphs, events;

long long setting(const char *name, long long usual) {
  auto found = settings.find(name);
  if (found != settings.end()) return found->second;
  const char *text = getenv((std::string("CUEMU_") + name).c_str());
  return text && *text ? atoll(text) : usual;
}
size_t limit() { return (size_t)setting("MEMORY", 4ll << 30); }
double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}
int usable() { return sticky ? sticky : !isReady ? NOT_INITIALIZED : contexts == 0 ? INVALID_CONTEXT : SUCCESS; }
Stream *streamOf(void *handle) { return handle ? (Stream *)handle : &defaultStream; }

// A fault of a kernel ends the context: everything fails from then on.
int perform(const Work &work) {
  if (sticky) return sticky;
  const int status = work();
  if (status == ILLEGAL_ADDRESS || status == LAUNCH_FAILED) sticky = status;
  return status;
}
int put(void *handle, Work work) {
  Stream *stream = streamOf(handle);
  if (stream->capture) {
    stream->capture->work.push_back(std::move(work));
    return SUCCESS;
  }
  if (setting("LAZY", 1)) {
    stream->queue.push_back(std::move(work));
    return SUCCESS;
  }
  return perform(work);
}
int step(Stream *stream) {
  Work work = std::move(stream->queue.front());
  stream->queue.pop_front();
  return perform(work);
}
int drain(Stream *stream) {
  int result = SUCCESS;
  while (!stream->queue.empty()) if (int status = step(stream)) result = result ? result : status;
  return sticky ? sticky : result;
}
// Nobody may wait while something is captured.
int refuse(Stream *stream) {
  stream->isBroken = true;
  detail = "a stream that is being captured cannot be waited for, and nothing can be allocated";
  return CAPTURE_UNSUPPORTED;
}
const char *nameOf(int status) {
  switch (status) {
#define NAME(s) case s: return "CUDA_ERROR_" #s;
    NAME(INVALID_VALUE) NAME(OUT_OF_MEMORY) NAME(NOT_INITIALIZED) NAME(NO_DEVICE) NAME(INVALID_DEVICE) NAME(INVALID_IMAGE)
    NAME(INVALID_CONTEXT) NAME(INVALID_HANDLE) NAME(NOT_FOUND) NAME(NOT_READY) NAME(ILLEGAL_ADDRESS)
    NAME(LAUNCH_OUT_OF_RESOURCES) NAME(LAUNCH_FAILED)
    case CAPTURE_UNSUPPORTED: return "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED";
    case CAPTURE_INVALIDATED: return "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED";
    case SUCCESS: return "CUDA_SUCCESS";
    default: return "CUDA_ERROR_UNKNOWN";
  }
}
}  // namespace

// For tests: what to simulate, and what there is. Not part of CUDA.
API cuemuConfigure(const char *name, long long value) { LOCK; settings[name] = value; return SUCCESS; }
API cuemuStatistics(long long *out) {
  LOCK;
  const long long all[] = {(long long)cuemu::liveBytes(), (long long)cuemu::livePieces(), launches, replays, modules, graphs, events, (long long)streams.size() - 1, contexts};
  memcpy(out, all, sizeof all);
  return SUCCESS;
}
// For the other stand-ins: work of a library joins a stream.
API cuemuPut(void *stream, int (*work)(void *), void *context) { USABLE; return put(stream, [=] { return work(context); }); }
API cuemuIsInside(Address address, size_t bytes) { LOCK; return cuemu::isInside(address, bytes); }
API cuemuOrder() { return (int)setting("ORDER", 0); }

API cuInit(unsigned) { LOCK; if (setting("DEVICES", 1) == 0) return NO_DEVICE; isReady = true; return SUCCESS; }
API cuDriverGetVersion(int *version) { *version = (int)setting("DRIVER", 13000); return SUCCESS; }
API cuGetErrorName(int status, const char **text) { *text = nameOf(status); return SUCCESS; }
API cuGetErrorString(int status, const char **text) { LOCK; *text = detail.empty() ? nameOf(status) : detail.c_str(); return SUCCESS; }
API cuDeviceGetCount(int *n) { LOCK; if (!isReady) return NOT_INITIALIZED; *n = (int)setting("DEVICES", 1); return SUCCESS; }
API cuDeviceGet(int *device, int ordinal) { if (ordinal < 0 || ordinal >= setting("DEVICES", 1)) return INVALID_DEVICE; *device = ordinal; return SUCCESS; }
API cuDeviceGetName(char *text, int length, int) { snprintf(text, length, "CUDA on the CPU"); return SUCCESS; }
API cuDeviceTotalMem_v2(size_t *bytes, int) { *bytes = limit(); return SUCCESS; }
API cuDeviceGetAttribute(int *value, int attribute, int) {
  switch (attribute) {
    case 1: *value = 1024; break;         // threads of a block
    case 10: *value = 32; break;          // lanes of a warp
    case 16: *value = 4; break;           // multiprocessors
    case 38: *value = 1 << 20; break;     // bytes of the L2 cache
    case 75: *value = (int)setting("ARCHITECTURE", 90) / 10; break;
    case 76: *value = (int)setting("ARCHITECTURE", 90) % 10; break;
    case 97: *value = 232448; break;      // shared bytes of a block, on demand
    case 115: *value = (int)setting("POOLS", 1); break;  // whether there are pools of memory
    default: *value = 0;
  }
  return SUCCESS;
}
API cuDevicePrimaryCtxRetain(void **context, int) { LOCK; if (!isReady) return NOT_INITIALIZED; contexts++; *context = &contexts; return SUCCESS; }
API cuDevicePrimaryCtxRelease_v2(int) {
  LOCK;
  if (contexts == 0) return INVALID_CONTEXT;
  if (--contexts == 0) sticky = 0, detail.clear();
  return SUCCESS;
}
API cuCtxSetCurrent(void *) { USABLE; return SUCCESS; }
API cuCtxSynchronize() { USABLE; int result = 0; for (Stream *s : streams) if (int status = s->capture ? refuse(s) : drain(s)) result = status; return result; }

API cuStreamCreate(void **stream, unsigned) { USABLE; Stream *made = new Stream; streams.insert(made); *stream = made; return SUCCESS; }
API cuStreamDestroy_v2(void *stream) { LOCK; Stream *s = (Stream *)stream; if (!streams.count(s)) return INVALID_HANDLE; drain(s); streams.erase(s); delete s; return SUCCESS; }
API cuStreamSynchronize(void *stream) { USABLE; Stream *s = streamOf(stream); return s->capture ? refuse(s) : drain(s); }
API cuStreamQuery(void *stream) {
  USABLE;
  Stream *s = streamOf(stream);
  if (s->capture) return refuse(s);
  if (!s->queue.empty()) if (int status = step(s)) return status;
  return s->queue.empty() ? SUCCESS : NOT_READY;
}
API cuStreamWaitEvent(void *stream, void *event, unsigned) {
  USABLE;
  Event *e = (Event *)event;
  return put(stream, [e] { while (!e->isDone && !e->stream->queue.empty()) if (int status = step(e->stream)) return status; return (int)SUCCESS; });
}
API cuStreamBeginCapture_v2(void *stream, int) {
  USABLE;
  Stream *s = streamOf(stream);
  if (s == &defaultStream) return CAPTURE_UNSUPPORTED;
  if (s->capture) return INVALID_VALUE;
  s->capture.reset(new Graph);
  s->isBroken = false;
  return SUCCESS;
}
API cuStreamEndCapture(void *stream, void **graph) {
  USABLE;
  Stream *s = streamOf(stream);
  if (!s->capture) return INVALID_VALUE;
  if (s->isBroken) { s->capture.reset(); *graph = nullptr; return CAPTURE_INVALIDATED; }
  *graph = s->capture.release();
  graphs++;
  return SUCCESS;
}
API cuGraphInstantiateWithFlags(void **executable, void *graph, unsigned long long) { USABLE; graphs++; *executable = new std::shared_ptr<Graph>(new Graph(*(Graph *)graph)); return SUCCESS; }
API cuGraphDestroy(void *graph) { LOCK; graphs--; delete (Graph *)graph; return SUCCESS; }
API cuGraphExecDestroy(void *executable) { LOCK; graphs--; delete (std::shared_ptr<Graph> *)executable; return SUCCESS; }
API cuGraphLaunch(void *executable, void *stream) {
  USABLE;
  if (streamOf(stream)->capture) return refuse(streamOf(stream));
  std::shared_ptr<Graph> graph = *(std::shared_ptr<Graph> *)executable;
  replays++;
  return put(stream, [graph] { for (auto &work : graph->work) if (int status = work()) return status; return (int)SUCCESS; });
}

API cuMemAlloc_v2(Address *address, size_t bytes) { USABLE; return cuemu::allocate(address, bytes, limit()); }
API cuMemAllocAsync(Address *address, size_t bytes, void *stream) { USABLE; return streamOf(stream)->capture ? refuse(streamOf(stream)) : cuemu::allocate(address, bytes, limit()); }
API cuMemFreeAsync(Address address, void *stream) {
  LOCK;
  if (sticky) return sticky;
  if (streamOf(stream)->capture) return refuse(streamOf(stream));
  if (int status = cuemu::retire(address)) return status;
  return put(stream, [=] {
    const int status = cuemu::release(address);
    if (status) detail = "something was written behind the end of a piece of memory";
    return status;
  });
}
API cuMemFree_v2(Address address) { USABLE; for (Stream *s : streams) drain(s); if (int status = cuemu::retire(address)) return status; return cuemu::release(address); }
API cuMemGetInfo_v2(size_t *available, size_t *total) { USABLE; *total = limit(); *available = *total - cuemu::liveBytes(); return SUCCESS; }
API cuDeviceGetDefaultMemPool(void **pool, int) { *pool = &settings; return SUCCESS; }
API cuMemPoolSetAttribute(void *pool, int, void *) { return pool == &settings ? SUCCESS : INVALID_VALUE; }
API cuMemPoolTrimTo(void *pool, size_t) { return pool == &settings ? SUCCESS : INVALID_VALUE; }
API cuMemHostAlloc(void **address, size_t bytes, unsigned) { USABLE; *address = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096); return *address ? SUCCESS : OUT_OF_MEMORY; }
API cuMemFreeHost(void *address) { free(address); return SUCCESS; }
API cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t bytes, void *stream) { USABLE; if (!cuemu::isInside(to, bytes)) return INVALID_VALUE; return put(stream, [=] { memcpy((void *)to, from, bytes); return 0; }); }
API cuMemcpyDtoHAsync_v2(void *to, Address from, size_t bytes, void *stream) { USABLE; if (!cuemu::isInside(from, bytes)) return INVALID_VALUE; return put(stream, [=] { memcpy(to, (void *)from, bytes); return 0; }); }
API cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, void *stream) {
  USABLE;
  if (!cuemu::isInside(from, bytes) || !cuemu::isInside(to, bytes)) return INVALID_VALUE;
  return put(stream, [=] { memcpy((void *)to, (void *)from, bytes); return 0; });
}
API cuMemsetD8Async(Address to, unsigned char value, size_t count, void *stream) { USABLE; if (!cuemu::isInside(to, count)) return INVALID_VALUE; return put(stream, [=] { memset((void *)to, value, count); return 0; }); }
API cuMemsetD32Async(Address to, unsigned value, size_t count, void *stream) { USABLE; if (to % 4 || !cuemu::isInside(to, 4 * count)) return INVALID_VALUE; return put(stream, [=] { for (size_t i = 0; i < count; i++) ((unsigned *)to)[i] = value; return 0; }); }

// An image is "CUEMU", whether it is the path of a library, the number of its program in it, a length, and the library or
// its path (see nvrtc.cc). A library has to be a file to be opened.
API cuModuleLoadData(void **module, const void *image) {
  USABLE;
  if (memcmp(image, "CUEMU", 6)) return INVALID_IMAGE;
  const bool isPath = ((const char *)image)[7];
  size_t head[2];
  memcpy(head, (const char *)image + 8, sizeof head);
  const std::string content((const char *)image + 24, head[1]);
  const char *folder = getenv("TMPDIR");
  std::string path = isPath ? content : std::string(folder && *folder ? folder : "/tmp") + "/cuemu-XXXXXX";
  const int file = isPath ? -1 : mkstemp(&path[0]);
  const bool isThere = isPath || (file >= 0 && write(file, content.data(), content.size()) == (ssize_t)content.size());
  if (file >= 0) close(file);
  void *library = isThere ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (!library) { const char *why = dlerror(); detail = why ? why : path + " cannot be written"; }
  if (!isPath && !cuemu::isSanitized()) unlink(path.c_str());  // whose reports read it
  const std::string name = "cuemu_module_" + std::to_string(head[0]);
  const cuemu::Module *table = library ? (const cuemu::Module *)dlsym(library, name.c_str()) : nullptr;
  if (!table || table->version != cuemu::abiVersion) return INVALID_IMAGE;
  modules++;
  *module = new Module{library, table};
  return SUCCESS;
}
API cuModuleUnload(void *module) { LOCK; for (Stream *s : streams) drain(s); modules--; dlclose(((Module *)module)->library); delete (Module *)module; return SUCCESS; }
API cuModuleGetFunction(void **function, void *module, const char *name) {
  USABLE;
  for (const cuemu::Kernel *const *k = ((Module *)module)->table->kernels; *k; k++) {
    if (strcmp((*k)->name, name)) continue;
    *function = new Function{(Module *)module, *k};
    return SUCCESS;
  }
  return NOT_FOUND;
}
API cuFuncSetAttribute(void *function, int attribute, int value) {
  if (attribute != 8 || value < 0 || value > 232448) return INVALID_VALUE;
  ((Function *)function)->mostShared = value;
  return SUCCESS;
}
API cuFuncGetAttribute(int *value, int attribute, void *function) { *value = attribute == 0 ? (int)((Function *)function)->kernel->mostThreads : 0; return SUCCESS; }
API cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **arguments, void **extra) {
  USABLE;
  Function *f = (Function *)function;
  if (!f || extra || gx - 1 >= 2147483647u || gy - 1 >= 65535 || gz - 1 >= 65535 || !bx || !by || bz - 1 >= 64) return INVALID_VALUE;
  if ((unsigned long long)bx * by * bz > f->kernel->mostThreads) return LAUNCH_OUT_OF_RESOURCES;
  if (shared > f->mostShared) return INVALID_VALUE;
  // The arguments are the driver's from now on: as with CUDA, their memory is the caller's again.
  std::vector<size_t> places;
  std::vector<char> values;
  for (unsigned i = 0; i < f->kernel->count; i++) {
    places.push_back((values.size() + 15) / 16 * 16);
    values.resize(places[i] + f->kernel->sizes[i]);
    memcpy(&values[places[i]], arguments[i], f->kernel->sizes[i]);
  }
  const cuemu::Geometry geometry = {dim3(gx, gy, gz), dim3(bx, by, bz), shared};
  const Function copy = *f;
  return put(stream, [=]() mutable {
    std::vector<void *> pointers;
    for (size_t place : places) pointers.push_back(&values[place]);
    launches++;
    return cuemu::launch(*copy.module->table, *copy.kernel, geometry, pointers.data(), (cuemu::Order)setting("ORDER", 0), &detail);
  });
}

API cuEventCreate(void **event, unsigned) { USABLE; events++; *event = new Event; return SUCCESS; }
API cuEventDestroy_v2(void *event) { LOCK; Event *e = (Event *)event; if (!e->isDone) drain(e->stream); events--; delete e; return SUCCESS; }
API cuEventRecord(void *event, void *stream) {
  USABLE;
  Event *e = (Event *)event;
  e->stream = streamOf(stream);
  e->isDone = false;
  return put(stream, [e] { e->isDone = true; e->time = now(); return 0; });
}
API cuEventSynchronize(void *event) {
  USABLE;
  Event *e = (Event *)event;
  while (!e->isDone && !e->stream->queue.empty()) if (int status = step(e->stream)) return status;
  return SUCCESS;
}
API cuEventQuery(void *event) {
  USABLE;
  Event *e = (Event *)event;
  if (!e->isDone && !e->stream->queue.empty()) if (int status = step(e->stream)) return status;
  return e->isDone ? SUCCESS : NOT_READY;
}
API cuEventElapsedTime(float *milliseconds, void *from, void *to) {
  USABLE;
  Event *a = (Event *)from, *b = (Event *)to;
  if (!a->isDone || !b->isDone) return NOT_READY;
  if (a->time < 0 || b->time < 0) return INVALID_HANDLE;
  *milliseconds = (float)(b->time - a->time);
  return SUCCESS;
}
