// Makes g++ understand CUDA C: compiled in front of every kernel that runs on the CPU. Inline PTX, textures, cooperative
// groups and the types of cuda_fp16.h are not there; sources that need them have a twin under `#ifdef CUEMU`.
#pragma once
#define CUEMU 1
#define __CUDA_ARCH__ 900
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "abi.h"

// One copy for all programs of a library: no two of its kernels run at the same time. It has a section of its own, since the
// driver fills what lies among zeros with NaN: shared variables, those of templates, too, for which there are no sections.
static cuemu::State cuemu_state __attribute__((section("cuemu_state")));
#define threadIdx (cuemu_state.threadIdx)
#define blockIdx (cuemu_state.blockIdx)
#define blockDim (cuemu_state.blockDim)
#define gridDim (cuemu_state.gridDim)
#define warpSize 32

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __noinline__ __attribute__((noinline))
#define __forceinline__ inline __attribute__((always_inline))
#define __shared__ static __attribute__((used))

// Vectors, aligned as CUDA aligns them.
#define CUEMU_VECTORS(T, N)                                                             \
  struct N##1 { T x; };                                                                 \
  struct __attribute__((aligned(2 * sizeof(T)))) N##2 { T x, y; };                      \
  struct __attribute__((aligned(4 * sizeof(T) > 16 ? 16 : 4 * sizeof(T)))) N##4 { T x, y, z, w; }; \
  static inline N##1 make_##N##1(T x) { return {x}; }                                   \
  static inline N##2 make_##N##2(T x, T y) { return {x, y}; }                           \
  static inline N##3 make_##N##3(T x, T y, T z) { return {x, y, z}; }                   \
  static inline N##4 make_##N##4(T x, T y, T z, T w) { return {x, y, z, w}; }
struct float3 { float x, y, z; };
struct double3 { double x, y, z; };
struct int3 { int x, y, z; };
struct ushort3 { unsigned short x, y, z; };
struct uchar3 { unsigned char x, y, z; };
struct char3 { signed char x, y, z; };
struct short3 { short x, y, z; };
struct longlong3 { long long x, y, z; };
struct ulonglong3 { unsigned long long x, y, z; };
CUEMU_VECTORS(float, float)
CUEMU_VECTORS(double, double)
CUEMU_VECTORS(signed char, char)
CUEMU_VECTORS(unsigned char, uchar)
CUEMU_VECTORS(short, short)
CUEMU_VECTORS(unsigned short, ushort)
CUEMU_VECTORS(int, int)
CUEMU_VECTORS(unsigned, uint)
CUEMU_VECTORS(long long, longlong)
CUEMU_VECTORS(unsigned long long, ulonglong)

// Barriers and warps.
static inline void __syncthreads() { unsigned n; cuemu_state.services->barrier(0, &n); }
static inline int __syncthreads_count(int p) { unsigned n; return (int)cuemu_state.services->barrier(p, &n); }
static inline int __syncthreads_or(int p) { unsigned n; return cuemu_state.services->barrier(p, &n) > 0; }
static inline int __syncthreads_and(int p) { unsigned n, yes = cuemu_state.services->barrier(p, &n); return yes == n; }
static inline void __syncwarp(unsigned mask = ~0u) { cuemu_state.services->vote(mask, 0); }
static inline unsigned __ballot_sync(unsigned mask, int p) { return cuemu_state.services->vote(mask, p); }
static inline int __any_sync(unsigned mask, int p) { return cuemu_state.services->vote(mask, p) != 0; }
static inline int __all_sync(unsigned mask, int p) { return cuemu_state.services->vote(mask, !p) == 0; }
namespace cuemu {
// A source outside of the segment gives back one's own value.
template <class T> static inline T exchange(unsigned mask, T value, unsigned source, bool isInside) {
  static_assert(sizeof(T) <= 8, "shuffles take up to 8 bytes");
  Bits bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = cuemu_state.services->exchange(mask, bits, isInside ? source : cuemu_state.lane);
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline unsigned segment(int width) { return cuemu_state.lane & ~(unsigned)(width - 1); }
}  // namespace cuemu
template <class T> static inline T __shfl_sync(unsigned mask, T v, int source, int width = 32) {
  return cuemu::exchange(mask, v, cuemu::segment(width) + (source & (width - 1)), true);
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T v, int bits, int width = 32) {
  unsigned source = cuemu_state.lane ^ bits;
  return cuemu::exchange(mask, v, source, source < cuemu::segment(width) + width);
}
template <class T> static inline T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32) {
  unsigned source = cuemu_state.lane + by;
  return cuemu::exchange(mask, v, source, source < cuemu::segment(width) + width);
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32) {
  return cuemu::exchange(mask, v, cuemu_state.lane - by, cuemu_state.lane >= cuemu::segment(width) + by);
}
static inline unsigned __activemask() { return ~0u; }
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __trap() { cuemu_state.services->trap("the kernel called __trap"); }

// One thread runs at a time, and only the calls above let others run.
template <class T> static inline T atomicAdd(T *p, T v) { T old = *p; *p = old + v; return old; }
template <class T> static inline T atomicSub(T *p, T v) { T old = *p; *p = old - v; return old; }
template <class T> static inline T atomicMax(T *p, T v) { T old = *p; if (v > old) *p = v; return old; }
template <class T> static inline T atomicMin(T *p, T v) { T old = *p; if (v < old) *p = v; return old; }
template <class T> static inline T atomicAnd(T *p, T v) { T old = *p; *p = old & v; return old; }
template <class T> static inline T atomicOr(T *p, T v) { T old = *p; *p = old | v; return old; }
template <class T> static inline T atomicXor(T *p, T v) { T old = *p; *p = old ^ v; return old; }
template <class T> static inline T atomicExch(T *p, T v) { T old = *p; *p = v; return old; }
template <class T> static inline T atomicCAS(T *p, T expected, T v) { T old = *p; if (old == expected) *p = v; return old; }

// Loads, bits, numbers.
template <class T> static inline T __ldg(const T *p) { return *p; }
template <class T> static inline T __ldcs(const T *p) { return *p; }
template <class T> static inline T __ldcg(const T *p) { return *p; }
template <class T> static inline void __stcs(T *p, T v) { *p = v; }
template <class T> static inline void __stcg(T *p, T v) { *p = v; }
namespace cuemu {
template <class To, class From> static inline To reinterpret(From v) {
  static_assert(sizeof(To) == sizeof(From), "equal sizes");
  To r;
  memcpy(&r, &v, sizeof r);
  return r;
}
}  // namespace cuemu
static inline unsigned __float_as_uint(float v) { return cuemu::reinterpret<unsigned>(v); }
static inline int __float_as_int(float v) { return cuemu::reinterpret<int>(v); }
static inline float __uint_as_float(unsigned v) { return cuemu::reinterpret<float>(v); }
static inline float __int_as_float(int v) { return cuemu::reinterpret<float>(v); }
static inline long long __double_as_longlong(double v) { return cuemu::reinterpret<long long>(v); }
static inline double __longlong_as_double(long long v) { return cuemu::reinterpret<double>(v); }
static inline double __hiloint2double(int hi, int lo) {
  return __longlong_as_double((long long)((unsigned long long)(unsigned)hi << 32 | (unsigned)lo));
}
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
static inline int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}
static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
static inline int __clz(int v) { return v ? __builtin_clz((unsigned)v) : 32; }
static inline int __clzll(long long v) { return v ? __builtin_clzll((unsigned long long)v) : 64; }
static inline int __ffs(int v) { return __builtin_ffs(v); }
static inline unsigned __brev(unsigned v) {
  unsigned r = 0;
  for (int i = 0; i < 32; i++) r |= (v >> i & 1) << (31 - i);
  return r;
}
static inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned n) {
  return (unsigned)(((unsigned long long)hi << 32 | lo) << (n & 31) >> 32);
}
static inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned n) {
  return (unsigned)(((unsigned long long)hi << 32 | lo) >> (n & 31));
}
static inline int __float2int_rn(float v) { return (int)nearbyintf(v); }
static inline int __float2int_rz(float v) { return (int)v; }
static inline float __int2float_rn(int v) { return (float)v; }
static inline float __uint2float_rn(unsigned v) { return (float)v; }
static inline float __double2float_rn(double v) { return (float)v; }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline float __frcp_rn(float v) { return 1.0f / v; }
static inline float __fsqrt_rn(float v) { return sqrtf(v); }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
static inline double __dsqrt_rn(double v) { return sqrt(v); }
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __saturatef(float v) { return v > 0 ? (v < 1 ? v : 1) : 0; }
static inline float rsqrtf(float v) { return 1.0f / sqrtf(v); }
static inline double rsqrt(double v) { return 1.0 / sqrt(v); }
static inline float normcdff(float v) { return 0.5f * erfcf(-v * 0.70710678118654752f); }
#define __expf expf  // macros: the C library declares the same names
#define __exp10f exp10f
#define __logf logf
#define __log2f log2f
#define __log10f log10f
#define __powf powf
#define __sinf sinf
#define __cosf cosf
#define __tanf tanf

// The overloads of C++ that NVRTC offers without an include.
#define CUEMU_OVERLOAD(F) static inline float F(float v) { return F##f(v); }
CUEMU_OVERLOAD(exp) CUEMU_OVERLOAD(exp2) CUEMU_OVERLOAD(expm1) CUEMU_OVERLOAD(log) CUEMU_OVERLOAD(log2)
CUEMU_OVERLOAD(log10) CUEMU_OVERLOAD(log1p) CUEMU_OVERLOAD(sqrt) CUEMU_OVERLOAD(cbrt) CUEMU_OVERLOAD(sin)
CUEMU_OVERLOAD(cos) CUEMU_OVERLOAD(tan) CUEMU_OVERLOAD(asin) CUEMU_OVERLOAD(acos) CUEMU_OVERLOAD(atan)
CUEMU_OVERLOAD(sinh) CUEMU_OVERLOAD(cosh) CUEMU_OVERLOAD(tanh) CUEMU_OVERLOAD(asinh) CUEMU_OVERLOAD(acosh)
CUEMU_OVERLOAD(atanh) CUEMU_OVERLOAD(erf) CUEMU_OVERLOAD(erfc) CUEMU_OVERLOAD(lgamma) CUEMU_OVERLOAD(tgamma)
CUEMU_OVERLOAD(fabs) CUEMU_OVERLOAD(floor) CUEMU_OVERLOAD(ceil) CUEMU_OVERLOAD(trunc) CUEMU_OVERLOAD(round)
CUEMU_OVERLOAD(rint)
#undef CUEMU_OVERLOAD
static inline float pow(float a, float b) { return powf(a, b); }
static inline float fmod(float a, float b) { return fmodf(a, b); }
static inline float atan2(float a, float b) { return atan2f(a, b); }
static inline float fma(float a, float b, float c) { return fmaf(a, b, c); }
static inline float fmax(float a, float b) { return fmaxf(a, b); }
static inline float fmin(float a, float b) { return fminf(a, b); }
extern "C" int abs(int) noexcept(true);
static inline long long abs(long long v) { return v < 0 ? -v : v; }
static inline float abs(float v) { return fabsf(v); }
static inline double abs(double v) { return fabs(v); }
template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }
static inline double min(double a, double b) { return fmin(a, b); }
static inline double max(double a, double b) { return fmax(a, b); }

// What NVRTC's stand-in writes behind the source: a table of its kernels.
namespace cuemu {
template <unsigned... I> struct Sequence {};
template <class T> struct Plain { typedef T type; };
template <class T> struct Plain<const T> { typedef T type; };
template <auto K> struct Invocation;
template <class... A, void (*K)(A...)> struct Invocation<K> {
  static const unsigned count = sizeof...(A);
  static constexpr unsigned sizes[count + 1] = {sizeof(A)..., 0};
  template <unsigned... I> static inline void apply(void **p, Sequence<I...>) { K(*(typename Plain<A>::type *)p[I]...); }
  static void run(void **p) { apply(p, Sequence<__integer_pack(sizeof...(A))...>{}); }
};
}  // namespace cuemu
#define CUEMU_KERNEL(K, MOST) \
  static const cuemu::Kernel cuemu_kernel_##K = {#K, &cuemu::Invocation<&K>::run, cuemu::Invocation<&K>::sizes, cuemu::Invocation<&K>::count, MOST};
#ifdef __SANITIZE_ADDRESS__
#define CUEMU_ZEROS nullptr, nullptr
#else
extern "C" __attribute__((visibility("hidden"))) char __bss_start[], _end[];
#define CUEMU_ZEROS __bss_start, _end
#endif
#define CUEMU_MODULE(N, ...)                                                             \
  static const cuemu::Kernel *const cuemu_kernels[] = {__VA_ARGS__ nullptr};              \
  extern "C" __attribute__((visibility("default"))) const cuemu::Module cuemu_module_##N; \
  extern "C" const cuemu::Module cuemu_module_##N = {cuemu::abiVersion, &cuemu_state, cuemu_kernels, CUEMU_ZEROS};
