import { test } from "uvu"
import * as assert from "uvu/assert"
import { findCycles, findImports, judgeImport } from "../layers.ts"

const judge = (file: string, code: string): (string | null)[] => findImports(file, code).map(judgeImport)

for (const { name, file, code } of [
  {
    name: "the relay importing the whole SDK",
    file: "server/src/relay.ts",
    code: 'import { x } from "@wardline/sdk"',
  },
  {
    name: "the relay importing the SDK's ciphers",
    file: "server/src/a/b.ts",
    code: 'import type {\n  A,\n} from "@wardline/sdk/crypto"',
  },
  {
    name: "the relay importing libsodium",
    file: "server/src/relay.ts",
    code: 'await import("libsodium-wrappers")',
  },
  {
    name: "the relay reaching into the SDK's folder",
    file: "server/src/a.ts",
    code: 'import "../../sdk/src/index.ts"',
  },
  { name: "a library in the wire format", file: "sdk/src/protocol/a.ts", code: 'export * from "valibot"' },
  {
    name: "protocol importing tlog",
    file: "sdk/src/protocol/a.ts",
    code: 'import { a } from "../tlog/a.ts"',
  },
  {
    name: "tlog importing crypto",
    file: "sdk/src/tlog/a.ts",
    code: 'export { a } from "../crypto/a.ts"',
  },
  {
    name: "errors importing protocol",
    file: "sdk/src/errors.ts",
    code: 'import { a } from "./protocol/a.ts"',
  },
  {
    name: "directory importing crypto",
    file: "sdk/src/directory/a.ts",
    code: 'import { a } from "../crypto/a.ts"',
  },
  {
    name: "libsodium outside sodium.ts",
    file: "sdk/src/crypto/a.ts",
    code: 'import s from "libsodium-wrappers"',
  },
  {
    name: "the client importing the CLI",
    file: "sdk/src/client/a.ts",
    code: 'import { a } from "../cli/a.ts"',
  },
  { name: "the web importing the relay", file: "web-component/src/a.ts", code: 'import "@wardline/relay"' },
  { name: "an import without extension", file: "sdk/src/tlog/a.ts", code: 'import { a } from "./b"' },
  { name: "a file in no layer", file: "sdk/src/new-part/a.ts", code: 'import { a } from "./b.ts"' },
  {
    name: "a second import on one line",
    file: "server/src/a.ts",
    code: 'import "ws"; import "libsodium-wrappers"',
  },
])
  test(`refuses ${name}`, () => {
    assert.ok(
      judge(file, code).some((problem) => problem !== null),
      `${file}: ${code}`,
    )
  })

for (const { file, code } of [
  {
    file: "server/src/relay.ts",
    code: 'import { x } from "@wardline/sdk/protocol"\nimport { WebSocket } from "ws"',
  },
  {
    file: "server/src/relay.ts",
    code: '// import x from "libsodium-wrappers"\n/* import "@wardline/sdk" */',
  },
  {
    file: "sdk/src/crypto/sodium.ts",
    code: 'import s from "libsodium-wrappers"\nimport { a } from "./a.ts"',
  },
  { file: "sdk/src/crypto/hash.ts", code: 'import { sha256 } from "@noble/hashes/sha2.js"' },
  {
    file: "sdk/src/tlog/a.ts",
    code: 'import { a } from "../directory/a.ts"\nimport { b } from "../bytes.ts"',
  },
  { file: "sdk/src/cli/main.ts", code: 'import { a } from "../client/a.ts"\nimport { b } from "node:fs"' },
  { file: "web-component/src/chat/a.ts", code: 'import { html } from "lit"\nimport "../frame/b.ts"' },
])
  test(`allows ${code.split("\n").join(", ")} in ${file}`, () => {
    assert.equal(
      judge(file, code).filter((problem) => problem !== null),
      [],
    )
  })

test("finds a cycle, and lets a type-only import close one", () => {
  const uses = (closing: string) => [
    ...findImports("sdk/src/tlog/a.ts", 'import { b } from "./b.ts"'),
    ...findImports("sdk/src/tlog/b.ts", 'export { c } from "./c.ts"'),
    ...findImports("sdk/src/tlog/c.ts", closing),
  ]
  assert.equal(findCycles(uses('import { a } from "./a.ts"')), [
    ["sdk/src/tlog/a.ts", "sdk/src/tlog/b.ts", "sdk/src/tlog/c.ts", "sdk/src/tlog/a.ts"],
  ])
  assert.equal(findCycles(uses('import type { A } from "./a.ts"')), [])
})

test.run()
