// Runs the bench at its smallest and checks that it reports every subject. No timing is judged: machines differ.
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { redisVersion } from "../../bench/redis.ts"
import type { BenchResult, SubjectResult } from "../../bench/results.ts"
import { quantile, ratiosOf } from "../../bench/statistics.ts"

const test = suite("bench")
const program = fileURLToPath(new URL("../../bench/main.ts", import.meta.url))

test("a quantile lies between the values around it", () => {
  assert.is(quantile([3, 1, 2], 0.5), 2)
  assert.is(quantile([4, 1, 3, 2], 0.5), 2.5)
  assert.is(quantile([7], 0.99), 7)
})

test("ratios are taken round by round", () => {
  assert.equal(ratiosOf([10, 30, 20], [20, 30, 10]), { median: 1, min: 0.5, max: 2 })
})

test("one run reports every subject, and its own ratios", async () => {
  const dir = mkdtempSync(join(tmpdir(), "wardline-bench-test-"))
  try {
    const json = join(dir, "result.json")
    const args = ["--conditions=source", "--import", "tsx", program]
    // A tenth of a second can pass on a busy machine without a single ack.
    const smallest = ["--rounds", "1", "--seconds", "0.5", "--idle", "20", "--dir", dir, "--json", json]
    const { stdout } = await promisify(execFile)(process.execPath, [...args, ...smallest])
    const result = JSON.parse(readFileSync(json, "utf8")) as BenchResult
    const byName = new Map(result.subjects.map((subject) => [subject.name, subject]))
    const measured = (name: string, of: (subject: SubjectResult) => number | undefined): void => {
      const subject = byName.get(name)
      assert.ok(subject, name)
      assert.ok((of(subject) ?? 0) > 0, `${name}: ${JSON.stringify(subject)}`)
      assert.ok(stdout.includes(subject.title), subject.title)
    }
    const redis = redisVersion() === undefined ? [] : ["redis"]
    const references = ["frames-once", "plain", "one-each", "socket-io", "socket-io-base64", "echo", ...redis]
    for (const name of ["wardline", ...references, "sqlite-64", "sqlite-256"])
      measured(name, ({ perSecond }) => perSecond[0])
    for (const name of ["wardline", "frames-once", "socket-io", "echo", ...redis, "sqlite-paced"]) {
      measured(name, ({ p50Ms }) => p50Ms[0])
      measured(name, ({ p99Ms }) => p99Ms[0])
    }
    const compared = result.comparisons.map(({ what, name }) => `${what} ÷ ${name}`)
    for (const pair of [
      "throughput ÷ frames-once",
      "throughput ÷ socket-io",
      "ack p50 at 500/s ÷ sqlite-paced",
    ])
      assert.ok(compared.includes(pair), pair)
    assert.is(result.skipped.length, 1 - redis.length)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test.run()
