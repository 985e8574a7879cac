/** What nobody needs before they have agreed: fetched while the first screen is being read. */
import { AttachmentElement } from "../ui/attachment-element.ts"
import { ComposerElement } from "../ui/composer-element.ts"
import { ThreadElement } from "../ui/thread-element.ts"

export { conversationView, listView } from "./views/conversation.ts"
export { frameDialog } from "./views/dialogs.ts"
export { topicsView } from "./views/topics.ts"

export function defineThreadElements(): void {
  if (customElements.get("wl-thread") === undefined) customElements.define("wl-thread", ThreadElement)
  if (customElements.get("wl-attachment") === undefined)
    customElements.define("wl-attachment", AttachmentElement)
  if (customElements.get("wl-composer") === undefined) customElements.define("wl-composer", ComposerElement)
}
