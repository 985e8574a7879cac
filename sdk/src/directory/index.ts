/** The clinic's directory: a pure state machine over signed records (docs/protocol.md, Directory). */
export * from "./apply.ts"
export * from "./checks.ts"
export * from "./queries.ts"
export {
  createDirectory,
  type DirectoryConsentText,
  type DirectoryDevice,
  type DirectoryGrant,
  type DirectoryPolicy,
  type DirectoryRoleKey,
  type DirectoryState,
  isExpired,
  MAX_CLOCK_AHEAD_MS,
  type RoleMembership,
} from "./state.ts"
