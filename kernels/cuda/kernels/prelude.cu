/*
 * What every translation unit starts with: element types, arithmetic as the reference means it, sums of groups of
 * threads. Written for NVRTC without includes; where the compiler is none of CUDA's, halves are converted by their bits.
 */
typedef unsigned char ct_byte;
typedef unsigned short ct_word;

#define CT __device__ __forceinline__

CT float ct_infinity() { return __int_as_float(0x7f800000); }
CT float ct_nan() { return __int_as_float(0x7fc00000); }

/* ------------------------------------------------------------------------------------------------- halves: bits */
CT float ct_from_bf16(ct_word x) { return __uint_as_float((unsigned)x << 16); }
CT ct_word ct_to_bf16(float x) {
  if (x != x) return 0x7fc0;
  unsigned bits = __float_as_uint(x);
  return (ct_word)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
#ifdef __CUDACC__
CT float ct_from_f16(ct_word x) {
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
  return y;
}
CT ct_word ct_to_f16(float x) {
  ct_word y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
}
#else
CT float ct_from_f16(ct_word x) {
  unsigned sign = (unsigned)(x & 0x8000u) << 16, exponent = (x >> 10) & 31u, mantissa = x & 1023u;
  if (exponent == 31u) return __uint_as_float(sign | 0x7f800000u | (mantissa << 13));
  if (exponent != 0u) return __uint_as_float(sign | ((exponent + 112u) << 23) | (mantissa << 13));
  float tiny = (float)mantissa * 5.9604644775390625e-8f;
  return sign ? -tiny : tiny;
}
CT ct_word ct_to_f16(float x) {
  unsigned bits = __float_as_uint(x), sign = (bits >> 16) & 0x8000u, size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) return (ct_word)(sign | 0x7e00u);
  if (size >= 0x477ff000u) return (ct_word)(sign | 0x7c00u);
  if (size < 0x38800000u) {
    /* Added to ½, what is less than a unit of 2⁻²⁴ is rounded away, half to even. */
    float shifted = __uint_as_float(size) + 0.5f;
    return (ct_word)(sign | (__float_as_uint(shifted) - 0x3f000000u));
  }
  return (ct_word)(sign | ((size + 0xfffu + ((size >> 13) & 1u) - 0x38000000u) >> 13));
}
#endif

/* ------------------------------------------------------------------------- elements: in memory and in a register */
#define CT_ELEMENT(NAME, MEMORY, REGISTER, FROM, TO)                                                                   \
  struct ct_##NAME {                                                                                                   \
    typedef MEMORY memory;                                                                                             \
    typedef REGISTER value;                                                                                            \
    static __device__ __forceinline__ REGISTER from(MEMORY x) { return FROM; }                                         \
    static __device__ __forceinline__ MEMORY to(REGISTER x) { return TO; }                                             \
  };
CT_ELEMENT(f32, float, float, x, x)
CT_ELEMENT(f64, double, double, x, x)
CT_ELEMENT(f16, ct_word, float, ct_from_f16(x), ct_to_f16(x))
CT_ELEMENT(bf16, ct_word, float, ct_from_bf16(x), ct_to_bf16(x))
CT_ELEMENT(i32, int, int, x, x)
CT_ELEMENT(u32, unsigned, unsigned, x, x)
CT_ELEMENT(u8, ct_byte, unsigned, x, (ct_byte)x)
CT_ELEMENT(bool, ct_byte, bool, x != 0, x ? 1 : 0)

/* Neighbors that are read and written together. */
template <class T, int N> struct __align__(sizeof(T) * N) ct_pack {
  T at[N];
};

/* --------------------------------------------------------------------------------------------- arithmetic: floats */
#if defined(__CUDACC__) && __CUDA_ARCH__ >= 800
CT float ct_max(float x, float y) {
  float z;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(z) : "f"(x), "f"(y));
  return z;
}
CT float ct_min(float x, float y) {
  float z;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(z) : "f"(x), "f"(y));
  return z;
}
#else
CT float ct_max(float x, float y) {
  if (x != x || y != y) return ct_nan();
  return x == y ? (__float_as_int(x) < 0 ? y : x) : (x > y ? x : y);
}
CT float ct_min(float x, float y) {
  if (x != x || y != y) return ct_nan();
  return x == y ? (__float_as_int(x) < 0 ? x : y) : (x < y ? x : y);
}
#endif
CT double ct_max(double x, double y) {
  if (x != x || y != y) return (double)ct_nan();
  return x == y ? (signbit(x) ? y : x) : (x > y ? x : y);
}
CT double ct_min(double x, double y) {
  if (x != x || y != y) return (double)ct_nan();
  return x == y ? (signbit(x) ? x : y) : (x < y ? x : y);
}
/* Powers of ±1 are not known where the exponent is not; C has 1 there. */
CT float ct_pow(float x, float y) {
  if (y != y || (fabsf(x) == 1.0f && fabsf(y) == ct_infinity())) return ct_nan();
  return powf(x, y);
}
CT double ct_pow(double x, double y) {
  if (y != y || (fabs(x) == 1.0 && fabs(y) == (double)ct_infinity())) return (double)ct_nan();
  return pow(x, y);
}

/* ------------------------------------------------------------------------------------------- arithmetic: integers */
CT int ct_max(int x, int y) { return x > y ? x : y; }
CT int ct_min(int x, int y) { return x < y ? x : y; }
CT unsigned ct_max(unsigned x, unsigned y) { return x > y ? x : y; }
CT unsigned ct_min(unsigned x, unsigned y) { return x < y ? x : y; }
CT bool ct_max(bool x, bool y) { return x || y; }
CT bool ct_min(bool x, bool y) { return x && y; }
CT int ct_quotient(int x, int y) { return y == 0 ? 0 : y == -1 ? (int)(0u - (unsigned)x) : x / y; }
CT unsigned ct_quotient(unsigned x, unsigned y) { return y == 0u ? 0u : x / y; }
CT int ct_remainder(int x, int y) { return y == 0 ? x : y == -1 ? 0 : x % y; }
CT unsigned ct_remainder(unsigned x, unsigned y) { return y == 0u ? x : x % y; }

/* Floats become integers toward zero, the nearest there is; what is not a number becomes 0. */
CT int ct_to_i32(double x) {
  return x != x ? 0 : x <= -2147483648.0 ? -2147483647 - 1 : x >= 2147483647.0 ? 2147483647 : (int)x;
}
CT unsigned ct_to_u32(double x) { return !(x > 0.0) ? 0u : x >= 4294967295.0 ? 4294967295u : (unsigned)x; }
CT unsigned ct_to_u8(double x) { return !(x > 0.0) ? 0u : x >= 255.0 ? 255u : (unsigned)x; }
CT int ct_to_i32(float x) {
  return x != x ? 0 : x <= -2147483648.0f ? -2147483647 - 1 : x >= 2147483648.0f ? 2147483647 : (int)x;
}
CT unsigned ct_to_u32(float x) { return !(x > 0.0f) ? 0u : x >= 4294967296.0f ? 4294967295u : (unsigned)x; }
CT unsigned ct_to_u8(float x) { return !(x > 0.0f) ? 0u : x >= 255.0f ? 255u : (unsigned)x; }

/* ----------------------------------------------------- groups of threads: each gets the combination of all values */
#define CT_COMBINE(NAME, EXPRESSION)                                                                                   \
  struct ct_##NAME##_of {                                                                                              \
    template <class T> static __device__ __forceinline__ T of(T x, T y) { return EXPRESSION; }                         \
  };
CT_COMBINE(add, x + y)
CT_COMBINE(max, ct_max(x, y))
CT_COMBINE(min, ct_min(x, y))

template <class Op, class T> CT T ct_over_warp(T value) {
  for (int distance = 16; distance > 0; distance >>= 1)
    value = Op::of(value, __shfl_xor_sync(0xffffffffu, value, distance));
  return value;
}

template <class Op, class T> CT T ct_over_block(T value) {
  __shared__ T parts[32];
  value = ct_over_warp<Op>(value);
  __syncthreads();
  if ((threadIdx.x & 31) == 0) parts[threadIdx.x >> 5] = value;
  __syncthreads();
  value = parts[0];
  for (unsigned i = 1; i < blockDim.x >> 5; i++) value = Op::of(value, parts[i]);
  return value;
}

/* Threads with the same `x` in a block of 32 columns. */
template <class Op, class T> CT T ct_over_column(T value) {
  __shared__ T parts[1024];
  __syncthreads();
  parts[threadIdx.y * 32 + threadIdx.x] = value;
  __syncthreads();
  value = parts[threadIdx.x];
  for (unsigned i = 1; i < blockDim.y; i++) value = Op::of(value, parts[i * 32 + threadIdx.x]);
  return value;
}
