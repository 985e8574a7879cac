/** Every HTTP request: limits first, then the API, then the pages. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { errorFields } from "../log.ts"
import type { RelayCore } from "../relay-core.ts"
import { answerError, answerJson, answerMethod } from "./answer.ts"
import { handleAudit } from "./audit-api.ts"
import { handleBlob } from "./blob-api.ts"
import { handleDirectory } from "./directory-api.ts"
import type { Pages } from "./pages.ts"

export interface RouterOptions {
  readonly pages: Pages
  /** Why the relay isn't ready for records; undefined if it is. */
  notReady(): string | undefined
  isAllowedOrigin(origin: string): boolean
  addressOf(request: IncomingMessage): string
}

/** Answers one request; never rejects. */
export async function route(
  core: RelayCore,
  options: RouterOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await handle(core, options, request, response)
  } catch (error) {
    if (!isWardlineError(error)) core.log.error("a request failed", errorFields(error))
    if (response.headersSent) response.destroy()
    else answerError(response, error, closing(error))
  }
  // What wasn't read of a refused body must not be taken for the next request.
  if (!request.complete) request.resume()
}

async function handle(
  core: RelayCore,
  options: RouterOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = urlOf(request)
  if (url.pathname === "/healthz" || url.pathname === "/readyz") {
    handleHealth(options, request, response, url)
    return
  }
  const address = core.meters.address(options.addressOf(request))
  const nowMs = core.now()
  const isAllowed = request.method === "POST" ? address.takePost(nowMs) : address.takeHttp(nowMs)
  if (!isAllowed) throw new WardlineError("ERR_RATE_LIMITED", "too many requests from this address")
  if (await handleDirectory(core, request, response, url, options.isAllowedOrigin)) return
  if (await handleAudit(core, request, response, url, options.isAllowedOrigin)) return
  if (await handleBlob(core, request, response, url, options)) return
  if (options.pages.handle(request, response, url)) return
  throw new WardlineError("ERR_NOT_FOUND", "nothing is here")
}

function handleHealth(
  options: RouterOptions,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    answerMethod(response, "GET, HEAD")
    return
  }
  const reason = url.pathname === "/readyz" ? options.notReady() : undefined
  if (reason === undefined) answerJson(response, 200, { ok: true })
  else answerJson(response, 503, { ok: false, reason })
}

function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? "/", "http://relay.invalid")
  } catch {
    throw new WardlineError("ERR_MALFORMED", "the path isn't one")
  }
}

/** After a body that was too large nothing more is read from the connection. */
function closing(error: unknown): Record<string, string> {
  return isWardlineError(error, "ERR_TOO_LARGE") ? { Connection: "close" } : {}
}
