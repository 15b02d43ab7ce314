/**
 * From a canonical program to steps over buffers.
 */
import type { Application, Loop, Tensor } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { applications } from "@cotangent/tensor/Program"
import type { DType } from "@cotangent/tensor/DType"
import type { Scalar } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { size } from "@cotangent/tensor/Shape"
import * as Affine from "@cotangent/tensor/Affine"
import { canonicalize } from "./Canonical.ts"
import { materialized } from "./Fusion.ts"
import type { Group, Kernel } from "./Group.ts"
import { join, kernelOf } from "./Group.ts"
import type { Identify } from "./Key.ts"
import type { Buffer, Copy, Step } from "./LoopProgram.ts"
import { sumOfProducts } from "./Recognize.ts"
import type { Location } from "./Stages.ts"
import { stepOf } from "./Stages.ts"

/** Makes buffers. */
export type Allocate = (role: Buffer["role"], length: number, dtype: DType) => Buffer

/** Where the parameters of a program lie, and where its results shall. */
interface Frame {
  readonly parameters: ReadonlyMap<Tensor, Location>
  readonly allocate: Allocate
  readonly identify: Identify
  readonly fusion: boolean
}

/** What runs in order: groups of kernels, and applications that are steps by themselves. */
type Item = { readonly tag: "group"; group: Group } | { readonly tag: "whole"; readonly application: Application }

const start = (buffer: Buffer): Location => ({ buffer, base: S.constant(0) })

/** The steps of `program`, and where its results are afterwards. */
export const lower = (
  program: Program,
  { allocate, fusion, identify, parameters }: Frame,
  placed: ReadonlyMap<Tensor, Location> = new Map()
): { readonly steps: ReadonlyArray<Step>; readonly results: ReadonlyArray<Location> } => {
  const chosen = fusion ? materialized(program) : everything(program)
  const locations = new Map<Tensor, Location>([...placed, ...parameters])
  const inMemory = (tensor: Tensor): boolean => chosen.has(tensor) || parameters.has(tensor)
  const locate = (tensor: Tensor): Location | undefined => {
    const known = locations.get(tensor)
    if (known !== undefined || !chosen.has(tensor)) return known
    const location = start(allocate("temporary", size(tensor.shape), tensor.dtype))
    locations.set(tensor, location)
    return location
  }
  const items = arrange(applications(program.results), { chosen, parameters, inMemory, fusion })
  const isReadBeyond = readersOf(items, program)
  const steps = items.flatMap((item): ReadonlyArray<Step> => {
    if (item.tag === "group") {
      const { group } = item
      return [stepOf(group, { locate, isReadOutside: (tensor) => isReadBeyond(tensor, item) })]
    }
    return whole(item.application, {
      locate: (tensor) => locate(tensor)!,
      allocate,
      identify,
      fusion,
      isRead: (tensor) => isReadBeyond(tensor, item)
    })
  })
  return { steps, results: program.results.map((result) => locate(result)!) }
}

/** Every tensor but the parameters. */
const everything = (program: Program): ReadonlySet<Tensor> =>
  new Set(applications(program.results).flatMap(({ outputs }) => outputs))

/** Which tensors have memory. */
interface Memory {
  readonly chosen: ReadonlySet<Tensor>
  readonly parameters: ReadonlyMap<Tensor, Location>
  readonly inMemory: (tensor: Tensor) => boolean
  readonly fusion: boolean
}

/** Each kernel joins the last group it depends on, where both can share loops. */
const arrange = (
  order: ReadonlyArray<Application>,
  { chosen, fusion, inMemory, parameters }: Memory
): ReadonlyArray<Item> => {
  const items: Array<Item> = []
  const madeBy = new Map<Tensor, number>()
  for (const application of order) {
    if (application.primitive.lowering.kind !== "element") {
      if (application.primitive.lowering.kind === "leaf") continue
      items.push({ tag: "whole", application })
      application.outputs.forEach((output) => madeBy.set(output, items.length - 1))
      continue
    }
    const [tensor] = application.outputs
    if (!chosen.has(tensor) || parameters.has(tensor) || size(tensor.shape) === 0) continue
    const kernel = kernelOf(tensor, inMemory)
    const latest = !fusion ? -1 : Math.max(-1, ...kernel.reads.map(({ source }) => madeBy.get(source as Tensor) ?? -1))
    const item = latest < 0 ? undefined : items[latest]
    const joined = item?.tag === "group" && !isContraction(kernel) ? join(item.group, kernel) : undefined
    if (joined !== undefined && item?.tag === "group") item.group = joined
    else
      items.push({
        tag: "group",
        group: { kernels: [kernel], depth: tensor.shape.length, contraction: isContraction(kernel) }
      })
    madeBy.set(tensor, joined === undefined ? items.length - 1 : latest)
  }
  return items
}

/** A sum of products with free axes on both sides; whether it is a matrix product is decided when it is written. */
const isContraction = (kernel: Kernel): boolean => {
  if (kernel.axes.filter(({ extent }) => extent > 1).length < 2) return false
  const sum = sumOfProducts([kernel.value])
  if (sum === undefined || sum.body.tag !== "call") return false
  const [x, y] = sum.body.args.map((load) => new Set(variablesOf(load)))
  return (
    kernel.axes.some((axis) => x.has(axis) && !y.has(axis)) && kernel.axes.some((axis) => y.has(axis) && !x.has(axis))
  )
}

const variablesOf = (scalar: Scalar): ReadonlyArray<Scalar> =>
  scalar.tag === "variable" ? [scalar] : S.children(scalar).flatMap(variablesOf)

/** Whether a tensor is a result or read by another item than the given one. */
const readersOf = (items: ReadonlyArray<Item>, program: Program): ((tensor: Tensor, from: Item) => boolean) => {
  const results = new Set(program.results)
  const readers = new Map<Tensor, Set<Item>>()
  const note = (tensor: Tensor, item: Item): void =>
    void readers.set(tensor, (readers.get(tensor) ?? new Set()).add(item))
  for (const item of items) {
    if (item.tag === "whole") item.application.inputs.forEach((input) => note(input, item))
    else for (const { reads } of item.group.kernels) reads.forEach(({ source }) => note(source as Tensor, item))
  }
  return (tensor, from) => results.has(tensor) || [...(readers.get(tensor) ?? [])].some((item) => item !== from)
}

/** How applications that are steps by themselves find their places. */
interface Whole {
  readonly locate: (tensor: Tensor) => Location
  readonly isRead: (tensor: Tensor) => boolean
  readonly allocate: Allocate
  readonly identify: Identify
  readonly fusion: boolean
}

const whole = (application: Application, places: Whole): ReadonlyArray<Step> => {
  const { inputs, outputs, params, primitive } = application
  if (primitive.lowering.kind === "loop") return repeat(primitive.lowering.loop(params), application, places)
  // Routines work on whole buffers: what is a slice of one is copied out first.
  const before: Array<Step> = []
  const operands = inputs.map((input) => {
    const location = places.locate(input)
    if (Affine.of(location.base).terms.size === 0 && Affine.of(location.base).constant === 0)
      return { buffer: location.buffer, shape: input.shape }
    const buffer = places.allocate("temporary", size(input.shape), input.dtype)
    before.push(copy(location, start(buffer), size(input.shape)))
    return { buffer, shape: input.shape }
  })
  const targets = outputs.map((output) => ({ buffer: places.locate(output).buffer, shape: output.shape }))
  return [...before, { tag: "routine", name: primitive.name, params, inputs: operands, outputs: targets }]
}

/** Copies `length` elements. */
export const copy = (from: Location, to: Location, length: number): Copy => ({
  tag: "copy",
  from: from.buffer,
  fromOffset: from.base,
  to: to.buffer,
  toOffset: to.base,
  length
})

/**
 * A loop: the steps of its body once per run. Carries live in buffers of their own that each run reads and, at its
 * end, replaces; items and histories are copied to their place in the stacked outputs, where anybody reads those.
 */
const repeat = (loop: Loop, { inputs, outputs }: Application, places: Whole): ReadonlyArray<Step> => {
  const counter = S.variable(loop.length)
  const run = loop.reverse ? S.sub(S.constant(loop.length - 1), counter) : counter
  const rowAt = (location: Location, length: number): Location => ({
    buffer: location.buffer,
    base: Affine.toScalar(Affine.of(S.add(location.base, S.mul(run, S.constant(length)))))
  })
  const body = canonicalize(loop.body, places.identify)
  const [constants, initial, sequences] = [
    inputs.slice(0, loop.constants),
    inputs.slice(loop.constants, loop.constants + loop.carries),
    inputs.slice(loop.constants + loop.carries)
  ]
  const carries = initial.map(({ dtype, shape }) => start(places.allocate("temporary", size(shape), dtype)))
  const parameters = new Map<Tensor, Location>(
    body.parameters.map((parameter, i) => [
      parameter,
      i < loop.constants
        ? places.locate(constants[i])
        : i < loop.constants + loop.carries
          ? carries[i - loop.constants]
          : rowAt(places.locate(sequences[i - loop.constants - loop.carries]), size(parameter.shape))
    ])
  )
  const { results, steps } = lower(body, { ...places, parameters })
  const stacked = outputs.slice(loop.carries)
  const items = results.length - loop.carries
  const record = (output: Tensor, from: Location): ReadonlyArray<Step> => {
    if (!places.isRead(output)) return []
    const length = size(output.shape.slice(1))
    return [copy(from, rowAt(places.locate(output), length), length)]
  }
  const lengths = initial.map(({ shape }) => size(shape))
  // A result may be a carry itself (passed on, or swapped): all are read before any is replaced.
  const next = results.slice(0, loop.carries).map((result, i) => {
    const isCarry = carries.some((carry) => carry.buffer === result.buffer)
    return isCarry && result.buffer !== carries[i].buffer
      ? start(places.allocate("temporary", lengths[i], initial[i].dtype))
      : result
  })
  const saved = next.flatMap((place, i) => (place === results[i] ? [] : [copy(results[i], place, lengths[i])]))
  const replaced = next.flatMap((place, i) =>
    place.buffer === carries[i].buffer ? [] : [copy(place, carries[i], lengths[i])]
  )
  return [
    ...initial.map((tensor, i) => copy(places.locate(tensor), carries[i], lengths[i])),
    {
      tag: "repeat",
      counter,
      steps: [
        ...carries.flatMap((carry, i) => record(stacked[items + i], carry)),
        ...steps,
        ...results.slice(loop.carries).flatMap((item, i) => record(stacked[i], item)),
        ...saved,
        ...replaced
      ]
    },
    ...outputs
      .slice(0, loop.carries)
      .flatMap((output, i) => (places.isRead(output) ? [copy(carries[i], places.locate(output), lengths[i])] : []))
  ]
}
