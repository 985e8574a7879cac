/** The patient's devices and recovery: fetched when somebody asks for them. */
import { html, type TemplateResult } from "lit"
import { DevicesElement } from "./devices/devices-element.ts"
import { RestoreElement } from "./devices/restore-element.ts"
import type { FrameActions, FrameModel, Screen } from "./model.ts"

export function defineDeviceElements(): void {
  if (customElements.get("wl-devices") === undefined) customElements.define("wl-devices", DevicesElement)
  if (customElements.get("wl-restore") === undefined) customElements.define("wl-restore", RestoreElement)
}

export function devicesView(model: FrameModel, actions: FrameActions): TemplateResult {
  return html`<main class="screen"><wl-devices
    .strings=${model.strings}
    .keeper=${actions.patient()}
    .page=${model.page}
    .changes=${model.conversations}
  ></wl-devices></main>`
}

export function restoreView(
  model: FrameModel,
  actions: FrameActions,
  screen: Extract<Screen, { kind: "restore" }>,
): TemplateResult {
  return html`<main class="screen"><wl-restore
    .strings=${model.strings}
    .code=${screen.code}
    .progress=${screen.progress}
    .isEphemeral=${model.isEphemeral}
    .onRestore=${(code: string) => actions.restore(code)}
    .onCancel=${() => actions.home()}
  ></wl-restore></main>`
}
