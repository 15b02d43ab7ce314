/** Strict readers and writers of tensor files. */
export * as AtomicFile from "./AtomicFile.ts"
export { FormatError } from "./FormatError.ts"
export type { Source } from "./FormatError.ts"
export * as Npy from "./Npy.ts"
export * as Npz from "./Npz.ts"
export * as Safetensors from "./Safetensors.ts"
