/** 200 writers at once and kill -9, again and again on one data folder: the audit log stays one chain without a fork or a
 * gap, its stored tree is the one that is computed from its entries, and it continues every checkpoint that anybody
 * was given. WARDLINE_LOG_CRASH_ROUNDS sets the number of rounds. */
import { type ChildProcess, spawn } from "node:child_process"
import { randomInt } from "node:crypto"
import { rmSync } from "node:fs"
import { createInterface } from "node:readline"
import { sha256, verify } from "@wardline/sdk/crypto"
import { equalBytes, toHex } from "@wardline/sdk/protocol"
import {
  auditOrigin,
  decodeEntry,
  EMPTY_AUDIT,
  nextHead,
  type OpenedCheckpoint,
  openCheckpoint,
  RightEdge,
  rootOf,
  tileWidth,
} from "@wardline/sdk/tlog"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { AuditTree } from "../../src/audit/tree.ts"
import { openLogKey } from "../../src/log-key.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import { bundleChild } from "../support/bundle-child.ts"
import { TestChat } from "../support/chat.ts"
import { logIn, type TestClient } from "../support/client.ts"
import { newDevice, TestClinic } from "../support/clinic.ts"
import { newFolder, removeFolder, start } from "../support/relay.ts"

const ROUNDS = Number(process.env.WARDLINE_LOG_CRASH_ROUNDS ?? 8)
const WRITERS = 200
/** Records that each writer has on the way at once. */
const IN_FLIGHT = 4
/** A life's: some seconds, so that checkpoints are made in the midst of it. */
const MAX_ACKS = 20_000

const test = suite("log crash")
const clinic = new TestClinic()

/** A patient who writes as fast as the relay acks. */
class Writer {
  readonly #device = newDevice()
  readonly #chat = new TestChat(clinic, this.#device)
  /** By sequence: what an ack said is in the log. */
  readonly acked = new Map<number, string>()
  /** The same each time: what was stored and not acked is acked by its hash. */
  readonly #beginning = this.#chat.beginning()
  #hasBegun = false

  async write(url: string, onAck: () => void): Promise<void> {
    let client: TestClient | undefined
    try {
      client = await logIn(url, clinic, this.#device)
      const alive = client
      if (!this.#hasBegun) await alive.publishAll(this.#beginning)
      this.#hasBegun = true
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#lane(alive, onAck)))
    } catch (error) {
      if (!/^closed|ECONN|socket hang up/.test((error as Error).message)) throw error
    } finally {
      client?.socket.terminate()
    }
  }

  async #lane(client: TestClient, onAck: () => void): Promise<void> {
    for (;;) {
      const answer = await client.publish(this.#chat.message(this.#device))
      if (answer.kind === "error") throw new Error(`${answer.code}: ${answer.message}`)
      this.acked.set(answer.auditSequence, toHex(answer.link))
      onAck()
    }
  }
}

/** Fetches checkpoints, as witnesses and clients do, until the relay is gone. */
async function watch(url: string, seen: Map<number, OpenedCheckpoint>, logKey: Uint8Array): Promise<void> {
  const address = `${url}/v1/clinics/${clinic.name}/audit/checkpoint`
  try {
    for (;;) {
      const response = await fetch(address)
      if (response.status === 200) {
        const opened = openCheckpoint(await response.text(), {
          origin: auditOrigin(clinic.id),
          logKey,
          witnesses: [],
          hash: sha256,
          verify,
        })
        const before = seen.get(opened.size)
        assert.ok(before === undefined || equalBytes(before.root, opened.root), "two roots for one size")
        seen.set(opened.size, opened)
      }
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  } catch (error) {
    if (error instanceof TypeError) return
    throw error
  }
}

async function live(
  child: ChildProcess,
  writers: readonly Writer[],
  seen: Map<number, OpenedCheckpoint>,
  logKey: Uint8Array,
): Promise<void> {
  assert.ok(child.stdout)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  assert.is((await lines.next()).value, "warm")
  child.stdin?.write("go\n")
  const url = (await lines.next()).value as string
  let acks = 0
  const limit = randomInt(1, MAX_ACKS)
  const onAck = (): void => {
    if (++acks === limit) child.kill("SIGKILL")
  }
  const ended = new Promise((resolve) => child.once("exit", resolve))
  await Promise.all([watch(url, seen, logKey), ...writers.map((writer) => writer.write(url, onAck))])
  child.kill("SIGKILL")
  await ended
}

/** Reads the whole log as the killed process left it. */
async function check(
  folder: string,
  writers: readonly Writer[],
  seen: ReadonlyMap<number, OpenedCheckpoint>,
): Promise<number> {
  const store = new SqliteStore(folder, { isReadOnly: true })
  try {
    const [ref] = store.clinics()
    assert.ok(ref)
    let head = EMPTY_AUDIT
    const edge = new RightEdge(sha256)
    const links = new Map<number, string>()
    const newest = new Map<string, number>()
    for (;;) {
      const bytes = store.readEntry(ref, head.sequence + 1)
      if (bytes === undefined) break
      const entry = decodeEntry(bytes)
      // One chain: each entry names the one before it, and the one before it of its scope.
      head = nextHead(sha256, head, bytes, entry)
      const scope = toHex(entry.scope)
      assert.is(entry.before, newest.get(scope) ?? 0, `entry ${entry.sequence}`)
      newest.set(scope, entry.sequence)
      links.set(entry.sequence, toHex(entry.link))
      edge.append(head.leafHash)
      const checkpoint = seen.get(edge.size)
      if (checkpoint) assert.ok(equalBytes(checkpoint.root, edge.root()), `checkpoint of ${edge.size}`)
    }
    assert.is(store.readAudit(ref, head.sequence).length, 0, "entries after a gap")
    for (const size of seen.keys()) assert.ok(size <= head.sequence, "a published checkpoint of lost entries")
    for (const { acked } of writers)
      for (const [sequence, link] of acked)
        assert.is(links.get(sequence), link, `entry ${sequence} was acked`)
    await checkTree(store, ref, edge)
    return head.sequence
  } finally {
    store.close()
  }
}

async function checkTree(
  store: SqliteStore,
  ref: Parameters<SqliteStore["readTile"]>[0],
  edge: RightEdge,
): Promise<void> {
  const tree = await AuditTree.open(store, ref, edge.size)
  assert.ok(
    equalBytes(await rootOf(sha256, tree.read, edge.size), edge.root()),
    "the tree isn't the entries'",
  )
  for (let level = 0; level < 3; level++)
    for (let index = 0; tileWidth(edge.size, level, index) > 0; index++) {
      const width = tileWidth(edge.size, level, index)
      const stored = store.readTile(ref, level, index)
      // Leaves at the edge are made from their entries.
      if (level > 0 || width === 256) assert.is(stored?.length, width * 32, `tile ${level}/${index}`)
    }
}

test(`${WRITERS} writers and ${ROUNDS} kills leave one chain and its tree`, async () => {
  const folder = newFolder()
  const program = bundleChild("log-crash")
  await (await start(clinic, { data: folder })).close()
  const { publicKey } = openLogKey(folder)
  const writers = Array.from({ length: WRITERS }, () => new Writer())
  const seen = new Map<number, OpenedCheckpoint>()
  let size = 0
  for (let round = 1; round <= ROUNDS; round++) {
    const child = spawn(process.execPath, [program, folder, clinic.key], {
      stdio: ["pipe", "pipe", "inherit"],
    })
    try {
      await live(child, writers, seen, publicKey)
    } finally {
      child.kill("SIGKILL")
    }
    const now = await check(folder, writers, seen)
    assert.ok(now > size, "nothing was written")
    size = now
  }
  // At last it goes on as if nothing had been.
  await (await start(clinic, { data: folder })).close()
  assert.ok((await check(folder, writers, seen)) > size)
  assert.ok(seen.size >= ROUNDS)
  removeFolder(folder)
  rmSync(program)
})

test.run()
