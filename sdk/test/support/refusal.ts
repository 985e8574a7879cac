/** What every attack must end in: a refusal with a stable code, and nothing else changed. */
import * as assert from "uvu/assert"
import type { Transcript } from "../../src/conversation/index.ts"
import type { Actor } from "./scene.ts"

/** The state without the chain, which goes on over a refused record. */
function believed(state: Transcript): unknown {
  const { conversation, patient, roles, epochs, currents, senders, accesses, closedAt, directoryFloor } =
    state
  return { conversation, patient, roles, epochs, currents, senders, accesses, closedAt, directoryFloor }
}

/** Gives `record` to `actor` and asserts that only the chain moved. */
export function assertRefused(
  actor: Actor,
  record: Uint8Array,
  code: "ERR_OPEN_FAILED" | "ERR_FORK" = "ERR_OPEN_FAILED",
): void {
  const before = actor.state
  const event = actor.take(record)
  assert.is(event.kind === "refused" ? event.code : `believed: ${event.kind}`, code)
  const { position, fork } = actor.state
  assert.equal(believed(actor.state), believed(before))
  assert.is(position, before.position + 1)
  assert.is(fork === before.fork, code !== "ERR_FORK")
}
