/** What the relay serves, and what npm installs. */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brotliDecompressSync, gunzipSync } from "node:zlib"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { BUDGETS, type BuildReport, build, describe } from "../build.ts"

const test = suite("build")
const FHIR_NAMES = [
  "http://dicom.nema.org",
  "http://hl7.org",
  "http://terminology.hl7.org",
  "https://profiles.ihe.net",
]
const folder = mkdtempSync(join(tmpdir(), "wardline-build-"))
const site = join(folder, "site")
let report: BuildReport
const read = (path: string): Buffer => readFileSync(join(site, path))
const sha384 = (bytes: Buffer): string => `sha384-${createHash("sha384").update(bytes).digest("base64")}`

test.before(async () => {
  report = await build(site)
})

test.after(() => rmSync(folder, { recursive: true, force: true }))

test("the shell and the first usable screen are within what a phone on a slow network can take", () => {
  assert.ok(report.shell > 1_000 && report.shell <= BUDGETS.shell, describe(report))
  assert.ok(report.frame > 10_000 && report.frame <= BUDGETS.frame, describe(report))
})

test("libsodium is in a file of its own, which nothing imports but on demand", () => {
  const assets = readdirSync(join(site, "assets")).filter((name) => name.endsWith(".js"))
  const sodium = assets.filter((name) => name.startsWith("libsodium"))
  assert.is(sodium.length, 1)
  for (const name of assets.filter((one) => !sodium.includes(one))) {
    const text = read(`assets/${name}`).toString()
    assert.ok(text.length < 120_000, name)
    for (const [match] of text.matchAll(/(from|import\()"[^"]*libsodium[^"]*"/g))
      assert.match(match, /^import\(/, name)
  }
})

test("pages hold no script and no style of their own, and name files that are there", () => {
  for (const page of ["chat.html", "staff.html"]) {
    const html = read(page).toString()
    assert.not.match(html, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:|\{\{/, page)
    const addresses = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, address]) => address ?? "")
    assert.ok(addresses.length > 4)
    for (const address of addresses) assert.ok(existsSync(join(site, address)), address)
    const [, script = "", integrity] =
      /<script type="module" src="([^"]+)" integrity="([^"]+)"/.exec(html) ?? []
    assert.is(integrity, sha384(read(script)))
  }
})

test("the shell's hash is told, and every file lies beside its compressed forms", () => {
  assert.equal(JSON.parse(read("integrity.json").toString()), { "wardline.js": sha384(read("wardline.js")) })
  for (const name of [
    "wardline.js",
    "chat.html",
    ...readdirSync(join(site, "assets")).map((one) => `assets/${one}`),
  ]) {
    if (/\.(br|gz)$/.test(name)) continue
    assert.equal(brotliDecompressSync(read(`${name}.br`)), read(name), name)
    assert.equal(gunzipSync(read(`${name}.gz`)), read(name), name)
  }
})

test("nothing that is served calls another origin or evaluates text", () => {
  for (const name of readdirSync(site, { recursive: true, encoding: "utf8" })) {
    if (!/\.(js|html|css)$/.test(name) || name.includes("libsodium")) continue
    const text = read(name).toString()
    const addresses = [...text.matchAll(/https?:\/\/[\w.-]+/g)].map(([address]) => address)
    // The name spaces of XML and an example in a message; neither is ever fetched.
    const known = ["http://www.w3.org", "https://chat.clinic.example"]
    // Nor are FHIR's names for its code systems, in the exports of the officer's page.
    if (name.startsWith("assets/audit-")) known.push(...FHIR_NAMES)
    assert.equal(
      addresses.filter((address) => !known.includes(address)),
      [],
      name,
    )
    assert.not.match(text, /\beval\(|new Function\(/, name)
  }
})

test("the same sources give the same files", async () => {
  const again = join(folder, "again/site")
  await build(again)
  const names = (root: string): string[] => readdirSync(root, { recursive: true, encoding: "utf8" }).sort()
  assert.equal(names(again), names(site))
  assert.equal(readFileSync(join(again, "chat.html")), read("chat.html"))
  assert.equal(readFileSync(join(again, "wardline.js")), read("wardline.js"))
})

test("importing the package on a server does nothing and needs no browser", () => {
  const source = `
    const all = await import("@wardline/web-component")
    await import("@wardline/web-component/chat-define")
    await import("@wardline/web-component/inbox-define")
    console.log(Object.keys(all).sort().join(" "))`
  const args = ["--conditions=source", "--import", "tsx", "--input-type=module", "--eval", source]
  const printed = execFileSync(process.execPath, args, {
    encoding: "utf8",
    cwd: new URL("..", import.meta.url),
  })
  for (const name of ["WardlineChatElement", "WardlineInboxElement", "WardlineUnreadEvent"]) {
    assert.ok(printed.includes(name), name)
  }
})

test.run()
