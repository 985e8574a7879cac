/** A witness that can be called: the SDK's judgement behind one HTTP address. */
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { sha256, verify } from "@wardline/sdk/crypto"
import { addCheckpoint, parseAddCheckpoint, type WitnessedTree, WitnessRefusal } from "@wardline/sdk/tlog"
import { TestWitness } from "./audit-log.ts"

export class WitnessServer {
  readonly witness: TestWitness
  /** The log that it knows. */
  log: { origin: string; key: Uint8Array } | undefined
  known: WitnessedTree | undefined
  /** How often it was called. */
  calls = 0
  /** For attacks: what it answers instead. */
  answer: ((body: string) => { status: number; text: string } | undefined) | undefined
  /** Its submission prefix. */
  url = ""
  readonly #server: Server

  private constructor(name: string) {
    this.witness = new TestWitness(name)
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, text }) => response.writeHead(status).end(text))
    })
  }

  static async start(name: string): Promise<WitnessServer> {
    const server = new WitnessServer(name)
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve))
    server.url = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}/prefix`
    return server
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; text: string }> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString("utf8")
    this.calls++
    const instead = this.answer?.(body)
    if (instead !== undefined) return instead
    if (request.method !== "POST" || request.url !== "/prefix/add-checkpoint")
      return { status: 404, text: "" }
    try {
      const crypto = { hash: sha256, verify }
      const { size, root, body: text } = addCheckpoint(this.known, this.log, parseAddCheckpoint(body), crypto)
      this.known = { size, root }
      return { status: 200, text: this.witness.line(text) }
    } catch (error) {
      if (!(error instanceof WitnessRefusal)) throw error
      return { status: error.status, text: error.size === undefined ? error.message : `${error.size}\n` }
    }
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
