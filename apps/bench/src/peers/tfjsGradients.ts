/**
 * Gradients for TensorFlow.js. They come with its package of everything, of 120 MB, or with modules of its core, which
 * are written for bundlers: their imports lack what Node asks for.
 */
import { registerHooks } from "node:module"

/** Makes the gradients of the core's operations known to it, and to them what they call. */
export const install = async (): Promise<void> => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const isBare = specifier.startsWith(".") && !specifier.endsWith(".js")
      const isOfCore = context.parentURL?.includes("/tfjs-core/dist/") === true
      return next(isBare && isOfCore ? `${specifier}.js` : specifier, context)
    }
  })
  const { buffer, cast, clone, print } = await import("@tensorflow/tfjs-core")
  const { setOpHandler } = await import("@tensorflow/tfjs-core/dist/tensor.js")
  setOpHandler({ buffer, cast, clone, print })
  await import("@tensorflow/tfjs-core/dist/register_all_gradients.js")
  hooks.deregister()
}
