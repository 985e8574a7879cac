/** The compliance officer's page: fetched when somebody who may open it does. */
import { AuditElement } from "./audit-element.ts"

export { AuditDesk } from "./desk.ts"

export function defineAuditElement(): void {
  if (customElements.get("wl-audit") === undefined) customElements.define("wl-audit", AuditElement)
}
