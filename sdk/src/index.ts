/** Wardline's SDK: clients for patients, staff and administrators, in browsers and Node. */

export { type Preview, previewOf } from "./attachments/images/preview.ts"
export { safeFileName } from "./attachments/names.ts"
export { AdminClient, type Enrolled, type NewStaff } from "./client/admin-client.ts"
export type { SendFileOptions } from "./client/attachment-transfers.ts"
export {
  isLogEvidence,
  type LogEvidenceVerdict,
  type SignedCheckpoint,
  verifyLogEvidence,
} from "./client/audit/log-evidence.ts"
export type { AuditLogReader, ReadLogOptions } from "./client/audit/log-reader.ts"
export type {
  AuditActor,
  AuditLogEntry,
  AuditLogState,
  AuditOptions,
  AuditProblem,
  AuditProblemKind,
  AuditProgress,
  CheckpointInfo,
  Proof,
  Reading,
  WhoHasRead,
  WitnessInfo,
  WitnessState,
} from "./client/audit/types.ts"
export type {
  AttachmentInfo,
  ChatMessage,
  ConversationStatus,
  ConversationView,
  FormInfo,
  FormResponse,
  MessageAuthor,
  MessageKind,
  MessageState,
  NoteReference,
  PendingEdit,
  Reaction,
  SystemNote,
  Wording,
} from "./client/chat.ts"
export type { Agreement, ClinicInfo, ConsentText, Localized, TopicInfo } from "./client/clinic-info.ts"
export {
  type ClinicPolicy,
  type ClinicRoleRule,
  type ClinicWitness,
  deviceWitnessName,
} from "./client/clinic-policy.ts"
export type { Conversation } from "./client/conversation.ts"
export type { ConversationSummary } from "./client/conversation-list.ts"
export type { CreatedClinic, NewClinic } from "./client/create-clinic.ts"
export { type DirectoryEvidence, directoryEvidence } from "./client/directory-evidence.ts"
export { createDevice, enrolDevice, type StoredDevice } from "./client/enrolment.ts"
export { decodeEnrolment, type Enrolment, enrolmentLink } from "./client/enrolment-code.ts"
export { ClockEvent } from "./client/events.ts"
export type { ClientOptions } from "./client/options.ts"
export { PatientClient } from "./client/patient-client.ts"
export type { SendableFile, StreamedFile } from "./client/sendable-file.ts"
export { StaffClient } from "./client/staff-client.ts"
export type { StaffConversation } from "./client/staff-conversation.ts"
export type { DeviceSeeds } from "./client/storage.ts"
export type { TransferOptions, TransferProgress } from "./client/transfer-retries.ts"
export {
  type EvidenceVerdict,
  type SignedStatement,
  type Signer,
  verifyEvidence,
} from "./conversation/evidence.ts"
export { ERROR_CODES, type ErrorCode, isErrorCode, isWardlineError, WardlineError } from "./errors.ts"
export { openIndexedDbKeystore } from "./keystore/indexed-db.ts"
export type { Keystore } from "./keystore/keystore.ts"
export { memoryKeystore } from "./keystore/memory.ts"
export type { CloseReason, DeviceKeys, OpeningHours, Purpose } from "./protocol/index.ts"
export type { ConnectionState } from "./transport/index.ts"
