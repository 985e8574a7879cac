/** What a device does with blobs: tickets over its session, bytes over HTTP. */
import { request } from "node:http"
import type { ErrorCode } from "@wardline/sdk/protocol"
import type { TestClient } from "./client.ts"

export interface BlobAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
  /** Of a refusal. */
  readonly code: ErrorCode | undefined
}

/** Asks for a ticket; resolves to it in base64url, or to the code of the refusal. */
export async function askTicket(
  client: TestClient,
  conversation: Uint8Array,
  blob: Uint8Array,
  size?: number,
): Promise<string> {
  const id = client.nextId()
  const answered = client.next((frame) => frame.id === id)
  client.send(
    size === undefined
      ? { kind: "download", id, conversation, blob }
      : { kind: "upload", id, conversation, blob, size },
  )
  const answer = await answered
  if (answer.kind === "error") return answer.code
  if (answer.kind !== "ticket") throw new Error(`answered with ${answer.kind}`)
  return Buffer.from(answer.token).toString("base64url")
}

export async function blobRequest(
  url: string,
  method: string,
  token: string | undefined,
  headers: Record<string, string> = {},
  body?: Uint8Array,
): Promise<BlobAnswer> {
  const response = await fetch(`${url}/v1/blob`, {
    method,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { body: Buffer.from(body) }),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  const isJson = bytes.length > 0 && response.headers.get("content-type")?.startsWith("application/json")
  const code = isJson ? (JSON.parse(bytes.toString()) as { code: ErrorCode }).code : undefined
  return { status: response.status, headers: response.headers, body: bytes, code }
}

export function patch(url: string, token: string, offset: number, bytes: Uint8Array): Promise<BlobAnswer> {
  return blobRequest(url, "PATCH", token, { "upload-offset": String(offset) }, bytes)
}

/** Sends a part whose length isn't said before; resolves to the answer's status. */
export async function patchUnmeasured(
  url: string,
  token: string,
  offset: number,
  parts: readonly Uint8Array[],
): Promise<number> {
  const body = new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(part)
      controller.close()
    },
  })
  const headers = { authorization: `Bearer ${token}`, "upload-offset": String(offset) }
  const init = { method: "PATCH", headers, body, duplex: "half" } as RequestInit
  return (await fetch(`${url}/v1/blob`, init)).status
}

/** How far an upload is, by HEAD. */
export async function offsetOf(url: string, token: string): Promise<number> {
  const { status, headers } = await blobRequest(url, "HEAD", token)
  return status === 200 ? Number(headers.get("upload-offset")) : -status
}

/** Begins a PATCH, sends `bytes` of `length` and leaves the connection open. */
export function hangingPatch(
  url: string,
  token: string,
  offset: number,
  length: number,
  bytes: Uint8Array,
): {
  sent: Promise<void>
  ended: Promise<void>
  /** The answer's status; 0 if the connection ended without one. */
  status: Promise<number>
  more(bytes: Uint8Array): void
  destroy(): void
} {
  const outgoing = request(`${url}/v1/blob`, {
    method: "PATCH",
    headers: {
      authorization: `Bearer ${token}`,
      "upload-offset": String(offset),
      "content-length": String(length),
    },
  })
  const ended = new Promise<void>((resolve) => {
    outgoing.on("error", () => resolve())
    outgoing.on("close", () => resolve())
  })
  const status = new Promise<number>((resolve) => {
    outgoing.on("response", (response) => resolve(response.statusCode ?? 0))
    outgoing.on("close", () => resolve(0))
  })
  const sent = new Promise<void>((resolve) => outgoing.write(bytes, () => resolve()))
  const more = (further: Uint8Array): void => void outgoing.write(further)
  return { sent, ended, status, more, destroy: () => outgoing.destroy() }
}

/** Uploads a whole blob in one part. */
export async function upload(
  url: string,
  client: TestClient,
  conversation: Uint8Array,
  blob: Uint8Array,
  bytes: Uint8Array,
): Promise<BlobAnswer> {
  return patch(url, await askTicket(client, conversation, blob, bytes.length), 0, bytes)
}

/** Waits until `holds`, looking often. */
export async function eventually(holds: () => boolean | Promise<boolean>, limitMs = 5000): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms in vain for: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
