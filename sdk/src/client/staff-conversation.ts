/** A conversation as staff use it. */
import {
  composeArchive,
  composeClose,
  composeReopen,
  currentDevices,
  type Transcript,
} from "../conversation/index.ts"
import { archiveRoleAt, newestRoleKey, roleRuleAt, rolesOf } from "../directory/index.ts"
import { asRole } from "../ids.ts"
import type { CloseReason, ReopenReason } from "../protocol/index.ts"
import { Conversation } from "./conversation.ts"
import {
  type Changeable,
  changeConversation,
  changeRole,
  grantPast,
  isDevice,
  isRole,
  publishLast,
} from "./membership.ts"

/** A conversation that a staff device has opened. */
export class StaffConversation extends Conversation {
  readonly #at: Changeable
  readonly #onLeave: () => void

  constructor(at: Changeable, onLeave: () => void) {
    super(at.engine)
    this.#at = at
    this.#onLeave = onLeave
  }

  /** Closes the conversation for everybody: nothing more can be sent in it. Where the clinic has an archive role, its
   * vault takes it over: from then on it is read by breaking the glass.
   * @param options.archive - true where the clinic has an archive role, unless given.
   * @throws {WardlineError} ERR_CLOSED, ERR_OFFLINE, ERR_ACCESS_REQUIRED, ERR_FORBIDDEN */
  async close(
    reason: CloseReason = "resolved",
    options: { archive?: boolean; signal?: AbortSignal } = {},
  ): Promise<void> {
    const { signal, archive = archiveRoleAt(this.#at.host.directory.state) !== undefined } = options
    this.#at.engine.assertWritable()
    const isClosed = ({ closedAt }: Transcript): boolean => closedAt !== undefined
    await changeConversation(
      this.#at,
      (composer, { conversation }) => composeClose(composer, conversation, reason),
      isClosed,
      signal,
    )
    if (archive) await this.archive({ ...(signal === undefined ? {} : { signal }) })
  }

  /** Gives a closed conversation to the clinic's vault. Staff can't read it any more once the relay has dropped the wraps,
   * but for the vault's keepers; the patient's devices are granted it first.
   * @throws {WardlineError} ERR_NOT_FOUND for a clinic without an archive role; ERR_CONFLICT when this device can open
   *   none of it; ERR_OFFLINE, ERR_ABORTED */
  async archive(options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#at.engine.whenLive(options.signal)
    for (const { id, kind } of currentDevices(this.#at.engine.transcript))
      if (kind !== "pairing") await grantPast(this.#at, isDevice(id), options.signal)
    await publishLast(this.#at, composeArchive, options.signal)
  }

  /** Opens a closed conversation again. One that lies in the vault is reopened by the vault's keepers.
   * @throws {WardlineError} ERR_CONFLICT for one that is open, ERR_FORBIDDEN, ERR_OFFLINE, ERR_ABORTED */
  async reopen(reason: ReopenReason = "follow-up", options: { signal?: AbortSignal } = {}): Promise<void> {
    await changeConversation(
      this.#at,
      (composer, { conversation }) => composeReopen(composer, conversation, reason),
      ({ closedAt }) => closedAt === undefined,
      options.signal,
    )
  }

  /** Brings a role into the conversation. Everybody in it sees that.
   * @param options.history - whether it may read what was said before; true unless given.
   * @throws {WardlineError} ERR_FORBIDDEN where the policy doesn't let this device's role, or for a role without a key;
   *   ERR_CLOSED, ERR_OFFLINE, ERR_ABORTED */
  async addRole(role: string, options: { history?: boolean; signal?: AbortSignal } = {}): Promise<void> {
    const { history = true, signal } = options
    await changeRole(this.#at, "add-role", asRole(role), signal)
    if (history) await grantPast(this.#at, isRole(asRole(role)), signal)
  }

  /** Takes a role out of the conversation: it reads nothing that comes after. The last role stays.
   * @throws {WardlineError} as addRole */
  async removeRole(role: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    await changeRole(this.#at, "remove-role", asRole(role), options.signal)
  }

  /** Gives a member role what was said before: out of the vault, or where it was brought in without.
   * @throws {WardlineError} ERR_NOT_FOUND for a role that is no member; ERR_OFFLINE, ERR_ABORTED */
  async grantHistory(role: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    await grantPast(this.#at, isRole(asRole(role)), options.signal)
  }

  /** The roles that take part. */
  get roles(): readonly string[] {
    return this.#at.engine.transcript.roles
  }

  /** The roles that this device may bring in: none where the policy doesn't let it. */
  get addableRoles(): readonly string[] {
    const { engine, host } = this.#at
    const { roles } = engine.transcript
    const { state } = host.directory
    const mine = rolesOf(state, host.device.id).filter(({ role }) => roles.includes(role))
    if (!mine.some(({ role }) => roleRuleAt(state, role).mayChangeMembers)) return []
    const archive = archiveRoleAt(state)
    return (state.policy?.roleRules ?? [])
      .map(({ role }) => role)
      .filter((role) => role !== archive && !roles.includes(role) && newestRoleKey(state, role) !== undefined)
  }

  /** Stops following it on this device. */
  leave(): void {
    this.#onLeave()
  }
}
