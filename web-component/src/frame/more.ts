/** The patient's devices and recovery, and who has read a conversation: fetched when somebody asks for them. */
import type { ChatMessage } from "@wardline/sdk"
import { html, type TemplateResult } from "lit"
import { DevicesElement } from "./devices/devices-element.ts"
import { RestoreElement } from "./devices/restore-element.ts"
import type { FrameActions, FrameModel, Screen } from "./model.ts"
import type { LoadReaders } from "./readers/model.ts"
import { ReadersElement } from "./readers/readers-element.ts"

type MoreScreen = Extract<Screen, { kind: "devices" | "restore" | "readers" }>

export function defineMoreElements(): void {
  if (customElements.get("wl-devices") === undefined) customElements.define("wl-devices", DevicesElement)
  if (customElements.get("wl-restore") === undefined) customElements.define("wl-restore", RestoreElement)
  if (customElements.get("wl-readers") === undefined) customElements.define("wl-readers", ReadersElement)
}

export function moreView(model: FrameModel, actions: FrameActions, screen: MoreScreen): TemplateResult {
  switch (screen.kind) {
    case "devices":
      return devicesView(model, actions)
    case "restore":
      return restoreView(model, actions, screen)
    case "readers":
      return readersView(model, actions, screen)
  }
}

function devicesView(model: FrameModel, actions: FrameActions): TemplateResult {
  return html`<main class="screen"><wl-devices
    .strings=${model.strings}
    .keeper=${actions.patient()}
    .page=${model.page}
    .changes=${model.conversations}
  ></wl-devices></main>`
}

function restoreView(
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

/** One for all: another list each time would look like news. */
const NO_MESSAGES: readonly ChatMessage[] = []

function readersView(
  model: FrameModel,
  actions: FrameActions,
  { id }: Extract<Screen, { kind: "readers" }>,
): TemplateResult {
  const conversation = actions.conversation(id)
  const load: LoadReaders = async (options) => {
    if (conversation === undefined) throw new Error("the conversation is gone")
    return await conversation.whoHasRead(options)
  }
  return html`<main class="screen"><wl-readers
    .strings=${model.strings}
    .load=${load}
    .loadEvidence=${async () => await conversation?.logEvidence()}
    .messages=${model.conversations.find((one) => one.id === id)?.messages ?? NO_MESSAGES}
    .nowMs=${model.nowMs}
    .isVisible=${model.isVisible}
  ></wl-readers></main>`
}
