/**
 * Every operation of the friendly surface.
 */
import { tensor } from "@cotangent/gradcheck/generators"
import * as Tensor from "@cotangent/tensor/Tensor"
import * as fc from "fast-check"
import type { Group } from "../Target.ts"
import { check, group } from "../Target.ts"
import type { Floats, Whole } from "./inputs.ts"
import { binary, domains, dominant, indices, of, offGrid, separated, shapes, system, unary } from "./inputs.ts"

const { aboveOne, betweenHalves, distinct, fractions, moderate, nonzero, positive } = domains

/** Three axes: one matrix for each of two. */
const several = [2, 2, 3]

const elementwise = {
  neg: unary(Tensor.neg),
  abs: unary(Tensor.abs, nonzero),
  sign: unary(Tensor.sign, nonzero),
  floor: unary(Tensor.floor, betweenHalves),
  ceil: unary(Tensor.ceil, betweenHalves),
  round: unary(Tensor.round, betweenHalves),
  trunc: unary(Tensor.trunc, betweenHalves),
  exp: unary(Tensor.exp),
  exp2: unary(Tensor.exp2),
  expm1: unary(Tensor.expm1),
  log: unary(Tensor.log, positive),
  log2: unary(Tensor.log2, positive),
  log10: unary(Tensor.log10, positive),
  log1p: unary(Tensor.log1p, fractions),
  sqrt: unary(Tensor.sqrt, positive),
  rsqrt: unary(Tensor.rsqrt, positive),
  square: unary(Tensor.square),
  reciprocal: unary(Tensor.reciprocal, nonzero),
  sin: unary(Tensor.sin),
  cos: unary(Tensor.cos),
  tan: unary(Tensor.tan, moderate),
  asin: unary(Tensor.asin, fractions),
  acos: unary(Tensor.acos, fractions),
  atan: unary(Tensor.atan),
  sinh: unary(Tensor.sinh),
  cosh: unary(Tensor.cosh),
  tanh: unary(Tensor.tanh),
  asinh: unary(Tensor.asinh, nonzero),
  acosh: unary(Tensor.acosh, aboveOne),
  atanh: unary(Tensor.atanh, fractions),
  erf: unary(Tensor.erf),
  erfc: unary(Tensor.erfc),
  erfInv: unary(Tensor.erfInv, fractions),
  lgamma: unary(Tensor.lgamma, positive),
  digamma: unary(Tensor.digamma, positive),
  sigmoid: unary(Tensor.sigmoid),
  logit: unary(Tensor.logit, domains.shares),
  softplus: unary(Tensor.softplus),
  logSigmoid: unary(Tensor.logSigmoid),
  relu: unary(Tensor.relu, nonzero),
  cast: unary((x) => Tensor.cast(x, x.dtype))
}

const arithmetic = {
  add: of(Tensor.add, [2, 3], [3]),
  sub: of(Tensor.sub, [2, 1], [3]),
  mul: of(Tensor.mul, [2, 3], [2, 1]),
  div: binary(Tensor.div, {}, nonzero),
  // Less than one period either way.
  remainder: binary(Tensor.remainder, { ...fractions, ...nonzero }, { min: 1 }),
  pow: binary(Tensor.pow, positive),
  atan2: binary(Tensor.atan2, nonzero, nonzero),
  hypot: binary(Tensor.hypot, nonzero, nonzero),
  logAddExp: binary(Tensor.logAddExp),
  lerp: of((x, y, weight) => Tensor.lerp(x, y, weight), [2, 3], [3], [2, 1]),
  maximum: check(
    (x: Floats, y: Floats) => Tensor.maximum(x, y),
    shapes.chain((shape) => fc.tuple(tensor(shape), offGrid(shape)))
  ),
  minimum: check(
    (x: Floats, y: Floats) => Tensor.minimum(x, y),
    shapes.chain((shape) => fc.tuple(tensor(shape), offGrid(shape)))
  ),
  clamp: unary((x) => Tensor.clamp(x, -1, 1), { away: [-1, 1] }),
  where: binary((x, y) => Tensor.where(Tensor.less(x, 0), x, y), nonzero)
}

const arrangement = {
  slice: of((x) => Tensor.slice(x, { start: [0, -1], step: [2] }), [3, 2]),
  concatenate: of((x, y) => Tensor.concatenate([x, y], 1), [2, 1], [2, 2]),
  stack: of((x, y) => Tensor.stack([x, y], 1), [2], [2]),
  unstack: of((x) => Tensor.unstack(x, 1), [2, 3]),
  meshGrid: of((x, y) => Tensor.meshGrid([x, y]), [2], [3]),
  split: of((x) => Tensor.split(x, [1, 2], 0), [3, 2]),
  pad: of((x) => Tensor.pad(x, { before: [1], after: [2], mode: "reflect" }), [3]),
  roll: of((x) => Tensor.roll(x, 1, 0), [3, 2]),
  tile: of((x) => Tensor.tile(x, [2, 2]), [1, 3]),
  repeat: of((x) => Tensor.repeat(x, 2, 0), [2, 2]),
  reshape: of((x) => Tensor.reshape(x, [3, -1]), [2, 3]),
  flatten: of((x) => Tensor.flatten(x), several),
  transpose: of((x) => Tensor.transpose(x), [2, 3]),
  swapAxes: of((x) => Tensor.swapAxes(x, 0, -1), several),
  moveAxis: of((x) => Tensor.moveAxis(x, 0, -1), several),
  expandDims: of((x) => Tensor.expandDims(x, 1), [2, 2]),
  squeeze: of((x) => Tensor.squeeze(x, 1), [2, 1]),
  broadcastTo: of((x) => Tensor.broadcastTo(x, [2, 3]), [3]),
  reverse: of((x) => Tensor.reverse(x, 0), [3]),
  triangularLower: of((x) => Tensor.triangularLower(x), [3, 3]),
  triangularUpper: of((x) => Tensor.triangularUpper(x), [3, 3]),
  diagonal: of((x) => Tensor.diagonal(x), [3, 3]),
  diagonalMatrix: of((x) => Tensor.diagonalMatrix(x as Tensor.Tensor<readonly [number, number], "f64">), [2, 3]),
  trace: of((x) => Tensor.trace(x), [3, 3])
}

const indexing = {
  take: check((x: Floats, i: Whole) => Tensor.take(x, i), fc.tuple(tensor([3, 2]), indices([4], 3))),
  gather: check((x: Floats, i: Whole) => Tensor.gather(x, i, 1), fc.tuple(tensor([2, 3]), indices([2, 2], 3))),
  scatterAdd: check(
    (x: Floats, i: Whole, y: Floats) => Tensor.scatterAdd(x, i, y, 0),
    fc.tuple(tensor([3]), indices([4], 3), tensor([4]))
  ),
  embedding: check((x: Floats, i: Whole) => Tensor.embedding(x, i), fc.tuple(tensor([3, 2]), indices([2], 3))),
  sort: unary((x) => Tensor.sort(x, 0), distinct),
  topK: unary((x) => Tensor.topK(x, 2).values, distinct, [4])
}

const contraction = {
  dot: of(Tensor.dot, [3], [3]),
  outer: of(Tensor.outer, [2], [3]),
  matmul: of(Tensor.matmul, [2, 2, 3], [3, 2]),
  tensorDot: of((x, y) => Tensor.tensorDot(x, y, 1), [2, 3], [3, 2]),
  einsum: of((x, y) => Tensor.einsum("bqd,bkd->bqk", x, y), [2, 1, 3], [2, 2, 3]),
  conv1d: of((x, w) => Tensor.conv1d(x, w, { stride: 2, padding: 1 }), [1, 2, 5], [1, 2, 3]),
  conv2d: of((x, w) => Tensor.conv2d(x, w, { stride: 2, padding: [1, 0], groups: 2 }), [1, 2, 3, 4], [2, 1, 2, 2]),
  conv3d: of((x, w) => Tensor.conv3d(x, w), [1, 1, 2, 2, 3], [1, 1, 2, 1, 2]),
  convTranspose1d: of((x, w) => Tensor.convTranspose1d(x, w, { stride: 2, padding: 1 }), [1, 1, 3], [1, 2, 3]),
  convTranspose2d: of((x, w) => Tensor.convTranspose2d(x, w, { stride: 2 }), [1, 1, 2, 2], [1, 1, 2, 2]),
  convTranspose3d: of((x, w) => Tensor.convTranspose3d(x, w), [1, 1, 2, 1, 2], [1, 1, 1, 2, 2])
}

const linearAlgebra = {
  cholesky: dominant(Tensor.cholesky),
  triangularSolve: system(Tensor.triangularSolve),
  solve: system(Tensor.solve),
  inverse: dominant(Tensor.inverse),
  determinant: dominant(Tensor.determinant),
  logDeterminant: dominant(Tensor.logDeterminant),
  signedLogDeterminant: dominant((x) => Tensor.signedLogDeterminant(x).logAbsolute),
  matrixPower: of((x) => Tensor.matrixPower(x, 3), [2, 2]),
  qr: dominant(Tensor.qr),
  lu: dominant((x) => Tensor.lu(x)),
  eigenSymmetric: separated(Tensor.eigenSymmetric),
  svd: separated(Tensor.svd),
  pinv: dominant((x) => Tensor.pinv(Tensor.concatenate([x, Tensor.ones([1, x.shape[1]], x.dtype)]))),
  leastSquares: system(Tensor.leastSquares)
}

const reduction = {
  sum: unary((x) => Tensor.sum(x, 0)),
  mean: unary((x) => Tensor.mean(x, -1)),
  max: unary((x) => Tensor.max(x, 0), distinct),
  min: unary((x) => Tensor.min(x, 0), distinct),
  prod: unary((x) => Tensor.prod(x, 0)),
  logSumExp: unary((x) => Tensor.logSumExp(x, 0)),
  variance: of((x) => Tensor.variance(x, 0, { correction: 1 }), [3, 2]),
  standardDeviation: unary((x) => Tensor.standardDeviation(x, 0), distinct, [3]),
  norm: unary((x) => Tensor.norm(x, 0), nonzero),
  softmax: unary((x) => Tensor.softmax(x)),
  logSoftmax: unary((x) => Tensor.logSoftmax(x)),
  quantile: unary((x) => Tensor.quantile(x, 0.3, 0), distinct),
  median: unary((x) => Tensor.median(x), distinct),
  cosineSimilarity: of((x, y) => Tensor.cosineSimilarity(Tensor.add(x, 5), Tensor.sub(y, 5)), [2, 3], [3]),
  distances: of((x, y) => Tensor.distances(Tensor.add(x, 10), y), [2, 3], [2, 3]),
  difference: of((x) => Tensor.difference(x, 0), [3, 2]),
  cumulativeSum: unary((x) => Tensor.cumulativeSum(x, 0)),
  cumulativeProd: unary((x) => Tensor.cumulativeProd(x, 0)),
  cumulativeMax: unary((x) => Tensor.cumulativeMax(x, 0), distinct)
}

const pooling = {
  maxPool1d: unary((x) => Tensor.maxPool1d(x, { kernel: 2 }), distinct, [1, 5]),
  maxPool2d: unary((x) => Tensor.maxPool2d(x, { kernel: 2, stride: 1 }), distinct, [3, 3]),
  maxPool3d: unary((x) => Tensor.maxPool3d(x, { kernel: 2 }), distinct, [2, 2, 3]),
  avgPool1d: of((x) => Tensor.avgPool1d(x, { kernel: 3, stride: 2, padding: 1 }), [1, 5]),
  avgPool2d: of((x) => Tensor.avgPool2d(x, { kernel: 2 }), [4, 3]),
  avgPool3d: of((x) => Tensor.avgPool3d(x, { kernel: 2 }), [2, 2, 3]),
  adaptiveAvgPool: of((x) => Tensor.adaptiveAvgPool(x, [2]), [1, 5]),
  interpolate: of((x) => Tensor.interpolate(x, { size: [5], mode: "linear" }), [1, 3])
}

/** Every operation of the friendly surface that has a derivative. */
export const operations: Group = group<typeof Tensor>()(
  "operation",
  {
    "makes a tensor of no tensor": [
      "of",
      "make",
      "fromHostArray",
      "scalar",
      "input",
      "full",
      "zeros",
      "ones",
      "fullLike",
      "zerosLike",
      "onesLike",
      "arange",
      "linspace",
      "eye"
    ],
    "looks at the type, and computes nothing": ["refine", "describe", "isTensor"],
    "has no derivative, on purpose": ["stopGradient"],
    "gives or takes bits": [
      "bitcast",
      "bitwiseAnd",
      "bitwiseOr",
      "bitwiseXor",
      "bitwiseNot",
      "shiftLeft",
      "shiftRight"
    ],
    "gives truth values": [
      "equal",
      "notEqual",
      "less",
      "lessEqual",
      "greater",
      "greaterEqual",
      "logicalAnd",
      "logicalOr",
      "logicalXor",
      "logicalNot",
      "isNaN",
      "isFinite",
      "isInfinite",
      "any",
      "all"
    ],
    "gives whole numbers": ["quotient", "argMax", "argMin", "argSort", "oneHot", "matrixRank"]
  },
  {
    ...elementwise,
    ...arithmetic,
    ...arrangement,
    ...indexing,
    ...contraction,
    ...linearAlgebra,
    ...reduction,
    ...pooling
  }
)
