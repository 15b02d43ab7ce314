export * as Features from "./Features.ts"
export * as Profile from "./Profile.ts"
export * as Wasm from "./Wasm.ts"
export * as WideSimd from "./WideSimd.ts"
