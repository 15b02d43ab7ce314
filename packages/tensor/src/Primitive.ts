/**
 * Tensors as expressions, and the contract of the operations they are built from.
 *
 * A tensor is one output of an `Application`: a primitive, its inputs, its parameters. Building one computes nothing.
 * A primitive states everything the system knows about it in one declaration: type rule, element rule (or another
 * lowering), derivative, batch rule. There is no registry: a node holds its primitive.
 *
 * Primitives are strict: equal shapes, equal dtypes, axes counted from the front. `Tensor.ts` is the forgiving surface.
 */
import { pipeArguments, type Pipeable } from "effect/Pipeable"
import type { DType } from "./DType.ts"
import type { HostArray } from "./HostArray.ts"
import type { Origin } from "./Origin.ts"
import { here } from "./Origin.ts"
import type { Program } from "./Program.ts"
import type { Accessor, Index, Scalar } from "./Scalar.ts"
import type { TensorType } from "./Shape.ts"
import { format } from "./Shape.ts"
import type { Shape } from "./ShapeType.ts"

declare const typed: unique symbol

/**
 * An immutable expression of an n-dimensional array. `S` and `D` are its shape and element type as far as the
 * compiler knows them.
 */
export interface Tensor<out S extends Shape = Shape, out D extends DType = DType> extends Pipeable {
  /** Present in types only: carries named dimensions, which have no run-time form. */
  readonly [typed]: { readonly shape: S; readonly dtype: D }
  readonly shape: { readonly [K in keyof S]: number }
  readonly dtype: D
  /** The application this tensor is an output of. */
  readonly application: Application
  /** Which output of the application it is. */
  readonly output: number
}

/** One use of a primitive. */
export interface Application {
  readonly primitive: AnyPrimitive
  readonly inputs: ReadonlyArray<Tensor>
  readonly params: unknown
  readonly outputs: ReadonlyArray<Tensor>
  /** Where it was built, if that was recorded. */
  readonly origin: Origin | undefined
}

/** A tangent or cotangent; `undefined` is the zero that nobody needs to compute. */
export type Cotangent = Tensor | undefined

/** How a primitive becomes values. */
export type Lowering =
  /** The value at one index; kernels, fusion and the reference value follow from it. */
  | { readonly kind: "element"; readonly element: ElementRule }
  /** A leaf whose value comes from outside: a parameter of a program, host data, a device buffer. */
  | { readonly kind: "leaf" }
  /** An algorithm that no element rule states well; devices bring a kernel of the same name. */
  | { readonly kind: "routine"; readonly evaluate: RoutineRule }
  /** A loop whose body is a program. */
  | { readonly kind: "loop"; readonly loop: (params: unknown) => Loop }
  /** A program whose own operations take the place of the application. */
  | { readonly kind: "call"; readonly call: (params: unknown) => Call }
  /** One of two programs. */
  | { readonly kind: "branch"; readonly branch: (params: unknown) => Branch }
  /** A loop that runs while a program says so. */
  | { readonly kind: "while"; readonly loop: (params: unknown) => While }

export type ElementRule = (inputs: ReadonlyArray<Accessor>, index: Index, params: unknown) => Scalar
export type RoutineRule = (inputs: ReadonlyArray<HostArray>, params: unknown) => ReadonlyArray<HostArray>

/**
 * `length` runs of `body`, each receiving `[...constants, ...carries, ...slices]` and giving `[...carries, ...items]`.
 * Inputs of the application are `[...constants, ...initial carries, ...sequences]`; a sequence has one slice per run
 * along its first axis. Outputs are `[...last carries, ...stacked items, ...stacked carries as each run received them]`.
 */
export interface Loop {
  readonly body: Program
  readonly length: number
  readonly constants: number
  readonly carries: number
  /** Runs from the last slice to the first; items keep the place of their slice. */
  readonly reverse: boolean
}

/** A program on the inputs, whose results are the outputs. */
export interface Call {
  readonly body: Program
  /** Computed between its inputs and its outputs, all at once, and shared with nothing outside. */
  readonly isolated: boolean
}

/** The first input, a scalar of bool, says which program runs on the others; its results are the outputs. */
export interface Branch {
  readonly ifTrue: Program
  readonly ifFalse: Program
}

/**
 * Both programs receive `[...constants, ...carries]`. As long as `condition` gives true, `body` gives the next carries.
 * Inputs of the application are `[...constants, ...initial carries]`, outputs the last carries.
 */
export interface While {
  readonly condition: Program
  readonly body: Program
  readonly constants: number
}

/** What rules see of one application. */
export interface Rule {
  readonly inputs: ReadonlyArray<Tensor>
  readonly outputs: ReadonlyArray<Tensor>
  readonly params: unknown
}

/** What the rule of reverse mode sees of one application. */
export interface PullRule extends Rule {
  readonly cotangents: ReadonlyArray<Cotangent>
  /** Which inputs' cotangents will be used; a rule may leave out the others. All, where it is not stated. */
  readonly wanted?: ReadonlyArray<boolean>
}

/** A primitive as the generic passes see it. */
export interface AnyPrimitive {
  readonly name: string
  readonly type: (inputs: ReadonlyArray<TensorType>, params: unknown) => ReadonlyArray<TensorType>
  readonly lowering: Lowering
  /** Tangents of the inputs to tangents of the outputs. */
  readonly jvp: (rule: Rule & { readonly tangents: ReadonlyArray<Cotangent> }) => ReadonlyArray<Cotangent>
  /** Cotangents of the outputs to cotangents of the inputs: the adjoint of `jvp`. */
  readonly vjp: (rule: PullRule) => ReadonlyArray<Cotangent>
  /** The outputs for a batch: each input with `mapped` has a leading axis of `size`, and so has every output. */
  readonly batch: (rule: BatchRule) => ReadonlyArray<Tensor>
  /** An equal tensor that is cheaper, if the operation knows one for these inputs. */
  readonly simplify?: (rule: Rule) => Tensor | undefined
  /** Finite inputs for which the value is finite, in words: where it is NaN or infinite, a message quotes them. */
  readonly domain?: string
  /** Parameters as text that is equal just where they mean the same; JSON unless stated. */
  readonly key?: (params: unknown, nested: (program: Program) => string) => string
}

export interface BatchRule {
  readonly inputs: ReadonlyArray<Tensor>
  readonly mapped: ReadonlyArray<boolean>
  readonly size: number
  readonly params: unknown
}

const prototype = {
  pipe(this: unknown) {
    // oxlint-disable-next-line prefer-rest-params -- the calling convention of Effect's Pipeable
    return pipeArguments(this, arguments)
  },
  toString(this: Tensor): string {
    return summary(this)
  },
  toJSON(this: Tensor): unknown {
    return { primitive: this.application.primitive.name, shape: this.shape, dtype: this.dtype }
  },
  [Symbol.for("nodejs.util.inspect.custom")](this: Tensor): string {
    return summary(this)
  }
}

const summary = (tensor: Tensor): string => `${tensor.application.primitive.name}(…): ${describe(tensor)}`

/** Shape and dtype as text: `f32[2, 3]`. */
export const describe = (type: TensorType): string => `${type.dtype}${format(type.shape)}`

/** Whether `value` is a tensor. */
export const isTensor = (value: unknown): value is Tensor =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === prototype

/** Applies `primitive` to `inputs`. **Throws** what its type rule throws. */
export const apply = (
  primitive: AnyPrimitive,
  inputs: ReadonlyArray<Tensor>,
  params?: unknown
): ReadonlyArray<Tensor> => build(primitive, inputs, params, here())

/** `application` on other inputs, as if it had been built on these where it was. */
export const reapply = (
  { origin, params, primitive }: Application,
  inputs: ReadonlyArray<Tensor>
): ReadonlyArray<Tensor> => build(primitive, inputs, params, origin)

const build = (
  primitive: AnyPrimitive,
  inputs: ReadonlyArray<Tensor>,
  params: unknown,
  origin: Origin | undefined
): ReadonlyArray<Tensor> => {
  const outputs: Array<Tensor> = []
  const application: Application = { primitive, inputs, params, outputs, origin }
  primitive.type(inputs, params).forEach(({ shape, dtype }, output) => {
    // The phantom `typed` exists in types only; everything else of a tensor stands here.
    const fields = { shape, dtype, application, output }
    outputs.push(Object.assign(Object.create(prototype) as object, fields) as Tensor)
  })
  return outputs
}

/** The element type, shape and rules of a typed operation with one output. */
export interface Op<N extends Arity, P = void> {
  (...args: Arguments<N, P>): Tensor
  readonly primitive: AnyPrimitive
}

/** How many inputs an operation has; `"many"` takes them as one array. */
export type Arity = 0 | 1 | 2 | 3 | "many"

/** `N` values of one type. */
export type Tuple<N extends Arity, A> = N extends "many"
  ? ReadonlyArray<A>
  : N extends 0
    ? readonly []
    : N extends 1
      ? readonly [A]
      : N extends 2
        ? readonly [A, A]
        : readonly [A, A, A]

type Arguments<N extends Arity, P> = [
  ...inputs: N extends "many" ? [inputs: ReadonlyArray<Tensor>] : Tuple<N, Tensor>,
  ...params: [P] extends [void] ? [] : [params: P]
]

/** What the rules of an operation with one output see. */
export interface OpRule<N extends Arity, P> {
  readonly inputs: Tuple<N, Tensor>
  readonly output: Tensor
  readonly params: P
}

/** The declaration of an operation with one output: its rules, and one of two lowerings. */
export type Declaration<N extends Arity, P> = Rules<N, P> & (ByElement<N, P> | ByRoutine<P>)

interface ByElement<N extends Arity, P> {
  /** The value at one index. */
  readonly element: (inputs: Tuple<N, Accessor>, index: Index, params: P) => Scalar
  readonly routine?: never
}

interface ByRoutine<P> {
  /** The whole value, where an algorithm says it better than an element rule. */
  readonly routine: (inputs: ReadonlyArray<HostArray>, params: P) => HostArray
  readonly element?: never
}

interface Rules<N extends Arity, P> {
  readonly name: string
  readonly arity: N
  readonly type: (inputs: Tuple<N, TensorType>, params: P) => TensorType
  readonly jvp: (rule: OpRule<N, P> & { readonly tangents: Tuple<N, Cotangent> }) => Cotangent
  readonly vjp: (rule: OpRule<N, P> & { readonly cotangent: Tensor }) => Tuple<N, Cotangent>
  readonly batch: (rule: BatchOf<N, P>) => Tensor
  readonly simplify?: (rule: OpRule<N, P>) => Tensor | undefined
  readonly domain?: string
}

/** A declaration whose rules `K` a rule maker derives. */
export type DeclarationWithout<K extends keyof Rules<N, P>, N extends Arity, P> = Omit<Rules<N, P>, K> &
  (ByElement<N, P> | ByRoutine<P>)

/** What a batch rule of an operation with one output sees. */
export interface BatchOf<N extends Arity, P> {
  readonly inputs: Tuple<N, Tensor>
  readonly mapped: Tuple<N, boolean>
  readonly size: number
  readonly params: P
}

/**
 * The operation of a declaration. Arity and parameters are in types for those who write rules; the passes see arrays.
 * The casts between both views stand here and in `makeMany`.
 */
export const make = <N extends Arity, P = void>(declaration: Declaration<N, P>): Op<N, P> => {
  const { arity, domain, name, simplify } = declaration
  const typed = declaration as unknown as Declaration<"many", unknown>
  const primitive: AnyPrimitive = {
    name,
    type: (inputs, params) => [typed.type(inputs, params)],
    lowering:
      typed.routine === undefined
        ? { kind: "element", element: typed.element }
        : { kind: "routine", evaluate: (inputs, params) => [typed.routine(inputs, params)] },
    jvp: ({ outputs, ...rule }) => [typed.jvp({ ...rule, output: outputs[0] })],
    vjp: ({ cotangents: [cotangent], outputs, ...rule }) =>
      cotangent === undefined
        ? rule.inputs.map(() => undefined)
        : typed.vjp({ ...rule, output: outputs[0], cotangent }),
    batch: (rule) => [typed.batch(rule)],
    ...(domain === undefined ? {} : { domain }),
    ...(simplify === undefined
      ? {}
      : { simplify: ({ outputs, ...rule }: Rule) => typed.simplify!({ ...rule, output: outputs[0] }) })
  }
  const call = caller(arity, primitive)
  const op = (...args: ReadonlyArray<unknown>): Tensor => call(args)[0]
  return Object.assign(op, { primitive }) as Op<N, P>
}

/** `primitive` applied to arguments: inputs, one by one or as an array, then parameters. */
const caller =
  (arity: Arity, primitive: AnyPrimitive) =>
  (args: ReadonlyArray<unknown>): ReadonlyArray<Tensor> =>
    arity === "many"
      ? apply(primitive, args[0] as ReadonlyArray<Tensor>, args[1])
      : apply(primitive, args.slice(0, arity) as ReadonlyArray<Tensor>, args[arity])

/** A typed operation with several outputs. */
export interface ManyOp<N extends Arity, P = void> {
  (...args: Arguments<N, P>): ReadonlyArray<Tensor>
  readonly primitive: AnyPrimitive
}

/** What the rules of an operation with several outputs see. */
export interface ManyRule<N extends Arity, P> {
  readonly inputs: Tuple<N, Tensor>
  readonly outputs: ReadonlyArray<Tensor>
  readonly params: P
}

/** The declaration of an operation with several outputs, which an algorithm computes together. */
export interface ManyDeclaration<N extends Arity, P> {
  readonly name: string
  readonly arity: N
  readonly type: (inputs: Tuple<N, TensorType>, params: P) => ReadonlyArray<TensorType>
  readonly routine: (inputs: ReadonlyArray<HostArray>, params: P) => ReadonlyArray<HostArray>
  readonly jvp: (rule: ManyRule<N, P> & { readonly tangents: Tuple<N, Cotangent> }) => ReadonlyArray<Cotangent>
  readonly vjp: (rule: ManyRule<N, P> & { readonly cotangents: ReadonlyArray<Cotangent> }) => Tuple<N, Cotangent>
  readonly batch: (rule: BatchOf<N, P>) => ReadonlyArray<Tensor>
  readonly domain?: string
}

/** The operation of a declaration with several outputs. */
export const makeMany = <N extends Arity, P = void>(declaration: ManyDeclaration<N, P>): ManyOp<N, P> => {
  // As in `make`: typed for those who write rules, arrays for the passes.
  const { arity, routine, ...rules } = declaration as unknown as ManyDeclaration<"many", unknown>
  const primitive: AnyPrimitive = { ...rules, lowering: { kind: "routine", evaluate: routine } }
  const call = caller(arity, primitive)
  const op = (...args: ReadonlyArray<unknown>): ReadonlyArray<Tensor> => call(args)
  return Object.assign(op, { primitive }) as ManyOp<N, P>
}
