/** Signed heads: how far a conversation goes, by the relay's log key, so that a relay that answers pings and withholds
 * records has to sign a lie (docs/protocol.md, Heads). */
import { equalBytes, HEAD_INTERVAL_MS, headNote } from "@wardline/sdk/protocol"
import type { Clinic } from "./clinic.ts"
import type { Conversation } from "./conversation.ts"
import { buildFrame } from "./frames.ts"
import type { Log } from "./log.ts"
import type { LogKey } from "./log-key.ts"
import type { Subscription } from "./subscription.ts"

export class Heads {
  readonly #logKey: LogKey
  /** Of the newest head: time doesn't go back in what is signed, wherever the clock is set. */
  #timeMs = 0

  constructor(logKey: LogKey) {
    this.#logKey = logKey
  }

  /** Says in the process log why heads can't be signed, where they can't. */
  warn(clinics: Iterable<Clinic>, log: Log): void {
    for (const clinic of clinics) {
      if (clinic.directory.position === 0 || this.#isNamedBy(clinic)) continue
      const known =
        clinic.directory.policy?.logKey === undefined ? "no log key" : "another log key than this relay's"
      log.warn(
        `the policy names ${known}: heads aren't signed, and clients can't tell whether records are withheld`,
        {
          clinic: clinic.name,
        },
      )
    }
  }

  #isNamedBy({ directory }: Clinic): boolean {
    const logKey = directory.policy?.logKey
    return logKey !== undefined && equalBytes(logKey, this.#logKey.publicKey)
  }

  /** The head for one that has just come up to it. */
  begin(subscription: Subscription, nowMs: number): void {
    const { conversation } = subscription
    // The others have theirs when it is due.
    if (conversation.subscriptions.length === 1) conversation.headMs = nowMs
    this.#send(conversation, [subscription], nowMs)
  }

  isDue(conversation: Conversation, nowMs: number): boolean {
    return Math.abs(nowMs - conversation.headMs) >= HEAD_INTERVAL_MS
  }

  /** The head for everybody who reads along: signed once. */
  sign(conversation: Conversation, nowMs: number): void {
    conversation.headMs = nowMs
    const live = conversation.subscriptions.filter(({ isLive }) => isLive)
    if (live.length > 0) this.#send(conversation, live, nowMs)
  }

  #send(conversation: Conversation, readers: readonly Subscription[], nowMs: number): void {
    const { clinic, ref, storedPosition: position, storedLink: link } = conversation
    if (!this.#isNamedBy(clinic)) return
    this.#timeMs = Math.max(this.#timeMs, nowMs)
    const time = this.#timeMs
    const head = { conversation: ref.id, position, link, time }
    const signature = this.#logKey.sign(headNote(clinic.id, head))
    for (const { session, requestId } of readers)
      session.send(buildFrame({ kind: "head", id: requestId, ...head, signature }))
  }
}
