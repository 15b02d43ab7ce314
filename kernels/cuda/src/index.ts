export type * as Plan from "./Plan.ts"
