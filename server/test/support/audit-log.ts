/** A relay's audit log from outside: what anybody fetches, what devices ask for, what witnesses sign. */
import { randomBytes } from "node:crypto"
import { type SigningKeyPair, sha256, signingKeyPair, signNote, verify } from "@wardline/sdk/crypto"
import { type Frame, fromHex, type ServedEntry } from "@wardline/sdk/protocol"
import {
  type AuditEntry,
  auditOrigin,
  cosignatureLine,
  cosignatureMessage,
  decodeEntry,
  entryHash,
  fromBase64,
  type OpenedCheckpoint,
  openCheckpoint,
  verifyInclusion,
  type Witness,
} from "@wardline/sdk/tlog"
import type { Relay } from "../../src/index.ts"
import type { TestClient } from "./client.ts"
import type { TestClinic } from "./clinic.ts"

export interface Fetched {
  status: number
  text: string
  headers: Headers
}

/** One clinic's log on one relay. */
export class TestLog {
  readonly relay: Relay
  readonly clinic: TestClinic

  constructor(relay: Relay, clinic: TestClinic) {
    this.relay = relay
    this.clinic = clinic
  }

  url(path: string): string {
    return `${this.relay.url}/v1/clinics/${this.clinic.name}/audit/${path}`
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Fetched> {
    const response = await fetch(this.url(path), init)
    return { status: response.status, text: await response.text(), headers: response.headers }
  }

  async post(text: string, headers: Record<string, string> = {}): Promise<{ status: number; code?: string }> {
    const { status, text: answer } = await this.fetch("cosignatures", { method: "POST", body: text, headers })
    return { status, ...(JSON.parse(answer) as { code?: string }) }
  }

  /** Opens a checkpoint as a client does that has the log's key by the policy. */
  open(text: string, witnesses: readonly Witness[] = []): OpenedCheckpoint {
    return openCheckpoint(text, {
      origin: auditOrigin(fromHex(this.clinic.name)),
      logKey: this.relay.logKey,
      witnesses,
      hash: sha256,
      verify,
    })
  }

  async checkpoint(witnesses: readonly Witness[] = []): Promise<OpenedCheckpoint> {
    const { status, text } = await this.fetch("checkpoint")
    if (status !== 200) throw new Error(`${status} ${text}`)
    return this.open(text, witnesses)
  }

  /** The newest checkpoint once it has at least this size. */
  async grownTo(size: number): Promise<OpenedCheckpoint> {
    for (;;) {
      const checkpoint = await this.checkpoint()
      if (checkpoint.size >= size) return checkpoint
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async hashes(path: string): Promise<Uint8Array[]> {
    const { status, text } = await this.fetch(path)
    if (status !== 200) throw new Error(`${status} ${text}`)
    return text.split("\n").slice(0, -1).map(fromBase64)
  }
}

type FrameOf<K extends Frame["kind"]> = Extract<Frame, { kind: K }>
type Answer = FrameOf<"entries"> | FrameOf<"error">

export interface AuditQuestion {
  from?: number
  order?: "newest" | "oldest"
  limit?: number
  treeSize?: number
}

export function askLog(client: TestClient, scope: Uint8Array, question: AuditQuestion = {}): Promise<Answer> {
  const id = client.nextId()
  client.send({ kind: "audit", id, scope, from: 0, order: "newest", limit: 1000, treeSize: 0, ...question })
  return client.next(
    (frame) => frame.id === id && (frame.kind === "entries" || frame.kind === "error"),
  ) as Promise<Answer>
}

/** The code that a question is refused with. */
export async function refusedLog(
  client: TestClient,
  scope: Uint8Array,
  question?: AuditQuestion,
): Promise<string> {
  const answer = await askLog(client, scope, question)
  return answer.kind === "error" ? answer.code : `${answer.entries.length} entries`
}

export async function readLog(
  client: TestClient,
  scope: Uint8Array,
  question?: AuditQuestion,
): Promise<{ entries: AuditEntry[]; served: readonly ServedEntry[]; more: boolean }> {
  const answer = await askLog(client, scope, question)
  if (answer.kind === "error") throw new Error(`${answer.code}: ${answer.message}`)
  const { entries: served, more } = answer
  return { entries: served.map(({ bytes }) => decodeEntry(bytes)), served, more }
}

export function isProved({ bytes, proof }: ServedEntry, { size, root }: OpenedCheckpoint): boolean {
  const index = decodeEntry(bytes).sequence - 1
  return verifyInclusion(sha256, { index, size, leafHash: entryHash(sha256, bytes), root, proof })
}

/** A witness with a key of its own. */
export class TestWitness implements Witness {
  readonly name: string
  readonly #pair: SigningKeyPair = signingKeyPair(randomBytes(32))

  constructor(name: string) {
    this.name = name
  }

  get key(): Uint8Array {
    return this.#pair.publicKey
  }

  line(body: string, timeSeconds = Math.floor(Date.now() / 1000)): string {
    const signature = signNote(cosignatureMessage(body, timeSeconds), this.#pair.secretKey)
    return cosignatureLine({ name: this.name, key: this.key, hash: sha256, timeSeconds, signature })
  }

  /** A checkpoint's body with this witness's cosignature. */
  cosigned(body: string, timeSeconds?: number): string {
    return `${body}\n${this.line(body, timeSeconds)}`
  }
}
