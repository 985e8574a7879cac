/** Publish is idempotent by H(record): a retry is found and gets the first ack, also after a restart.
 *
 * An index over record hashes would touch a random page for each message and cost more than the record itself. But a
 * message's sender counts: above the greatest sequence stored for its device it can't be a retry. Otherwise it is
 * looked for among the records after the position that it says its sender had seen: where it must be, if anywhere. */
import { WardlineError } from "@wardline/sdk/protocol"
import type { Conversation } from "./conversation.ts"
import type { Acknowledged } from "./frames.ts"
import { isMessage, issuerKey, messageSeenPosition, messageSequence } from "./gates/shape.ts"
import { MAX_RETRY_SEARCH, PAGE_BYTES, PAGE_RECORDS, RECENT_HASHES } from "./limits.ts"
import type { Awaitable, Store, StoredRecord } from "./store/store.ts"

/** What the store said; undefined where it needn't be asked. */
export type RetrySearch = { kind: "found"; record: StoredRecord } | { kind: "too-far" }

/** Looks for an earlier copy among the stored records.
 * @param record - has a header at least.
 * @param hash - of the record, as text. */
export function searchRetried(
  store: Store,
  conversation: Conversation,
  record: Buffer,
  hash: string,
): Awaitable<RetrySearch | undefined> {
  const control = conversation.controls.get(hash)
  if (control !== undefined) return readAt(store, conversation, control.position)
  if (!mayBeRetry(conversation, record)) return undefined
  const seen = messageSeenPosition(record)
  const head = conversation.storedPosition
  if (seen >= head) return undefined
  const remembered = Math.max(conversation.recentFrom, head - RECENT_HASHES)
  if (seen >= remembered) {
    for (let position = head; position > seen; position--) {
      if (conversation.recent[position % RECENT_HASHES] === hash) return readAt(store, conversation, position)
    }
    return undefined
  }
  if (head - seen > MAX_RETRY_SEARCH) return { kind: "too-far" }
  return searchPages(store, conversation, record, seen)
}

/** Whether the record is a message whose device has stored as many before. */
function mayBeRetry(conversation: Conversation, record: Buffer): boolean {
  // Shorter ones are refused for their shape.
  if (!isMessage(record) || record.length < 200) return false
  return messageSequence(record) <= (conversation.senders.get(issuerKey(record)) ?? 0)
}

function readAt(
  store: Store,
  conversation: Conversation,
  position: number,
): Awaitable<RetrySearch | undefined> {
  const reading = store.read(conversation.ref, position - 1, 1, PAGE_BYTES)
  if (reading instanceof Promise) return reading.then(foundIn)
  return foundIn(reading)
}

function foundIn(records: readonly StoredRecord[]): RetrySearch | undefined {
  const record = records[0]
  return record && { kind: "found", record }
}

function searchPages(
  store: Store,
  conversation: Conversation,
  record: Buffer,
  after: number,
): Awaitable<RetrySearch | undefined> {
  let position = after
  for (;;) {
    const reading = store.read(conversation.ref, position, PAGE_RECORDS, PAGE_BYTES)
    if (reading instanceof Promise) {
      return reading.then((page) => {
        const end = page.at(-1)
        return searchPage(page, record) ?? (end && searchPages(store, conversation, record, end.position))
      })
    }
    const found = searchPage(reading, record)
    const end = reading.at(-1)
    if (found !== undefined || end === undefined) return found
    position = end.position
  }
}

function searchPage(page: readonly StoredRecord[], record: Buffer): RetrySearch | undefined {
  const found = page.find(({ bytes }) => record.equals(bytes))
  return found && { kind: "found", record: found }
}

/** The first copy of a retried record, in the store or in the running batch.
 * @param search - what searchRetried answered before the batch.
 * @throws {WardlineError} ERR_CONFLICT if it could be a retry and it can't be known. */
export function findRetried(
  conversation: Conversation,
  record: Buffer,
  hash: string,
  search: RetrySearch | undefined,
): Acknowledged | undefined {
  if (search?.kind === "found") return search.record
  if (conversation.added.length > 0) {
    const control = conversation.controls.get(hash)
    if (control !== undefined) return conversation.added.find(({ position }) => position === control.position)
    const added = mayBeRetry(conversation, record)
      ? conversation.added.find(({ bytes }) => record.equals(bytes))
      : undefined
    if (added !== undefined) return added
  }
  if (search?.kind === "too-far")
    throw new WardlineError(
      "ERR_CONFLICT",
      "the message is too old to be told from a retry: compose it again",
    )
  return undefined
}
