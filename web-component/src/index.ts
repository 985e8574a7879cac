/** The elements, without registering them (see ./chat-define and ./inbox-define), and their events. */

export type { ChatState } from "./bridge/messages.ts"
export { WardlineChatElement } from "./chat/chat-element.ts"
export {
  WardlineCloseEvent,
  WardlineErrorEvent,
  WardlineOpenEvent,
  WardlineStateEvent,
  WardlineUnreadEvent,
} from "./chat/chat-events.ts"
export { WardlineInboxElement } from "./inbox/inbox-element.ts"
