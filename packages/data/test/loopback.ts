/** A server of this machine, for tests. */
import * as Effect from "effect/Effect"
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** Answers a request; `count` is its number, from 0. */
export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

/** A server with `handler`, for as long as the scope is open: its address, and the requests that it has seen. */
export const serve = (handler: Handler) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly requests: ReadonlyArray<IncomingMessage>; close: () => void }>(
      (resume) => {
        const requests: Array<IncomingMessage> = []
        const server = createServer((request, response) => handler(request, response, requests.push(request) - 1))
        server.listen(0, "127.0.0.1", () => {
          // A server on a port has an address.
          const { port } = server.address() as AddressInfo
          const close = (): void => {
            server.closeAllConnections()
            server.close()
          }
          resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, requests, close }))
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

/** Answers with `bytes`, or with the range of them that is asked for. */
export const file =
  (bytes: Uint8Array): Handler =>
  (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0)
    if (start >= bytes.length && start > 0) return void response.writeHead(416).end()
    const headers = start === 0 ? {} : { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(start === 0 ? 200 : 206, { ...headers, "content-length": bytes.length - start })
    response.end(bytes.subarray(start))
  }

/** Answers like `file`, but states no length, and ends after `count` bytes of each answer. */
export const short =
  (bytes: Uint8Array, count: number): Handler =>
  (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0)
    const headers = start === 0 ? {} : { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(start === 0 ? 200 : 206, headers)
    response.end(bytes.subarray(start, start + count))
  }

/** Promises all of `bytes`, and breaks the connection off. */
export const broken =
  (bytes: Uint8Array, count: number): Handler =>
  (_, response) => {
    response.writeHead(200, { "content-length": bytes.length })
    response.write(bytes.subarray(0, count), () => void setImmediate(() => response.destroy()))
  }
