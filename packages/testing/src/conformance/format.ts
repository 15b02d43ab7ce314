/**
 * The format of conformance cases: reference values of operations, programs and random streams, as JSON.
 */
import * as DTypes from "@cotangent/tensor/DType"
import type { Float } from "@cotangent/tensor/DType"
import type { HostArray } from "@cotangent/tensor/HostArray"
import { make } from "@cotangent/tensor/HostArray"
import * as Schema from "effect/Schema"

const Element = Schema.Union([Schema.Finite, Schema.Boolean, Schema.Literals(["NaN", "Infinity", "-Infinity"])])
const Dims = Schema.Array(Schema.Int)

/** An array: row-major, with what JSON cannot say as text. */
export const ArrayJson = Schema.Struct({ dtype: Schema.Literals(DTypes.all), shape: Dims, data: Schema.Array(Element) })
export type ArrayJson = typeof ArrayJson.Type

const Arrays = Schema.Record(Schema.String, ArrayJson)

/** One application of an operation. */
export const OperationCase = Schema.Struct({
  op: Schema.String,
  name: Schema.String,
  attrs: Schema.Record(Schema.String, Schema.Unknown),
  inputs: Arrays,
  outputs: Arrays,
  rtol: Schema.Finite,
  atol: Schema.Finite,
  /** One for each output of floats. */
  cotangents: Schema.optionalKey(Arrays),
  /** What the cotangents are pulled back to. */
  gradients: Schema.optionalKey(Arrays)
})
export type OperationCase = typeof OperationCase.Type

const Numbers = Schema.Array(Schema.Finite)

/** A differentiable program with a scalar result. */
export const ProgramCase = Schema.Struct({
  inputs: Schema.Array(
    Schema.Struct({ id: Schema.String, shape: Dims, data: Numbers, tangent: Numbers, batch: Numbers })
  ),
  statements: Schema.NonEmptyArray(
    Schema.Struct({
      id: Schema.String,
      op: Schema.String,
      inputs: Schema.Array(Schema.String),
      attrs: Schema.Record(Schema.String, Schema.Unknown)
    })
  ),
  value: Schema.Finite,
  gradient: Schema.Array(Numbers),
  jvp: Schema.Finite,
  hessianVectorProduct: Schema.Array(Numbers),
  /** By input, stacked over the examples of its batch. */
  vmapGradient: Schema.Array(Numbers)
})
export type ProgramCase = typeof ProgramCase.Type

const Tolerances = { rtol: Schema.Finite, atol: Schema.Finite }

/** The streams of one seed: `key`, `split`, `foldIn7`, and draws such as `uniform/2x3`. */
export const RandomCase = Schema.StructWithRest(
  Schema.Struct({ seed: Schema.Int, key: Numbers, split: Schema.Array(Numbers) }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)
export type RandomCase = typeof RandomCase.Type

const named = { suite: Schema.String }
const ProgramSuite = Schema.Struct({ ...named, ...Tolerances, cases: Schema.Array(ProgramCase) })
const RandomSuite = Schema.Struct({
  ...named,
  normalTolerance: Schema.Struct(Tolerances),
  cases: Schema.Array(RandomCase)
})
const OperationSuite = Schema.Struct({ ...named, cases: Schema.Array(OperationCase) })

/** A suite of cases; its fields tell which kind it is. */
export const Suite = Schema.Union([ProgramSuite, RandomSuite, OperationSuite])
export type Suite = typeof Suite.Type

/** The array of a JSON array; floats become `float` where it is given. */
export const arrayOf = ({ data, dtype, shape }: ArrayJson, float?: Float): HostArray =>
  make(shape, float !== undefined && DTypes.isFloat(dtype) ? float : dtype, data.map(Number))
