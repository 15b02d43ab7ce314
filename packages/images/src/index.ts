/** Image files into arrays, through sharp. */
export * as SharpDecoder from "./SharpDecoder.ts"
