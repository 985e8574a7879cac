/** A first visit to a large clinic, in a real browser, on a real relay. */
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { startRelay } from "@wardline/relay"
import { build } from "esbuild"
import type { Browser, Page } from "playwright-core"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import { toHex } from "../../src/bytes.ts"
import { postDirectory } from "../../src/client/directory-http.ts"
import { readOptions } from "../../src/client/options.ts"
import { cryptoReady } from "../../src/crypto/index.ts"
import { decodeSnapshot } from "../../src/directory/index.ts"
import { memoryKeystore } from "../../src/index.ts"
import { decodeRecord, Reader } from "../../src/protocol/index.ts"
import { type LargeDirectory, makeLargeDirectory } from "./large-directory.ts"
import type { VisitTimes } from "./page.ts"

export interface VisitReport {
  readonly records: number
  readonly mix: LargeDirectory["mix"]
  /** Of the answer that a first visitor fetches, its headers included. */
  readonly shortBytes: number
  /** Of the whole log without wraps. */
  readonly wholeBytes: number
  /** Bytes of a snapshot by type of record. */
  readonly parts: ReadonlyMap<string, number>
  /** Of each round, the first left out. */
  readonly rounds: readonly VisitTimes[]
}

/** What a relay takes at once. */
const POSTED_AT_ONCE = 400

export async function measureFirstVisit(records: number, rounds: number): Promise<VisitReport> {
  await cryptoReady()
  const directory = makeLargeDirectory(records, Date.now())
  const clinicKey = toHex(directory.rootKey)
  const data = mkdtempSync(join(tmpdir(), "wardline-visit-"))
  const relay = await startRelay({ data, clinicKeys: [clinicKey], port: 0, webRoot: data })
  const page = await servePage()
  let browser: Browser | undefined
  try {
    const request = readOptions({ relay: relay.url, clinicKey, keystore: memoryKeystore() })
    for (let from = 0; from < records; from += POSTED_AT_ONCE)
      await postDirectory(request, directory.records.slice(from, from + POSTED_AT_ONCE))
    const path = `${relay.url}/v1/clinics/${toHex(request.clinicId)}/directory`
    const short = new Uint8Array(await (await fetch(`${path}/snapshot`)).arrayBuffer())
    const snapshot = decodeSnapshot(new Reader(short).lp32(short.length))
    browser = await launchBrowser()
    const measured: VisitTimes[] = []
    const sizes: { short: number; whole: number } = { short: 0, whole: 0 }
    for (let round = 0; round <= rounds; round++) {
      const tab = await (await browser.newContext()).newPage()
      const bytes = countBytes(tab)
      await tab.goto(page.url)
      const call = `measure(${JSON.stringify(relay.url)}, ${JSON.stringify(clinicKey)}, ${snapshot.length + 1})`
      const times = await tab.evaluate<VisitTimes>(call)
      if (round > 0) measured.push(times)
      Object.assign(sizes, await bytes())
      await tab.context().close()
    }
    return {
      records,
      mix: directory.mix,
      shortBytes: sizes.short,
      wholeBytes: sizes.whole,
      parts: partsOf(snapshot),
      rounds: measured,
    }
  } finally {
    await browser?.close()
    await page.close()
    await relay.close()
    rmSync(data, { recursive: true, force: true })
  }
}

function partsOf(snapshot: ReturnType<typeof decodeSnapshot>): Map<string, number> {
  const parts = new Map<string, number>()
  for (const { record } of snapshot) {
    const { type } = decodeRecord(record)
    parts.set(type, (parts.get(type) ?? 0) + record.length + 12)
  }
  return parts
}

/** What the page's requests to the directory cost on the wire, headers and body. */
function countBytes(tab: Page): () => Promise<{ short: number; whole: number }> {
  const finished: Promise<{ short: boolean; bytes: number }>[] = []
  tab.on("requestfinished", (request) => {
    const { pathname } = new URL(request.url())
    if (!pathname.includes("/directory")) return
    const short = pathname.endsWith("/snapshot")
    const bytes = request.sizes().then((sizes) => sizes.responseBodySize + sizes.responseHeadersSize)
    finished.push(bytes.then((count) => ({ short, bytes: count })))
  })
  return async () => {
    const all = await Promise.all(finished)
    const largest = (wanted: boolean): number =>
      Math.max(0, ...all.filter(({ short }) => short === wanted).map(({ bytes }) => bytes))
    return { short: largest(true), whole: largest(false) }
  }
}

async function servePage(): Promise<{ url: string; close: () => Promise<void> }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("page.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["source"],
    minify: true,
    external: ["node:*"],
    logLevel: "warning",
  })
  const script = outputFiles[0]?.text ?? ""
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js"
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html")
    response.end(isScript ? script : `<!doctype html><script type="module" src="/page.js"></script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
