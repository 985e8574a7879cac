/** `/v1/blob`: one blob, uploaded in parts or downloaded, by whoever shows a ticket for it (docs/protocol.md,
 * Attachments). The address is the same for all, so that no proxy's log learns an id. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { isWardlineError, WardlineError } from "@wardline/sdk/protocol"
import { receivePart } from "../blobs/receive.ts"
import { sendBlob } from "../blobs/send.ts"
import type { Ticket, TicketKind } from "../blobs/tickets.ts"
import type { RelayCore } from "../relay-core.ts"
import { answer, answerError, answerMethod, type Headers } from "./answer.ts"

const PATH = "/v1/blob"

export interface BlobApiOptions {
  isAllowedOrigin(origin: string): boolean
  /** Why nothing may be stored now; undefined if it may. */
  notReady(): string | undefined
}

/** Answers if the path is the blobs'. */
export async function handleBlob(
  core: RelayCore,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  options: BlobApiOptions,
): Promise<boolean> {
  if (url.pathname !== PATH) return false
  const { origin } = request.headers
  if (origin !== undefined && !options.isAllowedOrigin(origin))
    throw new WardlineError("ERR_FORBIDDEN", "pages of this origin may not use blobs")
  const headers = readableBy(origin)
  try {
    await dispatch(core, request, response, headers, options)
  } catch (error) {
    // A page of another origin is told what is wrong only with the headers that let it read the answer.
    if (!isWardlineError(error) || response.headersSent) throw error
    answerError(response, error, headers)
  }
  return true
}

function readableBy(origin: string | undefined): Headers {
  const common = { "Cache-Control": "no-store", Vary: "Origin" }
  if (origin === undefined) return common
  return {
    ...common,
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers": "Upload-Offset, Upload-Length, Content-Range",
  }
}

async function dispatch(
  core: RelayCore,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Headers,
  options: BlobApiOptions,
): Promise<void> {
  const ticket = (kind: TicketKind): Ticket => core.blobs.tickets.check(tokenOf(request), kind, core.now())
  switch (request.method) {
    case "HEAD":
    case "PATCH":
      await receivePart(core, ticket("upload"), request, response, headers, options)
      break
    case "GET":
      await sendBlob(core, ticket("download"), request, response, headers)
      break
    case "OPTIONS":
      answer(response, 204, {
        ...headers,
        "Access-Control-Allow-Methods": "GET, HEAD, PATCH",
        "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, Upload-Offset",
        "Access-Control-Max-Age": 86_400,
      })
      break
    default:
      answerMethod(response, "GET, HEAD, PATCH, OPTIONS")
  }
}

function tokenOf(request: IncomingMessage): string {
  const token = /^Bearer ([A-Za-z0-9_-]{1,700})$/.exec(request.headers.authorization ?? "")?.[1]
  if (token === undefined) throw new WardlineError("ERR_UNAUTHENTICATED", "a ticket is needed")
  return token
}
