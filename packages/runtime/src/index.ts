export type {
  Allocation,
  Backend,
  CompileOptions as BackendCompileOptions,
  DeviceDescription,
  Executable
} from "./Backend.ts"
export * as Buffer from "./Buffer.ts"
export type { CompiledFunction, CompiledProgram, CompileOptions, DeviceService } from "./Device.ts"
export { Device } from "./Device.ts"
export * from "./errors.ts"
export * as ReferenceDevice from "./ReferenceDevice.ts"
