/** A conversation's state machine: pure, given keys, directory, clock and randomness. */
export * from "./compose.ts"
export * from "./epoch.ts"
export * from "./evidence.ts"
export * from "./grant.ts"
export {
  type MessageEvent,
  membersOfTranscript,
  type RefusedEvent,
  type SealedReason,
  type TranscriptEvent,
} from "./judging.ts"
export * from "./message.ts"
export * from "./padding.ts"
export * from "./participants.ts"
export * from "./payload.ts"
export * from "./shred.ts"
export * from "./state.ts"
export * from "./summary.ts"
export * from "./transcript.ts"
