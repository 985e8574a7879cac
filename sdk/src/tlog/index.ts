/** The audit log, pure: entries, the tree over them and its proofs, checkpoints and witnesses, the check of an export
 * (docs/protocol.md, Audit entry, and Audit tree, checkpoints, witnesses). */

export { AuditError } from "./audit-fault.ts"
export type { AuditNotes, SignedRoot, SignedRoots, WitnessedRoot } from "./audit-notes.ts"
export {
  type AuditFault,
  type AuditReport,
  auditReport,
  beginReport,
  type ClinicReport,
  faultText,
  fillReport,
} from "./audit-report.ts"
export { fromBase64, toBase64 } from "./base64.ts"
export {
  auditOrigin,
  type Checkpoint,
  type Cosignature,
  checkpointLine,
  cosignatureLine,
  cosignatureMessage,
  formatCheckpoint,
  type NoteCrypto,
  type OpenedCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  parseDecimal,
  readCosignatures,
  type Witness,
} from "./checkpoint.ts"
export { ClinicAudit } from "./clinic-audit.ts"
export { CSV_HEADER, csvEntry } from "./csv.ts"
export {
  ACTIONS,
  type Action,
  type AuditEntry,
  type AuditHead,
  decodeEntry,
  EMPTY_AUDIT,
  encodeEntry,
  entryHash,
  type Hash,
  isRecordAction,
  MAX_TIME_MS,
  mayFail,
  nextHead,
  OUTCOMES,
  type Outcome,
  paddedRole,
} from "./entry.ts"
export { ENTRY_BYTES, ENTRY_OFFSETS } from "./entry-layout.ts"
export {
  decodeExportLine,
  type ExportLine,
  encodeExportLine,
  type StoredFacts,
} from "./export-lines.ts"
export {
  type ConsistencyClaim,
  EMPTY_ROOT,
  type InclusionClaim,
  MAX_PROOF_HASHES,
  nodeHash,
  RightEdge,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts"
export {
  encodeVerifierKey,
  formatNote,
  isKeyName,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  type Note,
  type NoteSignature,
  noteKeyId,
  parseNote,
  parseVerifierKey,
  signatureLine,
  type VerifierKey,
  type VerifyEd25519,
} from "./note.ts"
export { formatProof, type LogProof, parseProof, verifyProof } from "./proof-file.ts"
export { type EntryContext, type ReadableEntry, readableEntry } from "./readable.ts"
export { type DecodeBase64, decodeBase64 } from "./text-reader.ts"
export {
  consistencyProof,
  inclusionProof,
  parseTilePath,
  perfectRoot,
  type ReadTile,
  rootOf,
  TILE_WIDTH,
  type TileId,
  TileTree,
  tilePath,
  tileWidth,
} from "./tiles.ts"
export {
  ExportVerifier,
  type NotedEntry,
  type OnEntriesChecked,
  type VerifyOptions,
  verifyExport,
} from "./verify-export.ts"
export {
  type AddCheckpoint,
  addCheckpoint,
  encodeAddCheckpoint,
  parseAddCheckpoint,
  type WitnessedTree,
  WitnessRefusal,
} from "./witness.ts"
