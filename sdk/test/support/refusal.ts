/** What every attack must end in: a refusal with a stable code, and nothing else changed. */
import * as assert from "uvu/assert"
import type { Actor } from "./scene.ts"

/** Gives `record` to `actor` and asserts that only the chain moved. */
export function assertRefused(
  actor: Actor,
  record: Uint8Array,
  code: "ERR_OPEN_FAILED" | "ERR_FORK" = "ERR_OPEN_FAILED",
): void {
  const before = actor.state
  const event = actor.take(record)
  assert.is(event.kind === "refused" ? event.code : `believed: ${event.kind}`, code)
  const { position, links, fork, ...rest } = actor.state
  const { position: positionBefore, links: linksBefore, fork: forkBefore, ...restBefore } = before
  assert.equal(rest, restBefore)
  assert.is(position, positionBefore + 1)
  assert.is(fork === forkBefore, code !== "ERR_FORK")
}
