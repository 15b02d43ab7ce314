/**
 * What recipes are to reach, in words.
 */
import type { Expectation } from "./Recipe.ts"
import { say } from "./terminal/format.ts"

/** An expectation in words: `test accuracy ≥ 98.00 %`. */
export const expectationText = ({ form, least, most, result }: Expectation): string => {
  if (least === undefined && most === undefined) return result
  if (least !== undefined && most !== undefined) return `${result} from ${say(least, form)} to ${say(most, form)}`
  return least === undefined ? `${result} ≤ ${say(most!, form)}` : `${result} ≥ ${say(least, form)}`
}
