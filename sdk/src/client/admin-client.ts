/** Administration: staff, devices, roles, policy and consent texts, each change a set of signed directory records. */
import { abortable, throwIfAborted } from "../abort.ts"
import { copyBytes, equalBytes, toHex } from "../bytes.ts"
import { composeShred } from "../conversation/index.ts"
import {
  cryptoReady,
  type Device,
  deviceFromSeeds,
  sha256,
  signingKeyPair,
  signRootRecord,
  wrappingKeyPair,
} from "../crypto/index.ts"
import { type DirectoryState, deviceAt, isAdmin, roleKeyOf } from "../directory/index.ts"
import { WardlineError } from "../errors.ts"
import { asRole, parseId, type Role } from "../ids.ts"
import {
  type DeviceKeys,
  deviceIdOf,
  encodeAdminAdd,
  encodeConsentText,
  encodeDeviceAdd,
  encodeDeviceReference,
  encodeDeviceRoles,
  encodeRecovery,
  type ShredReason,
} from "../protocol/index.ts"
import { AuditLogReader, type LogReaderHost } from "./audit/log-reader.ts"
import { visitAs } from "./brief-visit.ts"
import type { Localized } from "./clinic-info.ts"
import {
  type ClinicPolicy,
  localizedText,
  policyBody,
  policyOf,
  rolesOfPolicy,
  withRoleRules,
} from "./clinic-policy.ts"
import type { ClientCore } from "./core.ts"
import { type CreatedClinic, createClinic, type NewClinic } from "./create-clinic.ts"
import { type DirectoryAuthor, extendDirectory } from "./directory-author.ts"
import { postDirectory } from "./directory-http.ts"
import { DirectoryTracker } from "./directory-tracker.ts"
import { type ClientContext, type ClientOptions, readOptions } from "./options.ts"
import { grantHistory, mendRoles, renewRole, welcome } from "./role-rotation.ts"
import { type HeldRoleKey, RoleSeeds } from "./role-seeds.ts"
import { ClinicStorage, type DeviceSeeds, randomSeeds } from "./storage.ts"

export interface NewStaff {
  /** As colleagues and patients will see it. */
  readonly name: string
  readonly roles: readonly { readonly role: string; readonly keeper?: boolean }[]
  /** The public keys that the device made for itself (`createDevice`); made here unless given. */
  readonly keys?: DeviceKeys
  /** Milliseconds since 1970; never unless given. */
  readonly expiresMs?: number
}

export interface Enrolled {
  /** Hexadecimal. */
  readonly deviceId: string
  /** For `enrolDevice` on that person's device, where the keys were made here. */
  readonly seeds?: DeviceSeeds
}

/** An administrator's device. It works over HTTP alone and holds every role's key, so that it can grant them; the
 * root key is only where it is passed in. Each change ends with an attest. */
export class AdminClient {
  readonly #context: ClientContext
  readonly #tracker: DirectoryTracker
  readonly #storage: ClinicStorage
  readonly #device: Device
  readonly #roleSeeds: RoleSeeds
  #changing: Promise<void> = Promise.resolve()

  private constructor(
    context: ClientContext,
    storage: ClinicStorage,
    tracker: DirectoryTracker,
    device: Device,
  ) {
    this.#context = context
    this.#storage = storage
    this.#tracker = tracker
    this.#device = device
    this.#roleSeeds = new RoleSeeds(device)
  }

  /** Destroys a conversation for good: the relay destroys its shred key, and with it every copy anywhere. It can't be
   * undone. The record that it was, and when, stays.
   * @param conversationId - hexadecimal.
   * @throws {WardlineError} ERR_NOT_FOUND, ERR_CLOSED if it was destroyed before, ERR_OFFLINE, ERR_ABORTED */
  async shred(conversationId: string, reason: ShredReason): Promise<void> {
    const { signal } = this.#context
    await this.#visit(signal, async (core) => {
      const composer = { device: this.#device, directory: core.directory.state, nowMs: core.now() }
      const record = composeShred(composer, parseId(conversationId), reason)
      await core.onSession(signal, (session) => session.publish(record, signal))
    })
  }

  /** The clinic's whole audit log; that somebody reads it is an entry itself. Each `read` connects and disconnects.
   * @param options.from - the first sequence to read; 1 unless given. */
  auditLog(options: { from?: number } = {}): AuditLogReader {
    const { relay, now } = this.#context
    const at = { device: this.#device, directory: this.#tracker, storage: this.#storage, relay, now }
    const onSession: LogReaderHost["onSession"] = async (signal, work) => {
      // Who is who by now, and who signs the log.
      await this.#tracker.refresh()
      return await this.#visit(signal, (core) => core.onSession(signal, work))
    }
    return new AuditLogReader({ ...at, onSession }, options.from)
  }

  async #visit<T>(signal: AbortSignal | undefined, work: (core: ClientCore) => Promise<T>): Promise<T> {
    const { relay, keystore, now, clinicKey } = this.#context
    const options = { relay: relay.href, clinicKey: toHex(clinicKey), keystore, now }
    const visiting = { ...options, ...(signal ? { signal } : {}) }
    return await visitAs(visiting, "staff", this.#device, ({ core }) => work(core))
  }

  /** Makes a new clinic; see {@link createClinic}. Nothing is sent. */
  static createClinic(clinic: NewClinic): Promise<CreatedClinic> {
    return createClinic(clinic)
  }

  /** Gives a new clinic's first records to a relay that expects its key.
   * @throws {WardlineError} what the relay says; ERR_OFFLINE, ERR_ABORTED, ERR_CONFIG. */
  static async publish(
    options: Pick<ClientOptions, "relay" | "clinicKey" | "keystore" | "signal">,
    records: readonly Uint8Array[],
  ): Promise<void> {
    await postDirectory(readOptions(options), records)
  }

  /** Opens the clinic's directory as the administrator whose device the keystore holds.
   * @throws {WardlineError} ERR_KEYSTORE without a device; ERR_FORBIDDEN for one that is no administrator's;
   *   ERR_CLINIC_KEY, ERR_ROLLBACK, ERR_FORK, ERR_CONFIG, ERR_OFFLINE, ERR_ABORTED. A stale directory is no
   *   failure: `attest` mends it. */
  static async connect(options: ClientOptions): Promise<AdminClient> {
    const context = readOptions(options)
    throwIfAborted(context.signal)
    await abortable(cryptoReady(), context.signal)
    const storage = new ClinicStorage(context.keystore, context.clinicId)
    const device = await storage.loadDevice()
    if (device === undefined) throw new WardlineError("ERR_KEYSTORE", "this device isn't enrolled")
    const tracker = await DirectoryTracker.load(context, storage, { device: device.id })
    await tracker.refresh()
    if (!isAdmin(tracker.state, device.id)) {
      throw new WardlineError("ERR_FORBIDDEN", "this device isn't an administrator's")
    }
    await tracker.persist()
    return new AdminClient(context, storage, tracker, device)
  }

  /** Of this administrator, hexadecimal. */
  get deviceId(): string {
    return toHex(this.#device.id)
  }

  /** The directory as this device has checked it. */
  get directory(): DirectoryState {
    return this.#tracker.state
  }

  /** The policy in force.
   * @throws {WardlineError} ERR_NOT_FOUND before there is one. */
  get policy(): ClinicPolicy {
    const { policy } = this.directory
    if (policy === undefined) throw new WardlineError("ERR_NOT_FOUND", "the clinic has no policy yet")
    return policyOf(policy)
  }

  /** Fetches what others have changed. */
  async refresh(): Promise<void> {
    await this.#tracker.refresh()
  }

  /** Adds a staff device and gives it the keys of its roles, as far back as the policy lets it read; a role that is
   * new, or whose history nobody who joins may read, gets a new one.
   * @throws {WardlineError} ERR_FORBIDDEN for keys that were registered before, or a role whose key this
   *   administrator doesn't hold; ERR_MALFORMED for names and keys that can't be used. */
  async addStaff(staff: NewStaff): Promise<Enrolled> {
    const seeds = staff.keys === undefined ? randomSeeds() : undefined
    const keys = staff.keys ?? publicKeysOf(seeds as DeviceSeeds)
    const roles = staff.roles.map(({ role, keeper = false }) => ({ role: asRole(role), keeper }))
    const id = deviceIdOf(sha256, keys.signing, keys.wrapping)
    await this.#change((author) => {
      this.#ruleNewRoles(author, roles)
      const body = encodeDeviceAdd({ keys, name: staff.name, roles, expires: staff.expiresMs ?? 0 })
      author.add("device-add", body)
      for (const { role } of roles) welcome(author, this.#roleSeeds, id, role)
    })
    const deviceId = toHex(id)
    return seeds === undefined ? { deviceId } : { deviceId, seeds }
  }

  /** Revokes a staff device and renews every role key that it held, in one change.
   * @param deviceId - hexadecimal.
   * @throws {WardlineError} ERR_NOT_FOUND, ERR_REVOKED */
  async revokeDevice(deviceId: string): Promise<void> {
    const id = parseId(deviceId)
    await this.#change((author) => {
      const device = deviceAt(author.state, id)
      if (device?.kind !== "staff") throw new WardlineError("ERR_NOT_FOUND", "no such staff device")
      author.add("device-revoke", encodeDeviceReference(id))
      for (const { role } of device.roles) renewRole(author, role)
    })
  }

  /** Changes what a staff device may do, in one change: roles that it loses get a new key, of those that it gains it
   * gets the keys, as far back as the policy lets it read. With the roles that it has already it gets what the policy
   * has come to allow.
   * @param deviceId - hexadecimal.
   * @param roles - all of them from now on; at least one.
   * @throws {WardlineError} ERR_NOT_FOUND, ERR_REVOKED; ERR_MALFORMED without a role; ERR_FORBIDDEN for a role whose
   *   key this administrator doesn't hold. */
  async setRoles(deviceId: string, roles: NewStaff["roles"]): Promise<void> {
    const id = parseId(deviceId)
    const wanted = roles.map(({ role, keeper = false }) => ({ role: asRole(role), keeper }))
    await this.#change((author) => {
      const device = deviceAt(author.state, id)
      if (device?.kind !== "staff") throw new WardlineError("ERR_NOT_FOUND", "no such staff device")
      this.#ruleNewRoles(author, wanted)
      author.add("device-roles", encodeDeviceRoles({ device: id, roles: wanted }))
      const had = new Set(device.roles.map(({ role }) => role))
      for (const { role } of wanted) {
        if (!had.delete(role)) welcome(author, this.#roleSeeds, id, role)
        else grantHistory(author, this.#roleSeeds.generationsOf(role), id)
      }
      for (const role of had) renewRole(author, role)
    })
  }

  /** Makes a role with its first key.
   * @throws {WardlineError} ERR_CONFLICT if it exists; ERR_MALFORMED for its name. */
  async addRole(role: string): Promise<void> {
    await this.#change((author) => {
      if (author.state.roleKeys.has(asRole(role)))
        throw new WardlineError("ERR_CONFLICT", "the role exists already")
      this.#ruleNewRoles(author, [{ role: asRole(role) }])
      renewRole(author, asRole(role))
    })
  }

  /** Renews a role's key and gives it to every member.
   * @throws {WardlineError} ERR_NOT_FOUND */
  async rotateRole(role: string): Promise<void> {
    await this.#change((author) => {
      if (!author.state.roleKeys.has(asRole(role))) throw new WardlineError("ERR_NOT_FOUND", "no such role")
      renewRole(author, asRole(role))
    })
  }

  /** Changes the policy; what isn't given stays. Roles that are new get their first key.
   * @param changes - or what makes the whole new policy out of the one in force; called again if another change came
   *   first.
   * @throws {WardlineError} ERR_CONFIG */
  async setPolicy(changes: Partial<ClinicPolicy> | ((policy: ClinicPolicy) => ClinicPolicy)): Promise<void> {
    await this.#change((author) => {
      const before = this.policy
      const stated = typeof changes === "function" ? changes(before) : { ...before, ...changes }
      const created = rolesOfPolicy(stated).filter((role) => !author.state.roleKeys.has(role))
      author.add("policy", policyBody(withRoleRules(stated, created)))
      for (const role of created) renewRole(author, role)
    })
  }

  /** Publishes a consent text's next version. Conversations from now on need consent to it.
   * @param consent.texts - by language; the first is the default. */
  async setConsentText(consent: { readonly id: string; readonly texts: Localized }): Promise<void> {
    const id = asRole(consent.id)
    await this.#change((author) => {
      const version = (author.state.consentTexts.findLast((text) => text.id === id)?.version ?? 0) + 1
      author.add("consent-text", encodeConsentText({ id, version, texts: localizedText(consent.texts) }))
    })
  }

  /** Adds an administrator, by the root key, and gives her every role's keys.
   * @param admin.rootSeed - 32 bytes; not kept.
   * @throws {WardlineError} ERR_CLINIC_KEY for another clinic's root key. */
  async addAdmin(admin: { rootSeed: Uint8Array; name: string; keys?: DeviceKeys }): Promise<Enrolled> {
    const seeds = admin.keys === undefined ? randomSeeds() : undefined
    const keys = admin.keys ?? publicKeysOf(seeds as DeviceSeeds)
    const id = deviceIdOf(sha256, keys.signing, keys.wrapping)
    await this.#change((author) => {
      const body = encodeAdminAdd({ keys, name: admin.name })
      author.take(
        signRootRecord(signingKeyPair(admin.rootSeed), { type: "admin-add", issued: author.nowMs }, body),
      )
      for (const role of author.state.roleKeys.keys()) {
        for (const key of this.#roleSeeds.generationsOf(role)) author.grant(key, { id, keys })
      }
    })
    const deviceId = toHex(id)
    return seeds === undefined ? { deviceId } : { deviceId, seeds }
  }

  /** Removes another administrator, by the root key, and renews every role's key, as she held them all.
   * @param admin.deviceId - hexadecimal.
   * @throws {WardlineError} ERR_FORBIDDEN for this administrator herself, and for one that there isn't; ERR_REVOKED. */
  async removeAdmin(admin: { rootSeed: Uint8Array; deviceId: string }): Promise<void> {
    const id = parseId(admin.deviceId)
    // Her own next record, which renews the keys, would be refused.
    if (equalBytes(id, this.#device.id))
      throw new WardlineError("ERR_FORBIDDEN", "another administrator has to remove this one")
    await this.#change((author) => {
      const header = { type: "admin-remove", issued: author.nowMs } as const
      author.take(signRootRecord(signingKeyPair(admin.rootSeed), header, encodeDeviceReference(id)))
      for (const role of [...author.state.roleKeys.keys()]) renewRole(author, role)
    })
  }

  /** A role's key, to be split among several people.
   * @param generation - the newest unless given.
   * @throws {WardlineError} ERR_NOT_FOUND for a role or generation that there isn't; ERR_FORBIDDEN if this
   *   administrator doesn't hold it. */
  roleSeed(role: string, generation?: number): HeldRoleKey {
    const wanted = generation ?? this.directory.roleKeys.get(asRole(role))?.length ?? 0
    if (roleKeyOf(this.directory, asRole(role), wanted) === undefined)
      throw new WardlineError("ERR_NOT_FOUND", "the role has no such generation")
    this.#roleSeeds.update(this.directory)
    const seed = this.#roleSeeds.get(role, wanted)
    if (seed === undefined)
      throw new WardlineError("ERR_FORBIDDEN", "this administrator doesn't hold that key of the role")
    return { role: asRole(role), generation: wanted, seed: copyBytes(seed) }
  }

  /** Takes back a role's key that was put together from its shares, and puts on record that it was. The administrator
   * can grant it again then.
   * @param recovered.keyName - what the record calls it, such as "archive".
   * @param recovered.reason - for everybody who reads the directory: no patient's name.
   * @throws {WardlineError} ERR_NOT_FOUND for a role or generation that there isn't; ERR_CLINIC_KEY for a seed of
   *   another key. */
  async recoverRole(recovered: HeldRoleKey & { keyName: string; reason: string }): Promise<void> {
    const { role, generation, seed, keyName, reason } = recovered
    await this.#change((author) => {
      const key = roleKeyOf(author.state, role, generation)
      if (key === undefined) throw new WardlineError("ERR_NOT_FOUND", "the role has no such generation")
      if (!equalBytes(wrappingKeyPair(seed).publicKey, key.publicKey))
        throw new WardlineError("ERR_CLINIC_KEY", "the seed is another key's")
      author.add("recovery", encodeRecovery({ keyName, reason }))
      if (this.#roleSeeds.get(role, generation) === undefined) {
        const { id, signing, wrapping } = this.#device
        author.grant(
          { role, generation, seed },
          { id, keys: { signing: signing.publicKey, wrapping: wrapping.publicKey } },
        )
      }
    })
  }

  /** Vouches for the directory as it stands. */
  async attest(): Promise<void> {
    await this.#change(() => {})
  }

  /** Roles that are about to be made get the default rule; a clinic without a policy makes none for them. */
  #ruleNewRoles(author: DirectoryAuthor, roles: readonly { readonly role: Role }[]): void {
    const { policy, roleKeys } = author.state
    const isRuled = (role: Role): boolean => policy?.roleRules.some((rule) => rule.role === role) ?? true
    const created = roles.map(({ role }) => role).filter((role) => !roleKeys.has(role) && !isRuled(role))
    if (policy === undefined || created.length === 0) return
    author.add("policy", policyBody(withRoleRules(policyOf(policy), created)))
  }

  /** One change after the other: those of one device needn't cross. */
  #change(compose: (author: DirectoryAuthor) => void): Promise<void> {
    const done = this.#changing.then(() =>
      extendDirectory(this.#context, this.#tracker, this.#device, (author) => {
        this.#roleSeeds.update(author.state)
        compose(author)
        mendRoles(author, this.#roleSeeds, this.#device)
        author.attest()
      }),
    )
    this.#changing = done.catch(() => {})
    return done
  }
}

function publicKeysOf(seeds: DeviceSeeds): DeviceKeys {
  const { signing, wrapping } = deviceFromSeeds(seeds.signingSeed, seeds.wrappingSeed)
  return { signing: signing.publicKey, wrapping: wrapping.publicKey }
}
