/**
 * Models composed from `@cotangent/nn`.
 */
export * as Features from "./Features.ts"
export * as Filter from "./Filter.ts"
export * as Glm from "./Glm.ts"
export * as Gumbel from "./Gumbel.ts"
export * as Perceptron from "./Perceptron.ts"
export * as Worked from "./Worked.ts"
export * from "./convnet.ts"
export * from "./deep.ts"
export * from "./images.ts"
export * from "./mlp.ts"
