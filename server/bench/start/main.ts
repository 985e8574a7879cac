// `npm run bench:start`: how long a relay takes to start on a long audit log (docs/performance.md). Makes the log in a
// temporary folder, by the relay's own code, and starts a relay on it again and again, each in a new process.
//
//     npm run bench:start -- [entries, 10,000,000 unless given] [starts, 7]
import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { cryptoReady, signingKeyPair } from "@wardline/sdk/crypto"
import { clinicIdOf, toHex } from "@wardline/sdk/protocol"
import { build } from "esbuild"
import { openLog } from "../../src/clinic.ts"
import { prepareFolder } from "../../src/folder.ts"
import { keyOf, sha256 } from "../../src/hashing.ts"
import { MAX_BATCH_REQUESTS } from "../../src/limits.ts"
import { eventWith } from "../../src/requests/note.ts"
import { SqliteStore } from "../../src/store/sqlite.ts"
import { describeMachine } from "../machine.ts"
import { spreadOf } from "../statistics.ts"

const PROGRAM = fileURLToPath(
  new URL("../../../node_modules/.cache/wardline-bench/start-once.mjs", import.meta.url),
)

/** Writes a log of `count` entries, by transactions as large as the relay makes them. */
async function writeLog(folder: string, rootKey: Uint8Array, count: number): Promise<void> {
  prepareFolder(folder)
  const store = new SqliteStore(folder)
  const clinic = store.openClinic(clinicIdOf(sha256, rootKey), rootKey)
  const { chain, tree } = await openLog(store, clinic)
  const scope = { key: keyOf(clinic.id), ref: clinic, entry: 0, storedEntry: 0 }
  const nothing = { newConversations: [], records: [], changes: [], shreds: [], drops: [], glass: [] }
  while (chain.sequence < count) {
    const more = Math.min(MAX_BATCH_REQUESTS, count - chain.sequence)
    for (let i = 0; i < more; i++) chain.note(eventWith({ action: "login" }, Date.now()), scope)
    const { pending } = chain
    if (pending === undefined) throw new Error("nothing to store")
    const { first, entries, leafHashes } = pending
    store.commit({
      ...nothing,
      noted: [{ scope: clinic, entry: scope.entry }],
      audit: [{ clinic, first, entries, tiles: tree.stage(leafHashes) }],
    })
    chain.committed()
    tree.committed()
    if (process.stderr.isTTY) process.stderr.write(`\r${chain.sequence.toLocaleString("en-US")} entries`)
  }
  store.close()
}

function startOnce(folder: string, clinicKey: string): { relayMs: number; processMs: number } {
  const startedMs = performance.now()
  const { stdout, stderr, status } = spawnSync(process.execPath, [PROGRAM, folder, clinicKey], {
    encoding: "utf8",
  })
  if (status !== 0) throw new Error(stderr)
  const { relayMs, readyMs } = JSON.parse(stdout) as { relayMs: number; readyMs: number }
  return { relayMs, processMs: readyMs - (performance.timeOrigin + startedMs) }
}

const count = Number(process.argv[2] ?? 10_000_000)
const starts = Number(process.argv[3] ?? 7)
await cryptoReady()
const { publicKey } = signingKeyPair(randomBytes(32))
const folder = mkdtempSync(join(tmpdir(), "wardline-bench-start-"))
process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))

await build({
  entryPoints: [fileURLToPath(new URL("start-once.ts", import.meta.url))],
  outfile: PROGRAM,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  conditions: ["source"],
  external: ["better-sqlite3", "ws", "pino"],
  logLevel: "warning",
})
const writingMs = performance.now()
await writeLog(folder, publicKey, count)
const wroteSeconds = (performance.now() - writingMs) / 1000
const times = Array.from({ length: starts }, () => startOnce(folder, toHex(publicKey)))
const show = (values: number[]): string => {
  const { median, min, max } = spreadOf(values)
  return `${median.toFixed(0)} ms (${min.toFixed(0)} … ${max.toFixed(0)})`
}
const megabytes = Math.round(statSync(join(folder, "relay.db")).size / 1_000_000)
const { cores, model, node, load } = describeMachine()
const perSecond = Math.round(count / wroteSeconds)
const lines = [
  `${cores} × ${model}, node ${node}, load ${load.toFixed(1)}`,
  `${number(count)} entries, ${number(megabytes)} MB, written at ${number(perSecond)}/s`,
  `start, until it listens and has signed a checkpoint: ${show(times.map(({ relayMs }) => relayMs))}`,
  `the same from the process's beginning:               ${show(times.map(({ processMs }) => processMs))}`,
]
console.log(lines.join("\n"))

function number(value: number): string {
  return value.toLocaleString("en-US")
}
