import type { Application, Tensor } from "@cotangent/tensor/Primitive"
import { applications } from "@cotangent/tensor/Program"

/**
 * The applications that `outputs` depend on and that depend on `inputs`, each after those it depends on. What the
 * inputs themselves were computed from is not looked at.
 */
export const between = (outputs: ReadonlyArray<Tensor>, inputs: ReadonlySet<Tensor>): ReadonlySet<Application> => {
  const dependent = new Set<Application>()
  const isOpen = (application: Application): boolean => application.outputs.some((output) => !inputs.has(output))
  for (const application of applications(outputs, isOpen)) {
    if (application.inputs.some((x) => inputs.has(x) || dependent.has(x.application))) dependent.add(application)
  }
  return dependent
}
