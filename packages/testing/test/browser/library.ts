/** All that the five packages export that a program for browsers is built on. */
export * as autodiff from "@cotangent/autodiff"
export * as compiler from "@cotangent/compiler"
export * as runtime from "@cotangent/runtime"
export * as tensor from "@cotangent/tensor"
export * as wasm from "@cotangent/wasm"
