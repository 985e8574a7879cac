// Runs the bench of the cryptography at its smallest and checks that it reports what it should. No timing is judged:
// machines differ. The libraries to compare with aren't installed with the project: here they are missing.
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { CryptoBenchResult } from "../../bench/crypto/report.ts"
import { TASKS, task } from "../../bench/crypto/subject.ts"

const test = suite("bench of the cryptography")
const program = fileURLToPath(new URL("../../bench/crypto/main.ts", import.meta.url))
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["--conditions=source", "--import", "tsx", program, ...args])

test("a task counts its operations, and gives each an input of its own", async () => {
  const seen: number[] = []
  let next = 0
  const counted = task(
    (count) => Array.from({ length: count }, () => next++),
    (input) => seen.push(input),
  )
  const { operations, bytes, microseconds } = await counted(5)
  assert.equal(
    seen,
    Array.from({ length: operations }, (_, i) => i),
  )
  assert.is(bytes, operations)
  assert.ok(microseconds > 0)
})

test("one run measures every task, judges it, and names the libraries that are missing", async () => {
  const dir = mkdtempSync(join(tmpdir(), "wardline-bench-crypto-"))
  try {
    const json = join(dir, "result.json")
    const { stdout } = await run("--rounds", "1", "--ms", "2", "--peers", dir, "--json", json)
    const result = JSON.parse(readFileSync(json, "utf8")) as CryptoBenchResult
    const byName = new Map(result.subjects.map(({ name, timings }) => [name, timings]))
    assert.equal([...byName.keys()], ["wardline", "floor"])
    for (const name of TASKS) assert.ok((byName.get("wardline")?.[name]?.[0]?.microseconds ?? 0) > 0, name)
    for (const name of ["seal", "open"] as const)
      assert.ok((byName.get("floor")?.[name]?.[0]?.operations ?? 0) > 0, name)
    const overhead = result.verdicts.find(({ what }) => what === "bytes around a padded message")
    assert.ok(overhead?.met, JSON.stringify(overhead))
    assert.is(result.verdicts.length, 6)
    for (const { what } of result.verdicts) assert.ok(stdout.includes(what), what)
    assert.is(result.skipped.length, 4)
    for (const name of ["@signalapp/libsignal-client", "@matrix-org/matrix-sdk-crypto-wasm", "ts-mls"])
      assert.ok(stdout.includes(name), name)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test("an unknown subject or number is refused with the names that there are", async () => {
  for (const args of [
    ["--only", "olm"],
    ["--rounds", "0"],
    ["--ms", "soon"],
  ]) {
    const failure = await run(...args).then(
      () => undefined,
      (error: { stderr: string }) => error.stderr,
    )
    assert.match(failure ?? "", /no subject named olm; there are wardline, floor|is not a positive number/)
  }
})

test.run()
