import type { AuditProblem } from "@wardline/sdk"
import { html, nothing, type TemplateResult } from "lit"
import { auditStrings, type CheckName } from "../../../strings/audit-strings.ts"
import { problemOf } from "../../../strings/problems.ts"
import { auditIcon } from "../../../ui/audit-icons.ts"
import { ageName } from "../../../ui/format.ts"
import { icon } from "../../../ui/icons.ts"
import { plainName } from "../../../ui/inert-text.ts"
import type { AuditActions, AuditModel, WitnessLine } from "../model.ts"
import { momentText } from "../text.ts"

export interface TrustContext {
  readonly model: AuditModel
  readonly actions: AuditActions
  /** Shows the entry with this number among the others. */
  showEntry(sequence: number): void
  saveEvidence(): void
}

const CHECKS: readonly CheckName[] = ["chain", "tree", "checkpoint", "witnesses"]
/** A witness that is this far behind needs somebody to look. */
const BEHIND_MS = 3_600_000

/** Which check a problem breaks. */
function checkOf({ kind }: AuditProblem): CheckName {
  if (kind === "gap" || kind === "unreadable" || kind === "end-missing") return "chain"
  if (kind === "checkpoint-refused") return "checkpoint"
  if (kind === "late") return "witnesses"
  return "tree"
}

function checksView(
  model: AuditModel,
  problems: readonly AuditProblem[],
  { isSigned, isWitnessed }: { readonly isSigned: boolean; readonly isWitnessed: boolean },
): TemplateResult {
  const words = auditStrings(model.strings.language)
  const broken = new Set(problems.map(checkOf))
  const isDone: Readonly<Record<CheckName, boolean>> = {
    chain: true,
    // What doesn't even fit with itself isn't held against the signature.
    tree: isSigned && !broken.has("chain"),
    checkpoint: isSigned,
    witnesses: isSigned && isWitnessed,
  }
  return html`<ul class="checks">${CHECKS.map((name) => {
    const isOpen = name === "witnesses" && isSigned && !isWitnessed
    const state = broken.has(name) ? "failed" : isDone[name] ? "passed" : "notChecked"
    return html`<li class=${state}>
      ${icon(state === "passed" ? "check" : state === "failed" ? "alert" : "clock")}
      <span>${words.checks[name]}<span class="small muted state">${isOpen ? words.quorumNone : words[state]}</span></span>
    </li>`
  })}</ul>`
}

function brokenView(
  { model, showEntry, saveEvidence }: TrustContext,
  problems: readonly AuditProblem[],
): TemplateResult {
  const words = auditStrings(model.strings.language)
  const number = new Intl.NumberFormat(model.strings.language)
  return html`<div class="odd" role="alert">
    <h3>${icon("alert")}<span>${words.brokenTitle}</span></h3>
    <p>${words.brokenText}</p>
    <ul class="findings">${problems.map(
      ({ kind, sequence }) =>
        html`<li>${words.problems[kind]}${
          sequence === undefined
            ? nothing
            : html` <button class="link" type="button" @click=${() => showEntry(sequence)}>${words.entryNumber(number.format(sequence))}</button>`
        }</li>`,
    )}</ul>
    <ol class="steps">${words.brokenSteps.map((step) => html`<li>${step}</li>`)}</ol>
    <button class="button" type="button" @click=${() => saveEvidence()}>${auditIcon("download")}${words.saveEvidence}</button>
  </div>`
}

function verifyView(context: TrustContext): TemplateResult {
  const { model, actions } = context
  const { strings, verification, nowMs } = model
  const words = auditStrings(strings.language)
  const number = new Intl.NumberFormat(strings.language)
  const start = (text: string): TemplateResult =>
    html`<button class="button primary" type="button" @click=${() => actions.verify()}>${auditIcon("shield")}${text}</button>`
  switch (verification.kind) {
    case "none":
      return start(words.verify)
    case "running": {
      const { done, of } = verification.work
      const text = of === 0 ? words.loading : words.verifying(number.format(done), number.format(of))
      return html`<div class="running">
        <progress max=${of === 0 ? nothing : of} .value=${done} aria-label=${words.verifyTitle}></progress>
        <p class="small" role="status" aria-live="off">${text}</p>
        <button class="button" type="button" @click=${() => actions.stopVerifying()}>${words.stop}</button>
      </div>`
    }
    case "whole":
      return html`<div class="good" role="status">
          <h3>${auditIcon("shield")}<span>${words.verifiedTitle}</span></h3>
          <p>${words.verified(number.format(verification.count), number.format(verification.size))} <span class="muted small">${momentText(verification.atMs, nowMs, strings.language)}</span></p>
          ${checksView(model, [], { isSigned: verification.size > 0, isWitnessed: verification.isWitnessed })}
        </div>
        <div>${start(words.verifyAgain)}</div>`
    case "broken":
      return html`${brokenView(context, verification.problems)}${checksView(model, verification.problems, { isSigned: model.log?.checkpoint !== undefined, isWitnessed: model.quorum > 0 })}<div>${start(words.verifyAgain)}</div>`
    case "failed": {
      const { title, advice } = strings.problems[problemOf(verification.code)]
      return html`<p class="problem" role="alert">${title}. ${advice}</p><div>${start(words.retry)}</div>`
    }
  }
}

function checkpointView({ strings, log, nowMs }: AuditModel): TemplateResult {
  const words = auditStrings(strings.language)
  const checkpoint = log?.checkpoint
  if (checkpoint === undefined) return html`<p>${words.noCheckpoint}</p>`
  return html`<dl class="facts-list">
    <div><dt>${words.entries}</dt><dd>${new Intl.NumberFormat(strings.language).format(checkpoint.size)}</dd></div>
    <div><dt>${words.signed}</dt><dd>${words.ago(ageName(checkpoint.at, nowMs, strings.language))} <span class="muted">(${momentText(checkpoint.at, nowMs, strings.language)})</span></dd></div>
    <div><dt>${words.root}</dt><dd><code dir="ltr">${checkpoint.root}</code></dd></div>
  </dl>`
}

/** Whether it signed what is newest, or not long ago. */
export function witnessStateOf(
  { signedMs, size }: WitnessLine,
  newest: number | undefined,
  nowMs: number,
): "fresh" | "behind" | "never" {
  if (signedMs === undefined) return "never"
  const isNewest = size !== undefined && newest !== undefined && size >= newest
  return isNewest || nowMs - signedMs < BEHIND_MS ? "fresh" : "behind"
}

function witnessesView(model: AuditModel): TemplateResult {
  const { strings, witnesses, quorum, log, nowMs } = model
  const words = auditStrings(strings.language)
  const number = new Intl.NumberFormat(strings.language)
  if (witnesses.length === 0) return html`<p>${words.noWitnesses}</p>`
  const states = witnesses.map((one) => witnessStateOf(one, log?.checkpoint?.size, nowMs))
  const fresh = states.filter((state) => state === "fresh").length
  const isMet = fresh >= quorum
  return html`
    <p class="quorum ${isMet ? "met" : "missed"}" role="status">${icon(isMet ? "check" : "alert")}<span>${quorum === 0 ? words.quorumNone : html`<b>${isMet ? words.quorumMet : words.quorumMissed}</b> ${words.quorumOf(number.format(fresh), number.format(quorum))}`}</span></p>
    <div class="scroll" tabindex="0" role="group" aria-label=${words.witnessesTitle}><table class="plain-table witnesses">
      <thead><tr><th scope="col">${words.witness}</th><th scope="col">${words.state}</th><th scope="col">${words.lastSigned}</th><th scope="col" class="end">${words.signedUpTo}</th></tr></thead>
      <tbody>${witnesses.map(({ name, deviceName, signedMs, size }, index) => {
        const state = states[index] ?? "never"
        return html`<tr>
          <th scope="row"><bdi>${plainName(deviceName ?? name, 100)}</bdi>${deviceName === undefined ? nothing : html`<br /><code class="small muted" dir="ltr">${plainName(name, 100)}</code>`}</th>
          <td><span class="state ${state}">${icon(state === "fresh" ? "check" : state === "behind" ? "alert" : "clock")}<span>${words[state]}</span></span></td>
          <td>${signedMs === undefined ? words.none : html`<time datetime=${new Date(signedMs).toISOString()} title=${momentText(signedMs, nowMs, strings.language)}>${words.ago(ageName(signedMs, nowMs, strings.language))}</time>`}</td>
          <td class="end">${size === undefined ? words.none : number.format(size)}</td>
        </tr>`
      })}</tbody>
    </table></div>
    ${states.every((state) => state === "fresh") ? nothing : html`<p class="small">${words.behindAdvice}</p>`}`
}

/** Whether the log can be relied on, and who says so. */
export function trustView(context: TrustContext): TemplateResult {
  const { model } = context
  const words = auditStrings(model.strings.language)
  return html`<div class="trust">
    <section class="card wide" aria-labelledby="verify-title"><h2 id="verify-title">${words.verifyTitle}</h2><p class="muted">${words.verifyText}</p>${verifyView(context)}</section>
    <section class="card" aria-labelledby="witness-title"><h2 id="witness-title">${words.witnessesTitle}</h2>${witnessesView(model)}</section>
    <section class="card" aria-labelledby="checkpoint-title"><h2 id="checkpoint-title">${words.checkpointTitle}</h2>${checkpointView(model)}</section>
  </div>`
}
