import fc from "fast-check"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import {
  CONNECT,
  exitAddress,
  HELLO,
  isConnect,
  isHello,
  pageAddressOf,
  pairingCodeOf,
  parseTheme,
  parseToFrame,
  parseToShell,
  relayOriginOf,
} from "../src/bridge/messages.ts"

const test = suite("bridge")
const KEY = "ab".repeat(32)
const RELAY = "https://chat.clinic.example"
const frame = { name: "the frame" } as unknown as Window
const parent = { name: "the parent" } as unknown as Window
const other = { name: "somebody else" } as unknown as Window

const event = (fields: object): MessageEvent => ({ ports: [], ...fields }) as unknown as MessageEvent

test("a greeting is the frame's own, from the relay's origin", () => {
  const greeting = { data: { type: HELLO }, origin: RELAY, source: frame }
  assert.ok(isHello(event(greeting), frame, RELAY))
  assert.not.ok(isHello(event({ ...greeting, origin: "https://evil.example" }), frame, RELAY))
  assert.not.ok(isHello(event({ ...greeting, origin: "null" }), frame, RELAY))
  assert.not.ok(isHello(event({ ...greeting, source: other }), frame, RELAY))
  assert.not.ok(isHello(event({ ...greeting, source: null }), null, RELAY))
  assert.not.ok(isHello(event({ ...greeting, data: { type: CONNECT } }), frame, RELAY))
})

test("a channel is taken from the direct parent alone", () => {
  const port = {} as MessagePort
  const offer = { data: { type: CONNECT }, origin: "https://clinic.example", source: parent, ports: [port] }
  assert.ok(isConnect(event(offer), parent))
  assert.not.ok(isConnect(event({ ...offer, source: other }), parent))
  assert.not.ok(isConnect(event({ ...offer, origin: "null" }), parent))
  assert.not.ok(isConnect(event({ ...offer, origin: "file://" }), parent))
  assert.not.ok(isConnect(event({ ...offer, ports: [] }), parent))
  assert.not.ok(isConnect(event({ ...offer, ports: [port, port] }), parent))
  assert.not.ok(isConnect(event({ ...offer, data: { type: HELLO } }), parent))
})

test("a configuration has a whole key and a language, and a theme that is only colours", () => {
  const config = {
    type: "configure",
    clinicKey: KEY,
    language: "es-MX",
    theme: { scheme: "dark", accent: "#0a5" },
    page: "https://clinic.example/contact?from=home",
  }
  assert.equal(parseToFrame(config), config)
  for (const [name, change] of Object.entries({
    "short key": { clinicKey: KEY.slice(2) },
    "upper case key": { clinicKey: KEY.toUpperCase() },
    "no language": { language: "" },
    "language with markup": { language: "en><script>" },
  })) {
    assert.is(parseToFrame({ ...config, ...change }), null, name)
  }
})

test("an accent can't load anything or leave its declaration", () => {
  for (const accent of [
    "url(https://evil.example/x)",
    "red;background:url(x)",
    "var(--x)",
    "red}",
    "image-set(x)",
    "#12",
    7,
  ]) {
    assert.equal(parseTheme({ accent }).accent, "", String(accent))
  }
  for (const accent of ["#17624f", "teal", "rgb(10 20 30 / 50%)", "hsl(170, 60%, 30%)"]) {
    assert.equal(parseTheme({ accent }).accent, accent)
  }
})

test("what the frame tells is one of a few messages without content", () => {
  assert.equal(parseToShell({ type: "unread", count: 3, text: "hello" }), { type: "unread", count: 3 })
  for (const bad of [
    { type: "unread", count: -1 },
    { type: "unread", count: 1.5 },
    { type: "unread", count: "3" },
    { type: "state", state: "typing: hello" },
    { type: "error", code: "my message was…" },
    { type: "language", language: "<b>" },
    { type: "navigate", href: "https://evil.example" },
    null,
    "exit",
    [],
  ]) {
    assert.is(parseToShell(bad), null, JSON.stringify(bad))
  }
})

test("no message makes the parsers throw", () => {
  fc.assert(
    fc.property(fc.anything(), (data) => {
      parseToFrame(data)
      parseToShell(data)
    }),
  )
})

test("a relay is https, or this very machine", () => {
  assert.is(relayOriginOf("https://chat.clinic.example/path?x"), RELAY)
  assert.is(relayOriginOf("http://localhost:8443"), "http://localhost:8443")
  for (const bad of [
    null,
    "",
    "http://chat.clinic.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//x",
    "https://u:p@x.example",
  ]) {
    assert.is(relayOriginOf(bad), null, String(bad))
  }
})

test("quick exit goes to a web page or to nothing", () => {
  assert.is(exitAddress("https://weather.example/"), "https://weather.example/")
  for (const bad of [null, "javascript:alert(1)", "data:text/html,x", "blob:x", "/relative"]) {
    assert.is(exitAddress(bad), "about:blank", String(bad))
  }
})

test("a pairing code is taken from a fragment that is nothing else, and passed on only whole", () => {
  const code = "0123456789abcdef".repeat(2)
  assert.is(pairingCodeOf(`#pair=${code}`), code)
  for (const fragment of [
    "",
    "#pair=",
    `#pair=${code}0`,
    `#pair=${code.toUpperCase()}`,
    `#x&pair=${code}`,
    `#pair=${code}\n`,
  ])
    assert.is(pairingCodeOf(fragment), null, fragment)
  assert.equal(parseToFrame({ type: "pair", code }), { type: "pair", code })
  assert.is(parseToFrame({ type: "pair", code: `${code}"` }), null)
  assert.is(parseToFrame({ type: "pair" }), null)
})

test("the page's address is one that another phone can open, without its fragment", () => {
  assert.is(pageAddressOf("https://clinic.example/a?b=c#d"), "https://clinic.example/a?b=c")
  for (const address of [
    "",
    "about:srcdoc",
    "file:///x",
    "javascript:alert(1)",
    7,
    `https://clinic.example/${"x".repeat(400)}`,
  ])
    assert.is(pageAddressOf(address), "", String(address))
})

test.run()
