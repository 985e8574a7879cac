import { html, type TemplateResult } from "lit"
import type { ThreadStrings } from "../strings/chat-strings.ts"
import { icon } from "./icons.ts"

/** A modal dialog; the element that renders it calls openDialogs() once it is in the page. */
export function dialogView(
  title: string,
  close: string,
  onClose: () => void,
  body: TemplateResult,
): TemplateResult {
  return html`<dialog
    aria-labelledby="dialog-title"
    @close=${onClose}
    @click=${(event: MouseEvent) => {
      // A click on the backdrop lands on the dialog itself, outside its box.
      const dialog = event.currentTarget as HTMLDialogElement
      if (event.target !== dialog) return
      const box = dialog.getBoundingClientRect()
      const inside =
        event.clientX >= box.left &&
        event.clientX <= box.right &&
        event.clientY >= box.top &&
        event.clientY <= box.bottom
      if (!inside) dialog.close()
    }}
  >
    <div class="stack">
      <div class="dialog-top">
        <h2 id="dialog-title">${title}</h2>
        <button class="icon" type="button" aria-label=${close} @click=${(event: Event) => (event.currentTarget as Element).closest("dialog")?.close()}>${icon("close")}</button>
      </div>
      ${body}
    </div>
  </dialog>`
}

/** Asks before a link is followed, showing where it truly leads. */
export function linkDialog(href: string, strings: ThreadStrings, done: () => void): TemplateResult {
  const { host } = new URL(href)
  return dialogView(
    strings.linkTitle,
    strings.close,
    done,
    html`
    <p class="host" dir="ltr">${host}</p>
    <p class="small muted address" dir="ltr">${href}</p>
    <p>${strings.linkAdvice}</p>
    <div class="actions">
      <button class="button" type="button" data-first @click=${done}>${strings.cancel}</button>
      <button class="button primary" type="button" @click=${() => {
        done()
        window.open(href, "_blank", "noopener,noreferrer")
      }}>${strings.linkOpen}</button>
    </div>
  `,
  )
}
