/** A conversation as staff use it. */
import type { CloseReason } from "../protocol/index.ts"
import { Conversation } from "./conversation.ts"
import type { ConversationEngine } from "./engine.ts"

/** What only the client can do for its conversation. */
export interface StaffActions {
  close(reason: CloseReason): Promise<void>
  leave(): void
}

/** A conversation that a staff device has opened. */
export class StaffConversation extends Conversation {
  readonly #actions: StaffActions

  constructor(engine: ConversationEngine, actions: StaffActions) {
    super(engine)
    this.#actions = actions
  }

  /** Closes the conversation for everybody: nothing more can be sent in it.
   * @throws {WardlineError} ERR_CLOSED, ERR_OFFLINE, ERR_ACCESS_REQUIRED, ERR_FORBIDDEN */
  async close(reason: CloseReason = "resolved"): Promise<void> {
    await this.#actions.close(reason)
  }

  /** Stops following it on this device. */
  leave(): void {
    this.#actions.leave()
  }
}
