export * as Features from "./Features.ts"
export * as Wasm from "./Wasm.ts"
