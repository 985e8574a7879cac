import { WardlineChatElement } from "./chat/chat-element.ts"

if (globalThis.customElements !== undefined && customElements.get("wardline-chat") === undefined) {
  customElements.define("wardline-chat", WardlineChatElement)
}
