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
      "cores that share their hardware: 95 GFLOP/s for one at best, 60 for each in the median of the table. WebAssembly " +
      "joins vectors to 256 bits at most, so a product takes twice as many instructions as with AVX-512."
  },
  {
    workloads: ["chain_4M", "softmax", "gpt"],
    text: "`exp` and `tanh`: `tanh` of two million elements takes one core 1.4 ms."
  },
  {
    workloads: ["layernorm", "softmax"],
    text: "three passes over each row, during which WebAssembly cannot fetch the next."
  },
  {
    workloads: ["sum_16M"],
    text: "memory: 22 to 29 GB/s with one stream of reads for each core, where PyTorch gets 30 to 44."
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
    text: "6 % of the time moves images into rows with margins and back."
  }
]
