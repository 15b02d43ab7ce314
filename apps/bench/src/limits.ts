/**
 * What keeps workloads from the floor of their time, as their profiles show.
 */

/** A reason, and the workloads that it is one for. */
export interface Limit {
  readonly workloads: ReadonlyArray<string>
  readonly text: string
}

/** Each reason, as far as it is known. */
export const limits: ReadonlyArray<Limit> = [
  {
    workloads: ["gemm_*", "conv_fb", "mlp_512", "gpt", "lstm"],
    text:
      "a core that shares its hardware with another thread. WebAssembly joins vectors to 256 bits at most, so a product " +
      "takes twice as many instructions as with AVX-512: 88 to 95 GFLOP/s for each core alone, 63 where the other half of " +
      "the core has work."
  },
  {
    workloads: ["chain_4M", "softmax", "gpt"],
    text: "`exp` and `tanh`, about 17 cycles for eight elements each."
  },
  {
    workloads: ["layernorm", "softmax"],
    text:
      "passes over a row in the nearest cache, during which memory waits for the next row: WebAssembly cannot fetch it " +
      "beforehand."
  },
  {
    workloads: ["sum_16M"],
    text: "memory: 26 to 30 GB/s with one stream of reads for each core, where PyTorch gets 38 to 43."
  },
  {
    workloads: ["lenet", "mlp_64", "notes_gd"],
    text: "20, 13 and 8 % of the time the first thread waits for the others, between steps of 0.1 to 0.6 ms."
  },
  {
    workloads: ["gemm_narrow", "gemm_tall", "notes_gd"],
    text: "ten columns in registers for sixteen."
  },
  {
    workloads: ["lstm"],
    text: "64 steps of products of 32 rows, which depend on one another."
  },
  {
    workloads: ["conv_fb"],
    text: "7 % of the time moves images into rows with margins and back."
  },
  {
    workloads: ["gemm_256", "bmm_64", "bmm_odd*", "gemm_m1", "gemm_n1", "gemm_k1"],
    text: "waking the other threads, which sleep between calls, and starting them."
  }
]
