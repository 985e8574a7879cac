/** Every limit of the relay, with its reason. Those in DEFAULT_LIMITS are settings; the others are facts of the
 * design. Limits of the wire format are in the SDK's protocol part. */

/** One transaction holds at most this many requests: more would make the first of them wait for the last. */
export const MAX_BATCH_REQUESTS = 1024
/** And at most this many bytes of records, so that one fsync stays short on a slow disk. */
export const MAX_BATCH_BYTES = 4_000_000
/** Requests that wait hold at most this many bytes in all. */
export const MAX_QUEUE_BYTES = 64_000_000
/** A store's row key holds 24 bits of position; nobody writes 16 million messages in one conversation. */
export const MAX_POSITION: number = 2 ** 24 - 1
/** A backlog is read in pages, so that one reader can't hold the process or its memory. */
export const PAGE_RECORDS = 128
export const PAGE_BYTES = 262_144
/** A socket with more than this unsent gets nothing more until it has drained: it reads on from the store. */
export const MAX_UNSENT_BYTES = 1_048_576
/** Credit that one subscription can gather; more can't be meant. */
export const MAX_CREDIT = 1_000_000
/** Conversations listed in one answer. */
export const MAX_LISTED = 500
/** Rows searched for a retried message, backwards from the head to what its sender had seen. An honest retry is found
 * within the few records that were in flight at once. */
export const MAX_RETRY_SEARCH = 512
/** Hashes of the newest records that each conversation keeps at hand for that search. */
export const RECENT_HASHES = 64
/** An origin, as browsers send it. */
export const MAX_ORIGIN_BYTES = 512
/** A directory change is a handful of records; a new clinic's first is some dozens. */
export const MAX_POST_RECORDS = 1024
export const MAX_POST_BYTES = 8_000_000
/** Clocks that differ by more than this are wrong, not merely in another time zone. */
export const MAX_CLOCK_SKEW_MS: number = 24 * 60 * 60 * 1000
/** Request headers: ours are short, so long ones are an attack. */
export const MAX_HEADER_BYTES = 8192
/** Time for an HTTP request's headers, and for all of it: a slower client is a slowloris. */
export const HEADERS_TIMEOUT_MS = 10_000
export const REQUEST_TIMEOUT_MS = 60_000
/** Connections beside the sessions: plain HTTP, and those that are still in their handshake. */
export const SPARE_CONNECTIONS = 4096
/** How often timeouts, expiries and the disk are looked at. */
export const SWEEP_MS = 1000
/** How often a socket that owes us bytes is given another chance before a close is forced. */
export const CLOSE_GRACE_MS = 3000
/** One ephemeral key serves all handshakes that begin within so long: short, as recorded traffic is safe from whoever
 * takes the relay once the key is forgotten. */
export const EPHEMERAL_MS = 1000
/** Shred keys that one session may give into keeping: each is for a conversation that it begins. */
export const MAX_KEPT_PER_SESSION = 16
/** A kept key whose conversation hasn't begun by then is destroyed; a device that comes back later gives it again. */
export const ORPHANED_KEY_MS: number = 60 * 60 * 1000
/** Kept keys that wait for their conversations in all: an honest one waits a moment, so that beyond it the oldest are a
 * flood's. */
export const MAX_PENDING_KEYS = 100_000
/** How often kept keys are looked at. */
export const KEY_SWEEP_MS = 60_000
/** How often the store's log may be emptied of what was dropped. */
export const SCRUB_MS = 30_000
/** Requests that may be refused for haste before the session is closed. */
export const MAX_REFUSED_FOR_HASTE = 200
/** Malformed records from one session before it is closed: one is a bug, many are an attack. */
export const MAX_MALFORMED = 20
/** Refusals and failed logins noted in the audit log for each clinic, and as many again of the devices in its directory:
 * `burst` at once, then `perSecond`; the others are only counted in it, so that nobody can flood the audit log. */
export const REFUSAL_NOTES = { burst: 200, perSecond: 10 } as const
/** Refusals noted as being about one conversation; beyond that they are noted of the clinic. Whoever may know of a
 * conversation can be refused there without end, and its people read its entries one by one. */
export const REFUSALS_ABOUT: { readonly burst: number; readonly perSecond: number } = {
  burst: 30,
  perSecond: 1 / 60,
}
/** Entries of the audit log in one frame: what is left of it beside its header. */
export const MAX_ENTRIES_BYTES = 99_000
/** As many as fit without proofs. */
export const MAX_ENTRIES = 464
/** What an entry with its proof costs, where one without costs 1: up to 255 hashes are computed for it. */
export const PROVED_ENTRY_COST = 5
/** Checkpoints of one log that may still be cosigned: some minutes' worth, for witnesses that are slow or come by
 * seldom. */
export const RECENT_CHECKPOINTS = 64
/** Time for a witness to answer. */
export const WITNESS_TIMEOUT_MS = 10_000
/** The longest pause before a witness that failed is called again. */
export const WITNESS_RETRY_MS: number = 10 * 60 * 1000
/** A checkpoint with the cosignatures of as many witnesses as a policy can name. */
export const MAX_NOTE_BYTES = 65_536
/** Kept on disk so that reads can still be noted in the audit log when the disk is full. */
export const RESERVE_BYTES = 4_194_304

export interface RelayLimits {
  /** Open sessions of one address. A clinic's patients may share one behind a hospital's proxy. */
  sessionsPerAddress: number
  /** Open sessions in all; each costs some 10 KB. */
  sessions: number
  /** Time from connecting to a valid login. */
  handshakeMs: number
  /** A session that says nothing, not even ping, for so long is gone. */
  idleMs: number
  /** A reader that takes nothing for so long, though something waits for it, is cut. */
  stallMs: number
  /** Subscriptions and lists of one session. */
  subscriptionsPerSession: number
  /** Logins that one address may try: each costs a signature check. */
  loginsPerSecond: number
  loginsBurst: number
  /** Other requests (subscribe, watch, ping …) of one device. */
  requestsPerSecond: number
  requestsBurst: number
  /** Records of one device: people type slower, but an outbox empties at once. */
  recordsPerSecond: number
  recordsBurst: number
  /** Record bytes of one device. */
  bytesPerSecond: number
  bytesBurst: number
  /** Records of one address, all its devices together. */
  addressRecordsPerSecond: number
  addressRecordsBurst: number
  /** HTTP requests of one address. */
  httpPerSecond: number
  httpBurst: number
  /** Directory changes of one address: each record costs a signature check. */
  postsPerSecond: number
  postsBurst: number
  /** Requests waiting for their transaction, in all; beyond that the newest are refused. */
  queue: number
  /** Conversations whose state is kept in memory; the others are read when needed. */
  cachedConversations: number
  /** Below this much free disk space the relay is read-only. */
  minFreeBytes: number
  /** One blob of a staff device, sealed: radiology sends the largest. */
  blobBytes: number
  /** One blob of a patient's device, sealed: photos and scans, a short film. */
  patientBlobBytes: number
  /** All blobs of a conversation, unfinished ones by their full size. */
  conversationBlobBytes: number
  /** Their number: the folder is listed at each request. */
  conversationBlobs: number
  /** Unfinished uploads of one device in a conversation; the oldest gives way to one more. */
  unfinishedBlobs: number
  /** An upload that nobody has gone on with for so long is removed. */
  unfinishedBlobMs: number
  /** Uploads and downloads that run at once: each holds a file open. */
  blobTransfers: number
  blobTransfersPerDevice: number
  /** Bytes of new blobs from one address. A clinic's patients may share one behind a hospital's proxy. */
  blobBytesPerSecond: number
  blobBytesBurst: number
  /** Entries of the audit log that one device may read; each counts for five with its proof. */
  entriesPerSecond: number
  entriesBurst: number
  /** The same for all devices of one address. */
  addressEntriesPerSecond: number
  addressEntriesBurst: number
  /** Between two checkpoints of a clinic's audit log: so long may a change of it go unseen by witnesses. */
  checkpointMs: number
}

export const DEFAULT_LIMITS: RelayLimits = {
  sessionsPerAddress: 2000,
  sessions: 50_000,
  handshakeMs: 10_000,
  idleMs: 120_000,
  stallMs: 60_000,
  subscriptionsPerSession: 256,
  loginsPerSecond: 20,
  loginsBurst: 200,
  requestsPerSecond: 100,
  requestsBurst: 600,
  recordsPerSecond: 50,
  recordsBurst: 500,
  bytesPerSecond: 500_000,
  bytesBurst: 5_000_000,
  addressRecordsPerSecond: 1000,
  addressRecordsBurst: 5000,
  httpPerSecond: 50,
  httpBurst: 500,
  postsPerSecond: 2,
  postsBurst: 40,
  queue: 20_000,
  cachedConversations: 20_000,
  minFreeBytes: 67_108_864,
  blobBytes: 268_435_456,
  patientBlobBytes: 33_554_432,
  conversationBlobBytes: 1_073_741_824,
  conversationBlobs: 2000,
  unfinishedBlobs: 4,
  unfinishedBlobMs: 24 * 60 * 60 * 1000,
  blobTransfers: 512,
  blobTransfersPerDevice: 6,
  blobBytesPerSecond: 10_000_000,
  blobBytesBurst: 1_073_741_824,
  entriesPerSecond: 5000,
  entriesBurst: 50_000,
  addressEntriesPerSecond: 20_000,
  addressEntriesBurst: 200_000,
  checkpointMs: 10_000,
}
