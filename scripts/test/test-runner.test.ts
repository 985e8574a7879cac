import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { repoRoot } from "../root.ts"
import { nodeSourceArgs } from "../run.ts"

const UVU = `import { test } from ${JSON.stringify(import.meta.resolve("uvu"))}\n`
const PASSING = `${UVU}test("a", () => {})\ntest("b", () => {})\ntest.skip("c", () => {})\ntest.run()\n`

function runOn(files: Record<string, string>, ...args: string[]): { lines: string[]; code: number | null } {
  const root = mkdtempSync(join(tmpdir(), "wardline-runner-"))
  try {
    for (const [name, text] of Object.entries({ ...files, "package.json": '{ "type": "module" }' })) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), text)
    }
    const command = [...nodeSourceArgs, "scripts/test.ts", `--root=${root}`, ...args]
    const { stdout, status } = spawnSync(process.execPath, command, { cwd: repoRoot, encoding: "utf8" })
    return { lines: stdout.trimEnd().split("\n"), code: status }
  } finally {
    rmSync(root, { recursive: true })
  }
}

for (const { name, text, last, says } of [
  { name: "passing", text: PASSING, last: "2 passed, 0 failed", says: "2 passed, 1 skipped" },
  {
    name: "failing",
    text: `${UVU}test("a", () => {})\ntest("bad", () => { throw new Error("why it broke") })\ntest.run()\n`,
    last: "1 passed, 1 failed",
    says: "why it broke",
  },
  {
    name: "without run()",
    text: `${UVU}test("a", () => {})\n`,
    last: "0 passed, 1 failed",
    says: "test.run() missing",
  },
  { name: "without a test", text: "export {}\n", last: "0 passed, 1 failed", says: "test.run() missing" },
  { name: "crashing", text: 'throw new Error("at load")\n', last: "0 passed, 1 failed", says: "at load" },
  {
    name: "exiting early",
    text: `${UVU}test("a", () => process.exit(0))\ntest.run()\n`,
    last: "0 passed, 1 failed",
    says: "ended before its tests did",
  },
  {
    name: "with a failing before hook",
    text: `${UVU}test.before(() => { throw new Error("x") })\ntest("a", () => {})\ntest.run()\n`,
    last: "0 passed, 1 failed",
    says: "0 passed, 1 failed",
  },
  {
    name: "that awaits at top level between suites",
    text: `${UVU}test("a", () => {})\ntest.run()\nawait new Promise((go) => setTimeout(go, 50))\ntest("b", () => {})\ntest.run()\n`,
    last: "2 passed, 0 failed",
    says: "2 passed",
  },
])
  test(`the runner judges a file ${name}`, () => {
    const { lines, code } = runOn({ "sdk/test/x.test.ts": text })
    assert.is(lines.at(-1), last)
    assert.ok(lines.join("\n").includes(says), lines.join("\n"))
    assert.is(code, last.endsWith(" 0 failed") ? 0 : 1)
  })

test("the runner ends a file that never finishes", () => {
  const hanging = `${UVU}test("a", () => new Promise((go) => setTimeout(go, 60_000)))\ntest.run()\n`
  const { lines, code } = runOn({ "server/test/hang.test.ts": hanging }, "--timeout-ms=2000")
  assert.is(lines.at(-1), "0 passed, 1 failed")
  assert.ok(lines.join("\n").includes("took longer than 2 s"))
  assert.is(code, 1)
})

test("the runner adds up files, and runs those chosen by part of their path", () => {
  const files = {
    "sdk/test/one.test.ts": PASSING,
    "server/test/slow/two.test.ts": PASSING,
    "sdk/test/no.ts": "x",
  }
  assert.is(runOn(files).lines.at(-1), "4 passed, 0 failed")
  assert.is(runOn(files, "two").lines.at(-1), "2 passed, 0 failed")
  assert.is(runOn(files, "three").code, 1)
})

test.run()
