/** One conversation as an application uses it. */
import { abortedError, onAbort, throwIfAborted } from "../abort.ts"
import type { FormAnswer, KnownPayload } from "../conversation/index.ts"
import { WardlineError } from "../errors.ts"
import type { SendFileOptions } from "./attachment-transfers.ts"
import type { ConversationTrail } from "./audit/conversation-trail.ts"
import type { AuditOptions, WhoHasRead } from "./audit/types.ts"
import type { ChatMessage, ConversationView, FormInfo, NoteReference } from "./chat.ts"
import type { ConversationEngine } from "./engine.ts"
import { checkAnswers } from "./form-answers.ts"
import { later } from "./later.ts"
import type { SendableFile } from "./sendable-file.ts"
import type { TransferOptions } from "./transfer-retries.ts"
import { isSaid } from "./view-content.ts"

/** As in the message's schema. */
const MAX_TEXT_CHARACTERS = 16_000

/** A page pays for files when the first one is sent or opened. */
const loadTransfers = (): Promise<typeof import("./attachment-transfers.ts")> =>
  import("./attachment-transfers.ts")

/** A conversation: its messages, its outbox, and what may be done with it. Dispatches `change` after every change
 * of its view. Clients make it. */
export class Conversation extends EventTarget {
  readonly id: string
  readonly #engine: ConversationEngine
  #trail: ConversationTrail | undefined

  constructor(engine: ConversationEngine) {
    super()
    this.id = engine.id
    this.#engine = engine
    engine.onChange = () => this.dispatchEvent(new Event("change"))
  }

  /** What to show now; the same object until something changes. */
  get view(): ConversationView {
    return this.#engine.view
  }

  /** Sends a text. It is in the outbox, on this device, before anything else happens, and shows as "sending".
   * @returns the message, once the relay has stored it.
   * @throws {WardlineError} ERR_MALFORMED for an empty text, ERR_TOO_LARGE over 16,000 characters, ERR_CLOSED,
   *   ERR_FORK; ERR_ABORTED: taken back if it wasn't sealed yet, otherwise only the wait ends. */
  async send(text: string, options: { signal?: AbortSignal } = {}): Promise<ChatMessage> {
    checkText(text)
    return await this.#post({ v: 1, type: "text", text }, options.signal)
  }

  async #post(payload: KnownPayload, signal: AbortSignal | undefined): Promise<ChatMessage> {
    const localId = await this.#engine.post(payload, signal)
    const sent = this.view.messages.find((message) => message.localId === localId)
    if (sent === undefined) throw new WardlineError("ERR_INTERNAL", "a sent message is gone")
    return sent
  }

  /** Says one's own text in other words; the earlier ones stay on record and are shown as such.
   * @param messageId - in the view, of a text that this device sent.
   * @throws {WardlineError} ERR_NOT_FOUND; ERR_FORBIDDEN for another's message; as `send`. */
  async edit(messageId: string, text: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    checkText(text)
    const target = this.#find(messageId)
    if (!target.mine || target.kind !== "text")
      throw new WardlineError("ERR_FORBIDDEN", "only one's own texts can be changed")
    await this.#engine.post({ v: 1, type: "edit", of: target.position, text }, options.signal)
  }

  /** Puts one emoji on a message, in place of this device's earlier one; an empty string takes it back.
   * @param messageId - in the view, of something that somebody said.
   * @throws {WardlineError} ERR_NOT_FOUND; ERR_FORBIDDEN for what nobody said; ERR_MALFORMED for anything but one emoji;
   *   ERR_CLOSED, ERR_FORK, ERR_ABORTED. */
  async react(messageId: string, emoji: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    const target = this.#find(messageId)
    if (!isSaid(target)) throw new WardlineError("ERR_FORBIDDEN", "there is nothing to react to")
    await this.#engine.post({ v: 1, type: "reaction", of: target.position, emoji }, options.signal)
  }

  /** Answers a form that staff sent.
   * @param messageId - in the view, of a form.
   * @throws {WardlineError} ERR_NOT_FOUND; ERR_FORBIDDEN for staff; ERR_MALFORMED for answers that aren't the form's or
   *   leave out what is required; as `send`. */
  async answerForm(
    messageId: string,
    answers: readonly FormAnswer[],
    options: { signal?: AbortSignal } = {},
  ): Promise<ChatMessage> {
    const { form, position } = this.#find(messageId)
    if (form === undefined) throw new WardlineError("ERR_NOT_FOUND", "no form has this id")
    this.#engine.assertSide("patient")
    checkAnswers(form, answers)
    return await this.#post(
      {
        v: 1,
        type: "form-response",
        of: position,
        answers: answers.map(({ name, value }) => ({ name, value })),
      },
      options.signal,
    )
  }

  /** For staff: sends the patient questions.
   * @throws {WardlineError} ERR_FORBIDDEN for patients; ERR_MALFORMED for a form against its schema; as `send`. */
  async sendForm(form: FormInfo, options: { signal?: AbortSignal } = {}): Promise<ChatMessage> {
    this.#engine.assertSide("staff")
    const fields = form.fields.map((field) => ({ ...field }))
    return await this.#post(
      { v: 1, type: "form", form: form.form, title: form.title, fields },
      options.signal,
    )
  }

  /** For staff: refers to a note in another system.
   * @throws as `sendForm`. */
  async sendNote(note: NoteReference, options: { signal?: AbortSignal } = {}): Promise<ChatMessage> {
    this.#engine.assertSide("staff")
    const { reference, label } = note
    return await this.#post({ v: 1, type: "note", reference, label }, options.signal)
  }

  /** @throws {WardlineError} ERR_NOT_FOUND for a message that isn't in the transcript, or not yet. */
  #find(messageId: string): ChatMessage & { readonly position: number } {
    const found = this.view.messages.find(({ id, localId }) => id === messageId || localId === messageId)
    if (found?.position === undefined) throw new WardlineError("ERR_NOT_FOUND", "no message has this id")
    return { ...found, position: found.position }
  }

  /** Everybody who was given this conversation, by the relay's audit log, and what of that this device could check: that
   * nothing was left out, that the log can't be changed any more, and that it knows of every reading that somebody has
   * acknowledged. What doesn't fit is a problem in the answer. Asking again asks only for what is new.
   * @throws {WardlineError} ERR_OFFLINE where the log or the code can't be fetched; ERR_FORK or ERR_ROLLBACK when the
   *   conversation itself can't be believed; ERR_ACCESS_REQUIRED, ERR_CLOSED, ERR_KEYSTORE, ERR_ABORTED. */
  async whoHasRead(options: AuditOptions = {}): Promise<WhoHasRead> {
    const { ConversationTrail } = await later(import("./audit/conversation-trail.ts"))
    this.#trail ??= new ConversationTrail(this.#engine)
    return await this.#trail.update(options)
  }

  /** A file that shows a third person that the clinic's audit log contradicted itself, where this device has seen that; see
   * `verifyLogEvidence`.
   * @throws {WardlineError} ERR_OFFLINE, ERR_KEYSTORE, ERR_LOCKED */
  async logEvidence(): Promise<Uint8Array | undefined> {
    const { auditBookOf } = await later(import("./audit/book.ts"))
    return await auditBookOf(this.#engine.host).evidence()
  }

  /** A file that shows a third person that this conversation was told in two ways, or that the relay signed for less than
   * before: who signed which two statements that can't both be true, and what it takes to check that without this
   * device or the relay (see `verifyEvidence`). Where only one of them is signed, the file says so.
   * @throws {WardlineError} ERR_NOT_FOUND where nothing contradicts its history, or nobody signed anything of it. */
  async exportEvidence(): Promise<Uint8Array> {
    return await this.#engine.exportEvidence()
  }

  /** Seals a file, uploads it, and sends the message that stands for it. Images lose their metadata first, but for
   * which way up they are. The file itself isn't in the outbox: whoever closes the page before it has arrived sends it
   * again.
   * @returns the message, once the relay has stored it.
   * @throws {WardlineError} ERR_TOO_LARGE; ERR_MALFORMED for a damaged image, ERR_UNSUPPORTED for one of a format that
   *   can't be cleaned, both unless `keepOriginal`; ERR_CLOSED, ERR_FORK, ERR_OFFLINE after many tries, ERR_ABORTED. */
  async sendFile(file: SendableFile, options: SendFileOptions = {}): Promise<ChatMessage> {
    this.#engine.assertWritable()
    const { uploadFile } = await loadTransfers()
    const payload = await uploadFile(this.#engine.transfers, file, options)
    return await this.#post(payload, options.signal)
  }

  /** Fetches a message's file; resolves once all of it has arrived and is what its sender sealed, never before. Its
   * type is one that a browser runs nothing of, such as the image's, or application/octet-stream.
   * @param messageId - in the view, of a message with an `attachment`.
   * @throws {WardlineError} ERR_NOT_FOUND; ERR_OPEN_FAILED for a file that was changed, cut or exchanged, all alike;
   *   ERR_ACCESS_REQUIRED, ERR_OFFLINE after many tries, ERR_ABORTED. */
  async openFile(messageId: string, options: TransferOptions = {}): Promise<Blob> {
    const payload = this.#engine.attachment(messageId)
    const { downloadFile } = await loadTransfers()
    return await downloadFile(this.#engine.transfers, payload, options)
  }

  /** Fetches a message's file into a stream, such as a file on disk, without holding it. The stream is closed only
   * once all of it is what its sender sealed; otherwise it is aborted, and what it was given is not the file.
   * @throws {WardlineError} as openFile; or whatever the stream fails with. */
  async saveFile(
    messageId: string,
    sink: WritableStream<Uint8Array>,
    options: TransferOptions = {},
  ): Promise<void> {
    const payload = this.#engine.attachment(messageId)
    const { saveFile } = await loadTransfers()
    await saveFile(this.#engine.transfers, payload, sink, options)
  }

  /** Sends a failed message after all.
   * @param messageId - its id in the view.
   * @throws {WardlineError} ERR_NOT_FOUND, ERR_CLOSED, ERR_FORK */
  async retry(messageId: string): Promise<void> {
    await this.#engine.retry(messageId)
  }

  /** Throws a failed message away.
   * @throws {WardlineError} ERR_NOT_FOUND */
  async discard(messageId: string): Promise<void> {
    await this.#engine.discard(messageId)
  }

  /** Marks everything shown as read: here at once, for the others by a sealed receipt soon after. */
  async markRead(): Promise<void> {
    this.#engine.markRead()
  }

  /** Every message in the transcript: what is there, then each as it comes. Edits, reactions and what a grant opens change
   * messages that have come before: they show in the view alone. Ends when the client is closed.
   * @throws {WardlineError} ERR_ABORTED when the signal fires; ERR_FORK or ERR_ROLLBACK when the history turns out
   *   not to be true. */
  async *messages(options: { signal?: AbortSignal } = {}): AsyncGenerator<ChatMessage, void, undefined> {
    const { signal } = options
    let shown = 0
    // Where the next one is about: the list shrinks where a grant shows that a locked message was about another one.
    let index = 0
    for (;;) {
      throwIfAborted(signal)
      const { messages, status, error } = this.view
      index = Math.min(index, messages.length)
      while (index > 0 && (messages[index - 1]?.position ?? Number.POSITIVE_INFINITY) > shown) index -= 1
      while ((messages[index]?.position ?? Number.POSITIVE_INFINITY) <= shown) index += 1
      const next = messages[index]
      if (next?.position !== undefined) {
        shown = next.position
        yield next
      } else if (status === "forked" && error !== undefined) throw error
      else if (this.#engine.isDisposed) return
      else await this.#nextChange(signal)
    }
  }

  #nextChange(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let stop = (): void => {}
      const changed = (): void => {
        stop()
        resolve()
      }
      this.addEventListener("change", changed, { once: true })
      stop = onAbort(signal, () => {
        this.removeEventListener("change", changed)
        reject(abortedError(signal))
      })
    })
  }
}

/** @throws {WardlineError} ERR_MALFORMED, ERR_TOO_LARGE */
function checkText(text: string): void {
  if (text.trim() === "") throw new WardlineError("ERR_MALFORMED", "there is nothing to send")
  if (text.length > MAX_TEXT_CHARACTERS) throw new WardlineError("ERR_TOO_LARGE", "the message is too long")
}
