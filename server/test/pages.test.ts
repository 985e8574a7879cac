/** The pages and scripts: what is served, how it is fenced in, and what never is. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { join } from "node:path"
import { brotliCompressSync, brotliDecompressSync } from "node:zlib"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Relay } from "../src/index.ts"
import { TestClinic } from "./support/clinic.ts"
import { newFolder, removeFolder, start } from "./support/relay.ts"

const test = suite("pages")
const clinic = new TestClinic()
const [folder, webRoot] = [newFolder(), newFolder()]
const PAGE = "https://clinic.example"
let relay: Relay

interface Got {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** Like fetch, but the path and the headers go out as they are. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(relay.url)
    const sent = request({ hostname, port, path, headers, method }, (response) => {
      const chunks: Buffer[] = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    sent.on("error", reject)
    sent.end()
  })
}

test.before(async () => {
  mkdirSync(join(webRoot, "assets", "deep"), { recursive: true })
  writeFileSync(join(webRoot, "chat.html"), "<!doctype html><title>Chat</title>")
  writeFileSync(join(webRoot, "staff.html"), "<!doctype html><title>Staff</title>")
  writeFileSync(join(webRoot, "wardline.js"), "console.log(1)")
  writeFileSync(join(webRoot, "wardline.js.br"), brotliCompressSync("console.log(1)"))
  writeFileSync(join(webRoot, "assets", "app-1A2B3C4D.js"), "1")
  writeFileSync(join(webRoot, "assets", "deep", "app.css"), "a{}")
  writeFileSync(join(webRoot, "secret.txt"), "nobody may see this")
  symlinkSync(join(webRoot, "secret.txt"), join(webRoot, "assets", "link.txt"))
  relay = await start(clinic, { data: folder, webRoot, allowOrigins: [PAGE], limits: { httpBurst: 10_000 } })
})
test.after(async () => {
  await relay.close()
  removeFolder(folder)
  removeFolder(webRoot)
})

function policyOf(got: Got): Map<string, string> {
  const parts = String(got.headers["content-security-policy"]).split("; ")
  return new Map(parts.map((part) => [part.split(" ")[0] ?? "", part.split(" ").slice(1).join(" ")]))
}

test("the chat may be embedded by the allowed pages alone, the inbox by none", async () => {
  const chat = await get("/chat")
  assert.is(chat.status, 200)
  assert.is(chat.headers["content-type"], "text/html; charset=utf-8")
  assert.is(policyOf(chat).get("frame-ancestors"), `'self' ${PAGE}`)
  const staff = await get("/staff")
  assert.match(staff.body.toString(), "Staff")
  assert.is(policyOf(staff).get("frame-ancestors"), "'none'")
})

test("the policy lets in nothing but the relay's own, and nothing inline", async () => {
  for (const path of ["/chat", "/staff"]) {
    const got = await get(path)
    const policy = policyOf(got)
    assert.is(policy.get("default-src"), "'none'")
    assert.is(policy.get("script-src"), "'self' 'wasm-unsafe-eval'")
    assert.is(policy.get("style-src"), "'self'")
    assert.is(policy.get("base-uri"), "'none'")
    assert.is(policy.get("form-action"), "'none'")
    assert.is(policy.get("require-trusted-types-for"), "'script'")
    assert.not.match(
      String(got.headers["content-security-policy"]),
      /unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')|\*/,
    )
    const { port } = new URL(relay.url)
    assert.is(policy.get("connect-src"), `'self' ws://127.0.0.1:${port}`)
    assert.is(got.headers["x-content-type-options"], "nosniff")
    assert.is(got.headers["referrer-policy"], "no-referrer")
    assert.is(got.headers["cross-origin-opener-policy"], "same-origin")
    assert.match(String(got.headers["permissions-policy"]), /geolocation=\(\)/)
  }
})

for (const host of ["evil.example; script-src *", "a b", "x\u0027y", "[::1;", `${"a".repeat(10)}:99999999`])
  test(`a Host header like ${JSON.stringify(host)} doesn't get into the policy`, async () => {
    const policy = policyOf(await get("/chat", { host }))
    assert.is(policy.get("connect-src"), "'self'")
    assert.is(policy.get("script-src"), "'self' 'wasm-unsafe-eval'")
  })

test("scripts may be loaded by other origins", async () => {
  const got = await get("/wardline.js")
  assert.is(got.headers["access-control-allow-origin"], "*")
  assert.is(got.headers["cross-origin-resource-policy"], "cross-origin")
  assert.is(got.headers["content-type"], "text/javascript; charset=utf-8")
})

test("a compressed file is served to who accepts it, with a version of its own", async () => {
  const plain = await get("/wardline.js")
  assert.is(plain.headers["content-encoding"], undefined)
  const packed = await get("/wardline.js", { "accept-encoding": "gzip, br" })
  assert.is(packed.headers["content-encoding"], "br")
  assert.is(brotliDecompressSync(packed.body).toString(), plain.body.toString())
  assert.is.not(packed.headers.etag, plain.headers.etag)
  assert.is(
    (await get("/wardline.js", { "accept-encoding": "br;q=0" })).headers["content-encoding"],
    undefined,
  )
  assert.is((await get("/wardline.js", { "if-none-match": String(plain.headers.etag) })).status, 304)
  const both = { "accept-encoding": "br", "if-none-match": String(packed.headers.etag) }
  assert.is((await get("/wardline.js", both)).status, 304)
  assert.is(packed.headers.vary, "Accept-Encoding")
})

test("hashed names may be kept for ever, others are asked for again", async () => {
  assert.match(String((await get("/assets/app-1A2B3C4D.js")).headers["cache-control"]), /immutable/)
  assert.is((await get("/assets/deep/app.css")).headers["cache-control"], "no-cache")
  assert.is((await get("/chat")).headers["cache-control"], "no-cache")
})

test("HEAD answers as GET does, without a body; other methods are refused", async () => {
  const got = await get("/chat", {}, "HEAD")
  assert.is(got.status, 200)
  assert.is(got.body.length, 0)
  assert.is((await get("/chat", {}, "PUT")).status, 405)
})

for (const path of [
  "/secret.txt",
  "/assets/../secret.txt",
  "/assets/..%2fsecret.txt",
  "/assets/%2e%2e/secret.txt",
  "/assets/....//secret.txt",
  "/assets/deep",
  "/assets/",
  "/assets/app-1A2B3C4D.js%00",
  "/chat.html",
  "/chat/",
  "//chat",
  "/wardline.js.br",
  "/..%5c..%5csecret.txt",
  "/../../../../../../etc/passwd",
  "/relay.db",
  "/%c0%ae%c0%ae/secret.txt",
])
  test(`${path} is nothing`, async () => {
    const got = await get(path)
    assert.not.match(got.body.toString(), /nobody may see this|root:/)
    assert.is(got.status, 404)
  })

test("behind TLS the policy names the public origin, and browsers are told to stay with it", async () => {
  const own = newFolder()
  const other = await start(clinic, { data: own, webRoot, publicOrigin: "https://chat.clinic.example" })
  const response = await fetch(`${other.url}/chat`)
  assert.match(
    response.headers.get("content-security-policy") ?? "",
    "connect-src 'self' wss://chat.clinic.example;",
  )
  assert.match(response.headers.get("strict-transport-security") ?? "", /max-age/)
  await other.close()
  removeFolder(own)
})

test("without pages the relay runs and says 404", async () => {
  const own = newFolder()
  const other = await start(clinic, { data: own, webRoot: join(own, "none") })
  assert.is((await fetch(`${other.url}/chat`)).status, 404)
  await other.close()
  removeFolder(own)
})

test.run()
