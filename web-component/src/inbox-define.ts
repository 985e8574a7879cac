import { WardlineInboxElement } from "./inbox/inbox-element.ts"

if (globalThis.customElements !== undefined && customElements.get("wardline-inbox") === undefined) {
  customElements.define("wardline-inbox", WardlineInboxElement)
}
