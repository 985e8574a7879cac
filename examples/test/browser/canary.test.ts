/** Nothing readable leaves the browser: random markers are typed, then looked for everywhere that isn't a screen.
 * A build that leaks on purpose must be found out by the same search. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { launchBrowser } from "../../../scripts/find-browser.ts"
import { startDemo } from "../../demo/demo.ts"
import { buildLeakySite } from "./leaky-site.ts"
import { type Hit, makeMarker, search, searchFolder } from "./marker.ts"
import { Nurse, Patient, type Person } from "./people.ts"

const test = suite("canary")

/** Lives a whole conversation with markers in it and searches every layer.
 * @param webRoot - the pages to serve, if not the real ones. */
async function searchEverywhere(
  webRoot?: string,
): Promise<{ hits: Hit[]; searched: { files: number; frames: number; urls: number } }> {
  const dataDir = mkdtempSync(join(tmpdir(), "wardline-canary-"))
  const markers = [makeMarker("text"), makeMarker("answer"), makeMarker("name"), makeMarker("reply")]
  const [text, answer, name, reply] = markers as [string, string, string, string]
  const log: string[] = []
  const demo = await startDemo({
    dataDir,
    clinicPort: 0,
    relayPort: 0,
    log: (line) => log.push(line),
    ...(webRoot ? { webRoot } : {}),
  })
  const browser = await launchBrowser()
  try {
    const patient = await Patient.arrive(browser, demo.clinicUrl)
    await patient.openChat()
    await patient.begin({ topic: /refill/i, name, answer })
    await patient.write(text)
    await patient.sees(text)
    const people: Person[] = [patient]
    if (!webRoot) {
      const nurse = await Nurse.arrive(browser, demo.nurseUrl)
      await nurse.openConversation(/refill/i)
      await nurse.sees(text)
      await nurse.sees(answer)
      await nurse.write(reply)
      await patient.sees(reply)
      people.push(nurse)
    } else await patient.page.waitForTimeout(1500)

    const hits: Hit[] = []
    // While the relay runs, the write-ahead log holds what the database doesn't yet.
    const live = searchFolder(dataDir, markers)
    hits.push(...live.hits)
    for (const person of people) {
      hits.push(...search("a URL", person.urls.join("\n"), markers))
      for (const frame of person.frames) hits.push(...search("a frame", frame, markers))
    }
    const hostPage = await patient.page.evaluate(async () => {
      const databases: unknown[] = []
      for (const { name: database } of await indexedDB.databases()) {
        const opened = await new Promise<IDBDatabase>((resolve, reject) => {
          const request = indexedDB.open(database ?? "")
          request.onsuccess = () => resolve(request.result)
          request.onerror = () => reject(request.error)
        })
        for (const store of opened.objectStoreNames) {
          const all = opened.transaction(store).objectStore(store).getAll()
          await new Promise((resolve) => {
            all.onsuccess = resolve
          })
          databases.push(JSON.stringify(all.result))
        }
      }
      const dom = document.documentElement.outerHTML
      return JSON.stringify([
        Object.entries(localStorage),
        Object.entries(sessionStorage),
        document.cookie,
        databases,
        dom,
        location.href,
      ])
    })
    hits.push(...search("the host page", hostPage, markers))
    await demo.stop()
    hits.push(...searchFolder(dataDir, markers).hits)
    hits.push(...search("the logs", log.join("\n"), markers))
    const frames = people.reduce((sum, person) => sum + person.frames.length, 0)
    return { hits, searched: { files: live.files, frames, urls: patient.urls.length } }
  } finally {
    await browser.close()
    await demo.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

test("no marker in database, write-ahead log, logs, frames, URLs or the host page", async () => {
  const { hits, searched } = await searchEverywhere()
  assert.equal(hits, [])
  assert.ok(searched.files > 2 && searched.frames > 20 && searched.urls > 3, JSON.stringify(searched))
})

test("a build that leaks on purpose is found out, in database, frames and URLs", async () => {
  const site = await buildLeakySite()
  try {
    const { hits } = await searchEverywhere(site.folder)
    const places = hits.map(({ where }) => (where.startsWith("/") ? "a file" : where))
    assert.ok(places.includes("a file"), "not found in the relay's files")
    assert.ok(places.includes("a frame"), "not found in the frames")
    assert.ok(places.includes("a URL"), "not found in the URLs")
  } finally {
    await site.remove()
  }
})

test.run()
