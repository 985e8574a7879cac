// `npm run bench:audit`: how fast an audit export is checked, by the SDK and by docs/verify-audit.mjs
// (docs/performance.md). Makes the export first, in a temporary folder.
import { once } from "node:events"
import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { finished } from "node:stream/promises"
import { parseArgs } from "node:util"
import { describeMachine } from "../../../server/bench/machine.ts"
import { markdownTable } from "../../../server/bench/report.ts"
import { spreadOf } from "../../../server/bench/statistics.ts"
import { EXPORT_CRYPTO, readPieces } from "../../src/cli/export-file.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { encodeExportLine, verifyExport } from "../../src/tlog/index.ts"
import { AuditLog } from "../../test/tlog/audit-log.ts"
import { other } from "../../test/tlog/both-verifiers.ts"

const { values } = parseArgs({
  options: {
    entries: { type: "string", default: "1000000" },
    conversations: { type: "string", default: "20000" },
    rounds: { type: "string", default: "5" },
  },
})
const entries = Number(values.entries)

/** Entries a second of wall-clock time, and of one core's time. */
interface Rate {
  readonly wall: number
  readonly core: number
}

async function rateOf(work: () => Promise<boolean>): Promise<Rate> {
  const used = process.cpuUsage()
  const startedMs = performance.now()
  if (!(await work())) throw new Error("the export isn't whole")
  const wallMs = performance.now() - startedMs
  const { user, system } = process.cpuUsage(used)
  return { wall: (entries / wallMs) * 1000, core: (entries / (user + system)) * 1e6 }
}

async function writeExport(path: string): Promise<void> {
  const file = createWriteStream(path)
  const lines = new AuditLog().work(entries, Number(values.conversations)).lines()
  for (let i = 0; i < lines.length; i += 5000) {
    const text = lines.slice(i, i + 5000).map((line) => `${encodeExportLine(line)}\n`)
    if (!file.write(text.join(""))) await once(file, "drain")
  }
  file.end()
  await finished(file)
}

const thousands = (rates: readonly Rate[], of: keyof Rate): string => {
  const { median, min, max } = spreadOf(rates.map((rate) => rate[of] / 1000))
  return `${median.toFixed(0)} (${min.toFixed(0)} … ${max.toFixed(0)})`
}

await cryptoReady()
const folder = mkdtempSync(join(tmpdir(), "wardline-bench-"))
try {
  const path = join(folder, "audit.ndjson")
  await writeExport(path)
  const machine = describeMachine()
  const bytes = statSync(path).size
  console.log(
    `${machine.model}, ${machine.cores} cores, node ${machine.node}, load ${machine.load.toFixed(1)}`,
  )
  console.log(`${entries.toLocaleString("en")} entries, ${(bytes / 1e6).toFixed(0)} MB\n`)
  const pieces = () => readPieces(path, new AbortController().signal)
  const sdk: Rate[] = []
  const alone: Rate[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    sdk.push(await rateOf(async () => (await verifyExport(pieces(), EXPORT_CRYPTO)).ok))
    alone.push(
      await rateOf(async () => {
        const read: Uint8Array[] = []
        for await (const piece of pieces()) read.push(Buffer.from(piece))
        return other.verifyAudit(read).ok
      }),
    )
  }
  const rows = [
    ["", "thousand entries a second", "thousand a second of one core"],
    ["`wardline audit verify`", thousands(sdk, "wall"), thousands(sdk, "core")],
    ["`docs/verify-audit.mjs`", thousands(alone, "wall"), thousands(alone, "core")],
  ]
  console.log(markdownTable(rows))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
