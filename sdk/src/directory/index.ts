/** The clinic's directory: a pure state machine over signed records (docs/protocol.md, Directory). */
export { type ApplyOptions, applyRecord, applyRecords } from "./apply.ts"
export * from "./checks.ts"
export * from "./from-snapshot.ts"
export { defaultRoleRule, mayHold } from "./history-rule.ts"
export * from "./queries.ts"
export { lackingNewestKey, type RotationReason, receiversOf, rotationDue } from "./rotation.ts"
export { attestOf, decodeSnapshot, encodeSnapshot, type PlacedRecord, type Snapshot } from "./snapshot.ts"
export {
  createDirectory,
  type DirectoryConsentText,
  type DirectoryDevice,
  type DirectoryGrant,
  type DirectoryPolicy,
  type DirectoryRecovery,
  type DirectoryRoleKey,
  type DirectoryState,
  isExpired,
  judgedMs,
  MAX_CLOCK_AHEAD_MS,
  type RoleMembership,
} from "./state.ts"
