import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { DataCache, usualFolder } from "../src/DataCache.ts"

const folderIn = (variables: Readonly<Record<string, string>>) =>
  Effect.provide(usualFolder, ConfigProvider.layer(ConfigProvider.fromEnv({ env: variables })))

describe("the folder of the cache", () => {
  it.effect.each<readonly [Readonly<Record<string, string>>, string]>([
    [{ COTANGENT_CACHE: "/a", XDG_CACHE_HOME: "/x", HOME: "/h" }, "/a"],
    [{ XDG_CACHE_HOME: "/x", HOME: "/h" }, "/x/cotangent"],
    [{ COTANGENT_CACHE: "", XDG_CACHE_HOME: "", HOME: "/h" }, "/h/.cache/cotangent"],
    [{ LOCALAPPDATA: "C:\\Users\\u\\AppData\\Local", HOME: "/h" }, "C:\\Users\\u\\AppData\\Local/cotangent/cache"]
  ])("follows %o", ([variables, folder]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* folderIn(variables), folder)
    })
  )

  it.effect("must be named somewhere", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(folderIn({}))
      assert.strictEqual(error._tag, "ConfigError")
      assert.include(error.message, "COTANGENT_CACHE")
    })
  )

  it.effect("is that which is asked for", () =>
    Effect.gen(function* () {
      const { folder, isOffline } = yield* DataCache
      assert.deepStrictEqual([folder, isOffline], ["/here", false])
    }).pipe(Effect.provide(DataCache.layer({ folder: "/here" })))
  )
})
