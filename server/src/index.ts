/** The relay as a library: for programs that run one, and for tests. */
export { DEFAULT_LIMITS, type RelayLimits } from "./limits.ts"
export { createLog, type Log, type LogFields, type LogLevel } from "./log.ts"
export { type Relay, type RelayOptions, startRelay } from "./relay.ts"
