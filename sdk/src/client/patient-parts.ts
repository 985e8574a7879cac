/** What a patient's device needs once there is a conversation. A page fetches it apart: whoever is still reading the
 * consent text doesn't wait for it. */
export { Conversation } from "./conversation.ts"
export { ConversationEngine } from "./engine.ts"
export { composerOf } from "./host.ts"
export { Outbox } from "./outbox.ts"
export {
  composeStart,
  loadMeta,
  pendingStart,
  profileOf,
  publishStart,
  startEntries,
} from "./start-conversation.ts"
