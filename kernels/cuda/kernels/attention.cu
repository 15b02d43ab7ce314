/*
 * Blocks of attention: what a warp does with 16 rows of a tile in shared memory.
 *
 * A thread of a warp has, of each 16 × 8 sums, those of rows g and g + 8 and of columns 2t and 2t + 1, where g is a quarter
 * of its number and t the rest: `sums[n][e]` is row g + 8 (e / 2), column 8 n + 2 t + e % 2.
 *
 * ct_scores   `sums[own][other] = Σ_k own[own][k] · other[other][k]`.
 * ct_weigh    `sums[own][column] += Σ_k weights[own][k] · tile[k][column]`, where weights lie as sums do.
 * ct_over_row  The combination of what the four threads of a row have of it.
 *
 * Rows of tiles are `ct_lead` elements apart. Halves are multiplied by tensor cores from sm_80 on, with sums in f32; weights
 * become halves first. Everything else is a twin of that, number by number, in f32, and needs memory for weights that
 * threads of a warp exchange. Launch: 128 threads, a warp for 16 own rows.
 *
 * Sources: Dao et al. 2022, "FlashAttention", and Dao 2023, "FlashAttention-2": scores are computed where they are needed,
 * weights pass from one product to the next in registers; PTX ISA, section 9.7.14 (the layout of m16n8k16).
 */
template <class E, int WIDTH> constexpr int ct_lead = WIDTH + 16 / (int)sizeof(typename E::memory);

template <class E> struct ct_is_half { static constexpr bool value = false; };
#if defined(__CUDACC__) && __CUDA_ARCH__ >= 800
template <> struct ct_is_half<ct_bf16> { static constexpr bool value = true; };
template <> struct ct_is_half<ct_f16> { static constexpr bool value = true; };

CT unsigned ct_shared_address(const void* p) { return (unsigned)__cvta_generic_to_shared(p); }
CT void ct_load_matrices(unsigned (&x)[4], const ct_word* p) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(ct_shared_address(p)));
}
CT void ct_load_transposed(unsigned (&x)[4], const ct_word* p) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(ct_shared_address(p)));
}
CT unsigned ct_pair(ct_bf16, float low, float high) {
  unsigned x;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(x) : "f"(high), "f"(low));
  return x;
}
CT unsigned ct_pair(ct_f16, float low, float high) {
  unsigned x;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(x) : "f"(high), "f"(low));
  return x;
}
#define CT_MULTIPLY(TYPE)                                                                                              \
  CT void ct_multiply(ct_##TYPE, float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {                    \
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." #TYPE "." #TYPE                                              \
                 ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                                \
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                                                      \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));                                      \
  }
CT_MULTIPLY(bf16)
CT_MULTIPLY(f16)

/* Sixteen bytes on their way to shared memory; zeros where there are none. */
CT void ct_fetch(void* to, const void* from, bool isInside) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(ct_shared_address(to)), "l"(from), "r"(isInside ? 16 : 0));
}
CT void ct_fetched() { asm volatile("cp.async.wait_all;" ::: "memory"); }
#else
CT unsigned ct_pair(...) { return 0; }
CT void ct_load_matrices(unsigned (&)[4], const void*) {}
CT void ct_load_transposed(unsigned (&)[4], const void*) {}
template <class E> CT void ct_multiply(E, float (&)[4], const unsigned (&)[4], unsigned, unsigned) {}
CT void ct_fetch(void* to, const void* from, bool isInside) {
  *(uint4*)to = isInside ? *(const uint4*)from : make_uint4(0, 0, 0, 0);
}
CT void ct_fetched() {}
#endif

/* A part of the sixteen own rows of a warp as an operand of tensor cores. */
template <class E, int DEPTH> CT void ct_load_part(unsigned (&part)[4], const typename E::memory* own, int k) {
  const int lane = threadIdx.x & 31;
  ct_load_matrices(part, own + (lane & 15) * ct_lead<E, DEPTH> + (lane >> 4) * 8 + k);
}

/* The sixteen own rows of a warp: in registers, where there are enough for short ones, or where they lie. */
template <class E, int DEPTH, bool KEEPS = ct_is_half<E>::value && DEPTH <= 64> struct ct_rows {
  const typename E::memory* own;
  __device__ __forceinline__ ct_rows(const typename E::memory* p) : own(p) {}
};
template <class E, int DEPTH> struct ct_rows<E, DEPTH, true> {
  unsigned parts[DEPTH / 16][4];
  __device__ __forceinline__ ct_rows(const typename E::memory* p) {
#pragma unroll
    for (int k = 0; k < DEPTH / 16; k++) ct_load_part<E, DEPTH>(parts[k], p, 16 * k);
  }
};

template <class E, int DEPTH, bool KEEPS, int COUNT>
CT void ct_scores(float (&sums)[COUNT][4], const ct_rows<E, DEPTH, KEEPS>& rows, const typename E::memory* other) {
  constexpr int lead = ct_lead<E, DEPTH>;
  const int lane = threadIdx.x & 31;
#pragma unroll
  for (int n = 0; n < COUNT; n++) sums[n][0] = sums[n][1] = sums[n][2] = sums[n][3] = 0.0f;
  if constexpr (ct_is_half<E>::value) {
    other += ((lane & 7) + (lane >> 4) * 8) * lead + (lane >> 3 & 1) * 8;
#pragma unroll
    for (int k = 0; k < DEPTH; k += 16) {
      unsigned a[4], b[4];
      if constexpr (KEEPS) {
#pragma unroll
        for (int i = 0; i < 4; i++) a[i] = rows.parts[k / 16][i];
      } else ct_load_part<E, DEPTH>(a, rows.own, k);
#pragma unroll
      for (int n = 0; n < COUNT; n += 2) {
        ct_load_matrices(b, other + n * 8 * lead + k);
        ct_multiply(E(), sums[n], a, b[0], b[1]);
        ct_multiply(E(), sums[n + 1], a, b[2], b[3]);
      }
    }
  } else {
    const typename E::memory* const own = rows.own + (lane >> 2) * lead;
    other += 2 * (lane & 3) * lead;
#pragma unroll 4
    for (int k = 0; k < DEPTH; k++) {
      const float upper = E::from(own[k]), lower = E::from(own[8 * lead + k]);
#pragma unroll
      for (int n = 0; n < COUNT; n++) {
        const float left = E::from(other[n * 8 * lead + k]), right = E::from(other[(n * 8 + 1) * lead + k]);
        sums[n][0] += upper * left;
        sums[n][1] += upper * right;
        sums[n][2] += lower * left;
        sums[n][3] += lower * right;
      }
    }
  }
}

template <class E, int WIDTH, int COUNT>
CT void ct_weigh(float (&sums)[WIDTH / 8][4], const float (&weights)[COUNT][4], const typename E::memory* tile) {
  constexpr int lead = ct_lead<E, WIDTH>;
  const int lane = threadIdx.x & 31;
  if constexpr (ct_is_half<E>::value) {
    tile += (lane & 15) * lead + (lane >> 4) * 8;
#pragma unroll
    for (int k = 0; k < COUNT; k += 2) {
      unsigned b[4];
      const unsigned a[4] = {ct_pair(E(), weights[k][0], weights[k][1]), ct_pair(E(), weights[k][2], weights[k][3]),
                             ct_pair(E(), weights[k + 1][0], weights[k + 1][1]),
                             ct_pair(E(), weights[k + 1][2], weights[k + 1][3])};
#pragma unroll
      for (int n = 0; n < WIDTH / 8; n += 2) {
        ct_load_transposed(b, tile + k * 8 * lead + n * 8);
        ct_multiply(E(), sums[n], a, b[0], b[1]);
        ct_multiply(E(), sums[n + 1], a, b[2], b[3]);
      }
    }
  } else {
    __shared__ float exchange[4][16][COUNT * 8 + 1];
    float(&own)[16][COUNT * 8 + 1] = exchange[threadIdx.x >> 5];
    const int g = lane >> 2, t = lane & 3;
#pragma unroll
    for (int n = 0; n < COUNT; n++) {
#pragma unroll
      for (int e = 0; e < 4; e++) own[g + 8 * (e >> 1)][n * 8 + 2 * t + (e & 1)] = E::from(E::to(weights[n][e]));
    }
    __syncwarp();
#pragma unroll 4
    for (int k = 0; k < COUNT * 8; k++) {
      const float upper = own[g][k], lower = own[g + 8][k];
#pragma unroll
      for (int n = 0; n < WIDTH / 8; n++) {
        const float left = E::from(tile[k * lead + n * 8 + 2 * t]), right = E::from(tile[k * lead + n * 8 + 2 * t + 1]);
        sums[n][0] += upper * left;
        sums[n][1] += upper * right;
        sums[n][2] += lower * left;
        sums[n][3] += lower * right;
      }
    }
    __syncwarp();
  }
}

/* Threads that have parts of the same rows get the combination of all. */
template <class Op, class T> CT T ct_over_row(T value) {
  value = Op::of(value, __shfl_xor_sync(0xffffffffu, value, 1));
  return Op::of(value, __shfl_xor_sync(0xffffffffu, value, 2));
}
