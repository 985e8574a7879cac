import type { ChatState } from "../bridge/messages.ts"

/** The patient opened the panel. */
export class WardlineOpenEvent extends Event {
  constructor() {
    super("wardline-open", { bubbles: true, composed: true })
  }
}

/** The panel was closed. */
export class WardlineCloseEvent extends Event {
  constructor() {
    super("wardline-close", { bubbles: true, composed: true })
  }
}

/** How many messages wait unread; nothing about them. */
export class WardlineUnreadEvent extends Event {
  readonly count: number
  constructor(count: number) {
    super("wardline-unread", { bubbles: true, composed: true })
    this.count = count
  }
}

/** Which step the chat is at. */
export class WardlineStateEvent extends Event {
  readonly state: ChatState
  constructor(state: ChatState) {
    super("wardline-state", { bubbles: true, composed: true })
    this.state = state
  }
}

/** Something failed; the code is one of the documented error codes. */
export class WardlineErrorEvent extends Event {
  readonly code: string
  constructor(code: string) {
    super("wardline-error", { bubbles: true, composed: true })
    this.code = code
  }
}

declare global {
  interface HTMLElementEventMap {
    "wardline-open": WardlineOpenEvent
    "wardline-close": WardlineCloseEvent
    "wardline-unread": WardlineUnreadEvent
    "wardline-state": WardlineStateEvent
    "wardline-error": WardlineErrorEvent
  }
}
