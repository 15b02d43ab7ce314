/**
 * What others need, as far as it was measured, and what no machine can beat.
 *
 * **Source** Two cores of an AMD EPYC (Zen 4), quiet, median milliseconds, 2026-11-23: numpy 2 with OpenBLAS, PyTorch 2.13
 * (eager and `torch.compile`), JAX 0.10 (XLA), all on two threads.
 */

/** A time of another library. **Units** milliseconds. */
export interface Figure {
  readonly library: "numpy" | "PyTorch" | "torch.compile" | "JAX"
  readonly millis: number
}

/** The fastest of the others for each workload. */
export const best: Readonly<Record<string, Figure>> = {
  gemm_512: { library: "PyTorch", millis: 1.38 },
  gemm_1024: { library: "JAX", millis: 11.1 },
  gemm_2048: { library: "numpy", millis: 86.7 },
  bmm_64: { library: "PyTorch", millis: 0.21 },
  chain_4M: { library: "JAX", millis: 4.94 },
  softmax: { library: "PyTorch", millis: 1.3 },
  layernorm: { library: "PyTorch", millis: 0.75 },
  sum_16M: { library: "PyTorch", millis: 1.3 },
  conv_fb: { library: "torch.compile", millis: 37 },
  mlp_64: { library: "JAX", millis: 1.67 },
  mlp_512: { library: "PyTorch", millis: 10.5 },
  lenet: { library: "PyTorch", millis: 6.2 },
  lstm: { library: "PyTorch", millis: 67 },
  gpt: { library: "PyTorch", millis: 303 },
  notes_gd: { library: "JAX", millis: 45.3 }
}

/** What the two cores of that machine can do at best. */
export const peak = { gflops: 234, gbps: 40 }

/** The least milliseconds that the arithmetic and the memory traffic of a run take there. */
export const floor = ({
  bytes = 0,
  operations = 0
}: {
  readonly operations?: number
  readonly bytes?: number
}): number => Math.max(operations / peak.gflops, bytes / peak.gbps) / 1e6
