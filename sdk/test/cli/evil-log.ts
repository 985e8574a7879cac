/** An audit log whose key the attacker has: it signs any history, and serves the one that the attacker shows now. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { concat, Writer } from "../../src/bytes.ts"
import { encodePolicy } from "../../src/protocol/index.ts"
import {
  auditOrigin,
  checkpointLine,
  consistencyProof,
  formatCheckpoint,
  formatNote,
  parseTilePath,
  perfectRoot,
  type ReadTile,
  rootOf,
  TILE_WIDTH,
  toBase64,
} from "../../src/tlog/index.ts"
import { TestClinic, testPolicy } from "../support/clinic.ts"

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest()

/** One history: its leaves. */
export class History {
  readonly leaves: Uint8Array[]

  constructor(leaves: readonly Uint8Array[] = []) {
    this.leaves = [...leaves]
  }

  /** Another one that begins with the first `size` leaves. */
  fork(size: number): History {
    return new History(this.leaves.slice(0, size))
  }

  grow(to: number, what = "honest"): this {
    while (this.leaves.length < to) this.leaves.push(sha256(Buffer.from(`${what} ${this.leaves.length}`)))
    return this
  }

  readonly read: ReadTile = (level, index, width) => {
    const span = TILE_WIDTH ** level
    const start = index * TILE_WIDTH * span
    const hashes = Array.from({ length: width }, (_, i) =>
      perfectRoot(sha256, concat(...this.leaves.slice(start + i * span, start + (i + 1) * span))),
    )
    return concat(...hashes)
  }

  root(size = this.leaves.length): Promise<Uint8Array> {
    return rootOf(sha256, this.read, size)
  }

  proof(from: number, to = this.leaves.length): Promise<Uint8Array[]> {
    return consistencyProof(sha256, this.read, from, to)
  }
}

export class EvilLog {
  readonly clinic: TestClinic = new TestClinic()
  readonly origin: string = auditOrigin(this.clinic.id)
  readonly key: Uint8Array
  readonly #privateKey: KeyObject
  #server: Server | undefined
  /** What it shows, and how much of it. */
  shown: { history: History; size: number } = { history: new History(), size: 0 }
  /** How many tiles it was asked for. */
  tiles = 0
  /** Cosignatures that came. */
  readonly posted: string[] = []
  /** What it answers instead: by the end of the path. */
  readonly lies = new Map<string, (response: ServerResponse) => void>()

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519")
    this.#privateKey = privateKey
    this.key = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32))
    this.clinic.sign("policy", encodePolicy({ ...testPolicy(), logKey: this.key }))
    this.clinic.attest()
  }

  /** A checkpoint of any history, signed. */
  async note(history: History, size: number = history.leaves.length): Promise<string> {
    const body = formatCheckpoint({ origin: this.origin, size, root: await history.root(size) })
    const signature = sign(null, Buffer.from(body), this.#privateKey)
    return formatNote(body, [checkpointLine({ origin: this.origin, key: this.key, hash: sha256, signature })])
  }

  show(history: History, size: number = history.leaves.length): void {
    this.shown = { history, size }
  }

  get url(): string {
    const { port } = (this.#server as Server).address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      void this.#answer(request.url ?? "", request.method ?? "", request, response).catch(() => {
        response
          .writeHead(400)
          .end(JSON.stringify({ code: "ERR_MALFORMED", message: "no", retryable: false }))
      })
    })
    await new Promise<void>((resolve) => this.#server?.listen(0, "127.0.0.1", resolve))
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  async #answer(
    path: string,
    method: string,
    request: AsyncIterable<Buffer>,
    response: ServerResponse,
  ): Promise<void> {
    const url = new URL(path, "http://localhost")
    const what = url.pathname.split("/").slice(4).join("/")
    const lie = this.lies.get(what)
    if (lie !== undefined) return lie(response)
    const { history, size } = this.shown
    if (what === "directory") {
      const from = Number(url.searchParams.get("from"))
      const records = this.clinic.records.slice(from)
      response.end(
        new Writer()
          .u64(from)
          .list(records, (w, record) => w.lp32(record))
          .done(),
      )
    } else if (what === "audit/checkpoint") response.end(await this.note(history, size))
    else if (what === "audit/consistency") {
      const [from, to] = [Number(url.searchParams.get("from")), Number(url.searchParams.get("to"))]
      response.end((await history.proof(from, to)).map((hash) => `${toBase64(hash)}\n`).join(""))
    } else if (what.startsWith("audit/tile/")) {
      this.tiles++
      const { level, index, width } = parseTilePath(what.slice("audit/tile/".length))
      response.end(await history.read(level, index, width))
    } else if (what === "audit/cosignatures" && method === "POST") {
      let text = ""
      for await (const part of request) text += part.toString("utf8")
      this.posted.push(text)
      response.end("{}")
    } else throw new Error("nothing is here")
  }
}
