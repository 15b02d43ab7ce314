/**
 * From a canonical program to steps over buffers.
 */
import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import type { Program } from "@cotangent/tensor/Program"
import { applications } from "@cotangent/tensor/Program"
import type { Scalar } from "@cotangent/tensor/Scalar"
import * as S from "@cotangent/tensor/Scalar"
import { size } from "@cotangent/tensor/Shape"
import * as Affine from "@cotangent/tensor/Affine"
import { isBarrier, origin } from "./Barrier.ts"
import { canonicalize } from "./Canonical.ts"
import type { Allocate, Control, Lowered } from "./Control.ts"
import { choose, repeatWhile } from "./Control.ts"
import { cut } from "./Cut.ts"
import { materialized } from "./Fusion.ts"
import type { Group, Kernel } from "./Group.ts"
import { join, kernelOf } from "./Group.ts"
import type { Identify } from "./Key.ts"
import type { Step } from "./LoopProgram.ts"
import { sumOfProducts } from "./Recognize.ts"
import { repeat } from "./Repeat.ts"
import type { Location } from "./Stages.ts"
import { copy, start, stepsOf } from "./Stages.ts"
import type { Target } from "./Target.ts"

/** Where the parameters of a program lie, and where its results shall. */
export interface Frame {
  readonly parameters: ReadonlyMap<Tensor, Location>
  readonly allocate: Allocate
  readonly identify: Identify
  readonly fusion: boolean
  readonly target: Target
}

/** What runs in order: groups of kernels, and applications that are steps by themselves. */
type Item = { readonly tag: "group"; group: Group } | { readonly tag: "whole"; readonly application: Application }

/** The steps of `program`, and where its results are afterwards. */
export const lower = (program: Program, frame: Frame, placed: ReadonlyMap<Tensor, Location> = new Map()): Lowered => {
  const { allocate, fusion, identify, parameters, target } = frame
  const chosen = fusion ? materialized(program, target) : everything(program)
  const locations = new Map<Tensor, Location>([...placed, ...parameters])
  const inMemory = (tensor: Tensor): boolean => chosen.has(tensor) || parameters.has(tensor)
  const locate = (given: Tensor): Location | undefined => {
    const tensor = origin(given)
    const known = locations.get(tensor)
    if (known !== undefined || !chosen.has(tensor)) return known
    const location = start(allocate("temporary", size(tensor.shape), tensor.dtype))
    locations.set(tensor, location)
    return location
  }
  const items = arrange(applications(program.results), { chosen, parameters, inMemory, fusion, target })
  const isReadBeyond = readersOf(items, program)
  const steps = items.flatMap((item): ReadonlyArray<Step> => {
    if (item.tag === "group") {
      const { group } = item
      return stepsOf(group, { locate, isReadOutside: (tensor) => isReadBeyond(tensor, item), target })
    }
    return whole(item.application, {
      locate: (tensor) => locate(tensor)!,
      place: (tensor, location) => !locations.has(tensor) && locations.set(tensor, location).has(tensor),
      allocate,
      target,
      isRead: (tensor) => isReadBeyond(tensor, item),
      canonical: (body) => canonicalize(body, identify),
      lower: (body, given) => lower(body, { ...frame, parameters: given }),
      lowerTo: (body, given, targets) => lowerTo(body, { ...frame, parameters: given }, targets)
    })
  })
  return { steps, results: program.results.map((result) => locate(result)!) }
}

/** The steps of `program` that leave its results at `targets`. */
export const lowerTo = (program: Program, frame: Frame, targets: ReadonlyArray<Location>): ReadonlyArray<Step> => {
  const placed = new Map<Tensor, Location>()
  program.results.forEach((result, i) => {
    const tensor = origin(result)
    if (!frame.parameters.has(tensor) && !placed.has(tensor)) placed.set(tensor, targets[i])
  })
  const { results, steps } = lower(program, frame, placed)
  // A result that is a parameter, or that another result already is, has to be copied.
  const copies = results.flatMap((location, i): ReadonlyArray<Step> =>
    location === targets[i] ? [] : [copy(location, targets[i], size(program.results[i].shape))]
  )
  return [...steps, ...copies]
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
  readonly target: Target
}

/** Each kernel joins the last group it depends on, where both can share loops. */
const arrange = (
  order: ReadonlyArray<Application>,
  { chosen, fusion, inMemory, parameters, target }: Memory
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
    const contraction = isContraction(kernel, target)
    const joined = item?.tag === "group" && !contraction ? join(item.group, kernel) : undefined
    if (joined !== undefined && item?.tag === "group") item.group = joined
    else items.push({ tag: "group", group: { kernels: [kernel], depth: tensor.shape.length, contraction } })
    madeBy.set(tensor, joined === undefined ? items.length - 1 : latest)
  }
  return items
}

/** A sum of products with free axes on both sides; whether it is a matrix product is decided when it is written. */
const isContraction = (kernel: Kernel, target: Target): boolean => {
  if (!kernel.reduces || kernel.axes.filter(({ extent }) => extent > 1).length < 2) return false
  const pieces = cut(kernel.axes, [kernel.value])
  const sum = sumOfProducts([pieces === undefined ? kernel.value : pieces.rewrite(kernel.value)], target)
  if (sum === undefined || sum.body.tag !== "call") return false
  const axes = pieces === undefined ? kernel.axes : pieces.axes(kernel.axes)
  const [x, y] = sum.body.args.map((load) => new Set(variablesOf(load)))
  return axes.some((axis) => x.has(axis) && !y.has(axis)) && axes.some((axis) => y.has(axis) && !x.has(axis))
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

/** Whether a location is the start of its buffer. */
const isStart = ({ base }: Location): boolean => {
  const { constant, terms } = Affine.of(base)
  return constant === 0 && terms.size === 0
}

const whole = (application: Application, places: Control): ReadonlyArray<Step> => {
  const { inputs, outputs, params, primitive } = application
  const { lowering } = primitive
  if (lowering.kind === "loop") return repeat(lowering.loop(params), application, places)
  if (lowering.kind === "branch") return choose(lowering.branch(params), application, places)
  if (lowering.kind === "while") return repeatWhile(lowering.loop(params), application, places)
  if (isBarrier(application)) return []
  // Routines work on whole buffers: what is a slice of one is copied out first, or in at the end.
  const before: Array<Step> = []
  const operands = inputs.map((input) => {
    const location = places.locate(input)
    if (isStart(location)) return { buffer: location.buffer, shape: input.shape }
    const buffer = places.allocate("temporary", size(input.shape), input.dtype)
    before.push(copy(location, start(buffer), size(input.shape)))
    return { buffer, shape: input.shape }
  })
  const after: Array<Step> = []
  const targets = outputs.map((output) => {
    const location = places.locate(output)
    if (isStart(location)) return { buffer: location.buffer, shape: output.shape }
    const buffer = places.allocate("temporary", size(output.shape), output.dtype)
    after.push(copy(start(buffer), location, size(output.shape)))
    return { buffer, shape: output.shape }
  })
  return [...before, { tag: "routine", name: primitive.name, params, inputs: operands, outputs: targets }, ...after]
}
