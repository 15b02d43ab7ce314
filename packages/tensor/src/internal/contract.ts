/**
 * Contraction of tensors whose axes carry labels: the one algorithm behind `matmul` and `einsum`.
 */
import { ShapeError } from "../errors.ts"
import type { Tensor } from "../Primitive.ts"
import { dotGeneral } from "../primitive/bilinear.ts"
import { reshape, sum } from "../primitive/linear.ts"
import { permute } from "./axes.ts"
import { commonDType } from "./operands.ts"

/** A tensor and a label for each of its axes, no label twice. */
export interface Labelled {
  readonly tensor: Tensor
  readonly labels: ReadonlyArray<string>
}

/** The extent of each label, where 1 broadcasts. */
const extentsOf = (operation: string, operands: ReadonlyArray<Labelled>): ReadonlyMap<string, number> => {
  const extents = new Map<string, number>()
  for (const { labels, tensor } of operands) {
    labels.forEach((label, axis) => {
      const [known, extent] = [extents.get(label) ?? 1, tensor.shape[axis]]
      if (known !== 1 && extent !== 1 && known !== extent) {
        throw new ShapeError({
          operation,
          expected: `one extent for the axes "${label}", found ${known} and ${extent}`,
          received: operands.map((operand) => operand.tensor.shape)
        })
      }
      extents.set(label, known === 1 ? extent : known)
    })
  }
  return extents
}

/** `self` without axes of extent 1 that another operand broadcasts. */
const narrowed = ({ labels, tensor }: Labelled, extents: ReadonlyMap<string, number>): Labelled => {
  const kept = labels.filter((label, axis) => tensor.shape[axis] === extents.get(label))
  if (kept.length === labels.length) return { labels, tensor }
  const shape = tensor.shape.filter((extent, axis) => extent === extents.get(labels[axis]))
  return { labels: kept, tensor: reshape(tensor, { shape }) }
}

/** `self` summed over the labels that `isKept` does not want. */
const summed = ({ labels, tensor }: Labelled, isKept: (label: string) => boolean): Labelled => {
  const axes = labels.flatMap((label, axis) => (isKept(label) ? [] : [axis]))
  return axes.length === 0 ? { labels, tensor } : { labels: labels.filter(isKept), tensor: sum(tensor, { axes }) }
}

/** Contracts two operands over the labels that both have and nobody else wants. */
const pair = (left: Labelled, right: Labelled, isKept: (label: string) => boolean): Labelled => {
  const a = summed(left, (label) => isKept(label) || right.labels.includes(label))
  const b = summed(right, (label) => isKept(label) || left.labels.includes(label))
  const shared = a.labels.filter((label) => b.labels.includes(label))
  const axes = (operand: Labelled, labels: ReadonlyArray<string>): ReadonlyArray<number> =>
    labels.map((label) => operand.labels.indexOf(label))
  const [batch, contract] = [shared.filter(isKept), shared.filter((label) => !isKept(label))]
  const tensor = dotGeneral(a.tensor, b.tensor, {
    contract: [axes(a, contract), axes(b, contract)],
    batch: [axes(a, batch), axes(b, batch)]
  })
  const free = (labels: ReadonlyArray<string>): ReadonlyArray<string> =>
    labels.filter((label) => !shared.includes(label))
  return { tensor, labels: [...batch, ...free(a.labels), ...free(b.labels)] }
}

/**
 * The sum over all labels but `output` of the product of `operands`, with axes in the order of `output`; operands are
 * taken in pairs from left to right.
 *
 * **Throws** `ShapeError` where a label has two extents other than 1, `DTypeError` unless dtypes agree.
 */
export const contract = (
  operation: string,
  operands: ReadonlyArray<Labelled>,
  output: ReadonlyArray<string>
): Tensor => {
  commonDType(
    operation,
    operands.map(({ tensor }) => tensor)
  )
  const extents = extentsOf(operation, operands)
  const [first, ...rest] = operands.map((operand) => narrowed(operand, extents))
  const product = rest.reduce((left, right, i) => {
    const wanted = new Set([...output, ...rest.slice(i + 1).flatMap((later) => later.labels)])
    return pair(left, right, (label) => wanted.has(label))
  }, first)
  const result = summed(product, (label) => output.includes(label))
  return permute(
    result.tensor,
    output.map((label) => result.labels.indexOf(label))
  )
}
