#!/usr/bin/env node
// Checks a Wardline audit export, offline and alone: node:crypto, node:fs, and this one file to read.
//
//     node verify-audit.mjs EXPORT [--clinic-key HEX] [--noted N:HASH] [--checkpoint FILE]…
//
// It shares no code with Wardline. It was written from the descriptions: docs/audit-export.md says what a line is and
// what has to be checked in which order, docs/protocol.md what entries, records and the directory are. It does what
// `wardline audit verify` does, and on every file the two must say the same.
//
// Exit code 0: the log is whole. 1: it isn't, and the first wrong thing is named. 2: the command is wrong.
//
// Contents: 1 bytes · 2 signatures · 3 lines · 4 entries · 5 records · 6 the directory · 7 the tree and signed notes ·
// 8 one clinic's log · 9 the file · 10 the command. Bytes that are kept are kept as hexadecimal text.
import { createPublicKey, hash as digest, verify as verifyBytes } from "node:crypto"
import { closeSync, openSync, readFileSync, readSync, realpathSync } from "node:fs"

/** The first thing wrong. `place` may name an entry (`sequence`), or the entries among which it is (`from` too). */
class Wrong extends Error {
  constructor(message, place = {}) {
    super(message)
    this.place = place
  }
}

// ---- 1 bytes ------------------------------------------------------------------------------------------------------

const sha256 = (...parts) => digest("sha256", parts.length === 1 ? parts[0] : Buffer.concat(parts), "hex")
const unhex = (text) => Buffer.from(text, "hex")
const ZEROS = "00".repeat(32)

function u64(number) {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(number))
  return bytes
}

/** Bytes from padded base64 that has the one spelling it can have (RFC 4648, section 4). */
function unbase64(text) {
  const bytes = Buffer.from(text, "base64")
  if (bytes.toString("base64") !== text) throw new Wrong("isn't base64 as it must be")
  return bytes
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
function text(bytes) {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Wrong("isn't UTF-8")
  }
}

/** Reads a fixed layout, strictly: what is missing, too large or left over is wrong. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes
    this.at = 0
  }
  take(length) {
    if (this.at + length > this.bytes.length) throw new Wrong("ends too early")
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }
  hex(length) {
    return this.take(length).toString("hex")
  }
  number(length) {
    const value = this.take(length).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Wrong("has a number over 2^53 - 1")
    return Number(value)
  }
  count(least, most) {
    const value = this.number(1)
    if (value < least || value > most) throw new Wrong("has a count outside its limits")
    return value
  }
  flag() {
    return this.count(0, 1) === 1
  }
  lp16(most) {
    const length = this.number(2)
    if (length > most) throw new Wrong("has a part over its limit")
    return this.take(length)
  }
  lp32(most) {
    const length = this.number(4)
    if (length > most) throw new Wrong("has a part over its limit")
    return this.take(length)
  }
  name() {
    return text(this.lp16(100))
  }
  slug() {
    const slug = text(this.lp16(32))
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(slug)) throw new Wrong("has a name that isn't a slug")
    return slug
  }
  list(count, read) {
    return Array.from({ length: count }, () => read(this))
  }
  end() {
    if (this.at !== this.bytes.length) throw new Wrong("has bytes left over")
  }
}

function distinct(items) {
  if (new Set(items).size !== items.length) throw new Wrong("names something twice")
  return items
}

// ---- 2 signatures -------------------------------------------------------------------------------------------------

/** Points of small order of Ed25519 by y, and of X25519 by u (little-endian, the top bit cleared): under such a key a
 * signature can hold for many messages, and a shared secret is zero. Whoever accepts one accepts a forgery. */
const SMALL_Y = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]
const SMALL_U = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
]
/** p - 1, p and p + 1 = 2^255 - 19 … : the same points, written otherwise. */
const NEAR_P = ["ec", "ed", "ee"].map((first) => `${first}${"ff".repeat(30)}7f`)

function isSmall(point, list) {
  const bytes = Buffer.from(point)
  bytes[31] &= 0x7f
  return list.includes(bytes.toString("hex")) || NEAR_P.includes(bytes.toString("hex"))
}

const SPKI = unhex("302a300506032b6570032100")

/** Ed25519 (RFC 8032). */
function isSigned(keyHex, message, signature) {
  const key = unhex(keyHex)
  if (signature.length !== 64 || isSmall(key, SMALL_Y) || isSmall(signature.subarray(0, 32), SMALL_Y))
    return false
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, key]), format: "der", type: "spki" })
  return verifyBytes(null, message, publicKey, signature)
}

// ---- 3 lines ------------------------------------------------------------------------------------------------------

const HEX = (bytes) => (value) =>
  typeof value === "string" && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)
const COUNT = (value) => Number.isSafeInteger(value) && value >= 0
const TEXT = (value) => typeof value === "string"
const RECORD = (value) => {
  const keys = Object.keys(value ?? {}).join()
  return (
    (keys === "hash,link" || (keys === "hash,link,bytes" && TEXT(value.bytes))) &&
    HEX(32)(value.hash) &&
    HEX(32)(value.link)
  )
}

/** What each kind of line holds, in this order; a field with "?" may be missing. */
const LINES = {
  wardline: { wardline: (v) => v === "audit-export", version: (v) => v === 2, relay: TEXT, created: COUNT },
  clinic: { clinic: HEX(16), rootKey: HEX(32), "checkpoint?": TEXT, "witnessed?": TEXT },
  entry: { entry: TEXT, "record?": RECORD },
  log: { log: COUNT, head: HEX(32) },
  scope: { scope: HEX(16), records: COUNT, link: HEX(32) },
  clinicEnd: { clinicEnd: HEX(16) },
  end: { end: (v) => v === true, clinics: COUNT },
}

/** A line's fields, and which kind of line it is: its first field. Spelled otherwise than JSON.stringify does, it is none. */
function readLine(bytes) {
  const line = text(bytes)
  let fields
  let spelled
  try {
    fields = JSON.parse(line)
    spelled = JSON.stringify(fields)
  } catch {
    throw new Wrong("the line isn't JSON, or nested beyond reason")
  }
  const keys = Object.keys(fields ?? {})
  const kind = Object.hasOwn(LINES, keys[0] ?? "") ? keys[0] : undefined
  if (kind === undefined || spelled !== line) throw new Wrong("not a line of an audit export")
  const left = [...keys]
  for (const [name, isRight] of Object.entries(LINES[kind])) {
    const key = name.replace("?", "")
    if (left[0] === key) left.shift()
    else if (name.endsWith("?")) continue
    else throw new Wrong(`the line has no ${key} where it belongs`)
    if (!isRight(fields[key])) throw new Wrong(`the line's ${key} isn't one`)
  }
  if (left.length > 0) throw new Wrong("the line has more than it should")
  if (kind === "entry") {
    fields.entry = unbase64(fields.entry)
    if (fields.entry.length !== 212) throw new Wrong("an entry that isn't 212 bytes")
    if (fields.record?.bytes !== undefined) fields.record.bytes = unbase64(fields.record.bytes)
  }
  return { kind, fields }
}

// ---- 4 entries ----------------------------------------------------------------------------------------------------

const EVENTS = [1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 26, 32, 34, 35, 45, 48, 49, 50, 51]
/** Actions of entries that name a record. */
const RECORD_ACTIONS = [
  6, 7, 20, 21, 22, 23, 24, 25, 27, 28, 29, 30, 31, 33, 36, 37, 38, 39, 40, 41, 42, 43, 44, 46, 47,
]
/** Actions that may be noted as refused or failed; what stored or gave out something did so. */
const FALLIBLE_ACTIONS = [4, 10, 11, 12, 35, 50, 51]
const MESSAGE_ACTION = 7
/** The last instant that a Date can hold, in milliseconds. */
const MAX_TIME_MS = 8_640_000_000_000_000

/** The 212 bytes of docs/protocol.md, Audit entry. Where what it holds is wrong by itself, `problem` says so. */
function readEntry(bytes) {
  const hex = (from, to) => bytes.toString("hex", from, to)
  const numbers = [4, 12, 84, 172].map((at) => bytes.readBigUInt64BE(at))
  const [sequence, time, position, before] = numbers.map(Number)
  const entry = {
    action: bytes[1],
    purpose: bytes[3],
    sequence,
    time,
    actor: hex(20, 36),
    role: bytes.toString("latin1", 36, 68).replace(/\0+$/, ""),
    scope: hex(68, 84),
    position,
    recordHash: hex(92, 124),
    link: hex(124, 156),
    before,
    previous: hex(180, 212),
    leafHash: sha256(Buffer.of(0), bytes),
  }
  return { ...entry, problem: problemOf(bytes, entry, numbers) }
}

function problemOf(bytes, { action, purpose, role, recordHash }, numbers) {
  if (bytes[0] !== 1) return "is of an unknown version"
  const namesRecord = RECORD_ACTIONS.includes(action)
  if (!namesRecord && !EVENTS.includes(action)) return "has an unknown action"
  if (bytes[2] > 2) return "has an unknown outcome"
  if (bytes[2] > 0 && !FALLIBLE_ACTIONS.includes(action)) return "its action and its outcome don't fit"
  if (purpose > 9) return "has an unknown purpose"
  if (numbers.some((number) => number > BigInt(Number.MAX_SAFE_INTEGER))) return "has a number over 2^53 - 1"
  if (numbers[1] > BigInt(MAX_TIME_MS)) return "has a time that no calendar has"
  if (role !== "" && !/^[a-z][a-z0-9-]*$/.test(role)) return "has a role that is none"
  if (namesRecord === (recordHash === ZEROS)) return "its action and its record don't fit"
  return undefined
}

// ---- 5 records ----------------------------------------------------------------------------------------------------

const DIRECTORY_TYPES = {
  1: "policy",
  2: "consent-text",
  3: "admin-add",
  4: "admin-remove",
  5: "device-add",
  6: "device-revoke",
  7: "role-key",
  8: "role-grant",
  9: "attest",
  10: "device-roles",
  11: "recovery",
}
const MAX_BODY = 98_304
const ACCESS = 0x25
/** What an entry calls a record, by the record's type. An access is called by its purpose. */
const ACTION_OF_TYPE = {
  ...{ 1: 36, 2: 44, 3: 37, 4: 37, 5: 38, 6: 39, 7: 41, 8: 42, 9: 43, 10: 40, 11: 47 },
  ...{ 32: 27, 33: 28, 34: 29, 35: 7, 36: 20, 38: 21, 39: 33, 40: 23, 41: 22, 42: 24, 43: 25 },
}

/** A record without its detached part: header 48, body, signature 64. */
function readRecord(bytes) {
  const length = bytes.length < 112 ? -1 : bytes.readUInt32BE(44)
  if (bytes.toString("latin1", 0, 3) !== "WL\u0001" || length !== bytes.length - 112)
    throw new Wrong("its record is none")
  return {
    type: bytes[3],
    scope: bytes.toString("hex", 4, 20),
    issuer: bytes.toString("hex", 20, 36),
    issued: bytes.readBigUInt64BE(36),
    body: bytes.subarray(48, -64),
    signed: bytes.subarray(0, -64),
    signature: bytes.subarray(-64),
    hex: bytes.toString("hex"),
  }
}

/** The action that an entry must have for a record. */
function actionOf(record, entry) {
  if (record.type !== ACCESS) return ACTION_OF_TYPE[record.type]
  const reader = new Reader(record.body)
  const role = reader.lp16(32).toString("latin1")
  const purpose = reader.number(1)
  if (role !== entry.role || purpose !== entry.purpose) return undefined
  if (purpose === 2 || purpose === 3) return 31
  return purpose >= 7 ? 46 : 30
}

/** An entry must call its record what the record says that it is. */
function checkKind(record, entry) {
  let action
  try {
    action = actionOf(record, entry)
  } catch {
    action = undefined
  }
  if (action !== entry.action) throw new Wrong("calls its record something else than it is")
  if (record.scope !== entry.scope) throw new Wrong("its record belongs to another chain")
  if (record.issuer !== entry.actor) throw new Wrong("its record is by somebody else")
}

// ---- 6 the directory ----------------------------------------------------------------------------------------------
// Who belongs to the clinic, in which role; which keys count. Everything in it is signed, from the root key on. The
// rules are those of docs/protocol.md, Directory; devices are told by their ids.

const DAY_AND_HOUR_MS = 25 * 60 * 60 * 1000

function newDirectory(rootKey, clinic) {
  if (isSmall(unhex(rootKey), SMALL_Y)) throw new Wrong("the clinic's key can't be one")
  return {
    rootKey,
    clinic,
    position: 0,
    link: sha256(Buffer.from("wl1/chain"), unhex(clinic)),
    policies: [],
    consentVersions: new Map(),
    /** id → { kind, signing, roles: [{ role, keeper, joined }], expires, isRevoked } */
    devices: new Map(),
    /** role → [{ madeMs, position }], by generation from 1 */
    roleKeys: new Map(),
    /** Of every public key that was ever registered. */
    keyHashes: new Set([sha256(unhex(rootKey))]),
    attestedMs: 0,
    /** What snapshots are made of: { position, issuer, hex }. */
    kept: { policy: undefined, consentText: undefined, roleKeys: new Map(), devices: new Map() },
  }
}

const readKeys = (r) => ({ signing: r.hex(32), wrapping: r.hex(1216) })
const readRoles = (r) => {
  const roles = r.list(r.count(1, 32), () => ({ role: r.slug(), keeper: r.flag() }))
  distinct(roles.map(({ role }) => role))
  return roles
}
const readLocalized = (r) => {
  const languages = r.list(r.count(1, 64), () => {
    const language = r.name()
    text(r.lp32(32_768))
    return language
  })
  distinct(languages)
}
const readOptionalRole = (r) => {
  const at = r.at
  if (r.lp16(32).length === 0) return
  r.at = at
  r.slug()
}

function readPolicy(r) {
  const logKey = r.flag() ? r.hex(32) : undefined
  const witnesses = r.list(r.count(0, 16), () => ({ name: r.name(), key: r.hex(32) }))
  if (!witnesses.every(({ name }) => /^[!-*,-~]+$/.test(name)))
    throw new Wrong("has a witness's name that is none")
  distinct(witnesses.map(({ name }) => name))
  distinct(witnesses.map(({ key }) => key))
  if (witnesses.some(({ key }) => key === logKey)) throw new Wrong("has the log's own key as a witness")
  const quorum = r.count(0, witnesses.length)
  const freshness = r.number(4)
  r.number(4) // retention
  r.number(1) // minimum version
  readLocalized(r) // the clinic's name
  readLocalized(r) // the emergency line
  r.name() // time zone
  r.list(r.count(0, 64), () => {
    const [weekday, opens, closes] = [r.number(1), r.number(2), r.number(2)]
    if (weekday > 6 || opens >= closes || closes > 1440) throw new Wrong("has opening hours that are none")
  })
  const topics = r.list(r.count(0, 64), () => {
    const id = r.slug()
    readLocalized(r)
    r.number(2) // reply within
    distinct(r.list(r.count(1, 32), () => r.slug()))
    return id
  })
  distinct(topics)
  readOptionalRole(r) // archive role
  readOptionalRole(r) // audit role
  const rules = r.list(r.count(0, 32), () => {
    const role = r.slug()
    const history = ["none", "since", "all"][r.count(0, 2)]
    const sinceMs = r.number(8)
    if (sinceMs !== 0 && history !== "since") throw new Wrong("has a date without its history rule")
    r.number(4) // rotation
    r.flag() // may change members
    return { role, history, sinceMs }
  })
  distinct(rules.map(({ role }) => role))
  for (const key of [logKey, ...witnesses.map((witness) => witness.key)])
    if (key !== undefined && isSmall(unhex(key), SMALL_Y)) throw new Wrong("has a key that is unusable")
  if (freshness === 0) throw new Wrong("has a freshness limit of zero")
  return { logKey, witnesses, quorum, rules }
}

const BODIES = {
  policy: readPolicy,
  "consent-text": (r) => {
    const body = { id: r.slug(), version: r.number(4) }
    readLocalized(r)
    return body
  },
  "admin-add": (r) => ({ keys: readKeys(r), name: r.name() }),
  "admin-remove": (r) => ({ device: r.hex(16) }),
  "device-add": (r) => ({ keys: readKeys(r), name: r.name(), roles: readRoles(r), expires: r.number(8) }),
  "device-revoke": (r) => ({ device: r.hex(16) }),
  "role-key": (r) => ({
    role: r.slug(),
    generation: r.number(4),
    key: r.take(1216),
    from: r.number(8),
    until: r.number(8),
  }),
  "role-grant": (r) => ({ role: r.slug(), generation: r.number(4), device: r.hex(16), wrapHash: r.hex(32) }),
  attest: (r) => ({ position: r.number(8), link: r.hex(32), snapshotHash: r.hex(32) }),
  "device-roles": (r) => ({ device: r.hex(16), roles: readRoles(r) }),
  recovery: (r) => ({ keyName: r.slug(), reason: text(r.lp16(500)) }),
}

/** Takes the directory's next record, or refuses it. */
function addToDirectory(directory, record) {
  const type = DIRECTORY_TYPES[record.type]
  if (type === undefined) throw new Wrong("isn't of a directory's kinds")
  if (record.issued > BigInt(Number.MAX_SAFE_INTEGER) || record.body.length > MAX_BODY)
    throw new Wrong("is over its limits")
  const reader = new Reader(record.body)
  const body = BODIES[type](reader)
  reader.end()
  const issued = Number(record.issued)
  if (directory.position === 0 && type !== "admin-add") throw new Wrong("isn't what a directory begins with")
  const key = issuerKey(directory, record.issuer, type, body, issued)
  const tag = Buffer.from(`wl1/${type}`)
  if (!isSigned(key, Buffer.concat([Buffer.of(tag.length), tag, record.signed]), record.signature))
    throw new Wrong("has a wrong signature")
  const position = directory.position + 1
  applyToDirectory(directory, type, body, record, issued, position)
  keepForSnapshots(directory.kept, type, body, { position, issuer: record.issuer, hex: record.hex })
  directory.position = position
  directory.link = sha256(
    Buffer.from("wl1/link"),
    unhex(directory.link),
    u64(position),
    unhex(sha256(unhex(record.hex))),
  )
}

/** When something is judged that claims to be of `ms`: not before what had been attested by then, less 25 hours. */
const judgedMs = (directory, ms) =>
  Math.max(ms, directory.attestedMs === 0 ? ms : directory.attestedMs - DAY_AND_HOUR_MS)
const hasExpired = ({ expires }, ms) => expires !== 0 && ms >= expires

/** The key with which the record must be signed: its issuer must have the right to it. */
function issuerKey(directory, issuer, type, body, issued) {
  const isRoots = type === "admin-add" || type === "admin-remove"
  if (issuer === directory.clinic) {
    if (!isRoots && type !== "policy" && type !== "recovery")
      throw new Wrong("isn't for the root key to issue")
    return directory.rootKey
  }
  if (isRoots) throw new Wrong("is for the root key alone")
  const device = directory.devices.get(issuer)
  if (device === undefined || device.isRevoked)
    throw new Wrong("is by somebody who isn't in the directory, or no more")
  if (hasExpired(device, judgedMs(directory, issued))) throw new Wrong("is by a device that has expired")
  if (device.kind === "staff") {
    const isKeeper =
      type === "attest"
        ? device.roles.some(({ keeper }) => keeper)
        : (type === "role-key" || type === "role-grant") &&
          device.roles.some(({ role, keeper }) => keeper && role === body.role)
    if (!isKeeper) throw new Wrong("is not for this device to issue")
  }
  return device.signing
}

function registerKey(directory, bytes) {
  const hash = sha256(bytes)
  if (directory.keyHashes.has(hash)) throw new Wrong("registers a key that was registered before")
  directory.keyHashes.add(hash)
}

function addDevice(directory, kind, { keys, roles, expires }) {
  const [signing, wrapping] = [unhex(keys.signing), unhex(keys.wrapping)]
  if (isSmall(signing, SMALL_Y) || isSmall(wrapping.subarray(-32), SMALL_U))
    throw new Wrong("has a key that is unusable")
  registerKey(directory, signing)
  registerKey(directory, wrapping)
  const id = deviceId(keys)
  directory.devices.set(id, { kind, signing: keys.signing, roles, expires, isRevoked: false })
}

const deviceId = ({ signing, wrapping }) =>
  sha256(Buffer.from("wl1/device"), unhex(signing), unhex(wrapping)).slice(0, 32)

/** A device of that kind which wasn't revoked. */
function liveDevice(directory, id, kind) {
  const device = directory.devices.get(id)
  if (device === undefined || device.isRevoked || (kind !== undefined && device.kind !== kind))
    throw new Wrong("is about a device that isn't there, or no more, or of another kind")
  return device
}

function applyToDirectory(directory, type, body, record, issued, position) {
  const join = (roles, before) =>
    roles.map(({ role, keeper }) => {
      const known = before.find((membership) => membership.role === role)
      return { role, keeper, joined: known?.joined ?? position }
    })
  switch (type) {
    case "policy":
      directory.policies.push(body)
      return
    case "consent-text":
      if (body.version !== (directory.consentVersions.get(body.id) ?? 0) + 1)
        throw new Wrong("isn't the text's next version")
      directory.consentVersions.set(body.id, body.version)
      return
    case "admin-add":
      addDevice(directory, "admin", { ...body, roles: [], expires: 0 })
      return
    case "device-add":
      addDevice(directory, "staff", { ...body, roles: join(body.roles, []) })
      return
    case "admin-remove":
      liveDevice(directory, body.device, "admin").isRevoked = true
      return
    case "device-revoke":
      liveDevice(directory, body.device, "staff").isRevoked = true
      return
    case "device-roles": {
      const device = liveDevice(directory, body.device, "staff")
      device.roles = join(body.roles, device.roles)
      return
    }
    case "role-key": {
      const generations = directory.roleKeys.get(body.role) ?? []
      if (body.generation !== generations.length + 1) throw new Wrong("isn't the role's next generation")
      if (isSmall(body.key.subarray(-32), SMALL_U)) throw new Wrong("has a key that is unusable")
      if (body.from >= body.until) throw new Wrong("has a key that is never valid")
      registerKey(directory, body.key)
      generations.push({ madeMs: judgedMs(directory, issued), position })
      directory.roleKeys.set(body.role, generations)
      return
    }
    case "role-grant": {
      const key = directory.roleKeys.get(body.role)?.[body.generation - 1]
      if (key === undefined) throw new Wrong("grants a generation that isn't there")
      const receiver = liveDevice(directory, body.device)
      if (hasExpired(receiver, judgedMs(directory, issued)))
        throw new Wrong("grants to a device that has expired")
      if (!mayHold(directory, receiver, body.role, body.generation))
        throw new Wrong("grants to a device that may not hold it")
      return
    }
    case "attest":
      if (body.position !== directory.position || body.link !== directory.link)
        throw new Wrong("attests another history")
      if (body.snapshotHash !== snapshotHash(directory, record.issuer))
        throw new Wrong("attests another snapshot")
      directory.attestedMs = issued
  }
}

/** docs/protocol.md, History. */
function mayHold(directory, device, role, generation) {
  if (device.kind === "admin") return true
  const joined = device.roles.find((membership) => membership.role === role)?.joined
  if (joined === undefined) return false
  const generations = directory.roleKeys.get(role)
  if (generations[generation - 1].position > joined) return true
  const rule = directory.policies.at(-1)?.rules.find((other) => other.role === role)
  if (rule === undefined || rule.history === "all") return true
  const next = generations[generation]
  return rule.history === "since" && (next === undefined || next.madeMs >= rule.sinceMs)
}

function keepForSnapshots(kept, type, body, record) {
  const keepOf = (id) => kept.devices.set(id, [...(kept.devices.get(id) ?? []), record])
  if (type === "policy") kept.policy = record
  if (type === "consent-text") kept.consentText = record
  if (type === "role-key") kept.roleKeys.set(body.role, record)
  if (type === "admin-add" || type === "device-add") keepOf(deviceId(body.keys))
  if (type === "device-roles" || type === "admin-remove" || type === "device-revoke") keepOf(body.device)
}

/** docs/protocol.md, Snapshot: what an attest commits to. */
function snapshotHash({ kept }, attester) {
  const chosen = new Map()
  const devices = new Set()
  const chooseDevice = (id) => {
    if (devices.has(id)) return
    devices.add(id)
    for (const record of kept.devices.get(id) ?? []) choose(record)
  }
  const choose = (record) => {
    if (record === undefined) return
    chosen.set(record.position, record)
    chooseDevice(record.issuer)
  }
  for (const record of [kept.policy, kept.consentText, ...kept.roleKeys.values()]) choose(record)
  chooseDevice(attester)
  const records = [...chosen.values()].sort((a, b) => a.position - b.position)
  if (records.length > 0xffff) throw new Wrong("attests a snapshot that is too large")
  const count = Buffer.alloc(2)
  count.writeUInt16BE(records.length)
  const parts = records.flatMap(({ position, hex }) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(hex.length / 2)
    return [u64(position), length, unhex(hex)]
  })
  return sha256(count, ...parts)
}

// ---- 7 the tree and signed notes ----------------------------------------------------------------------------------

const node = (left, right) => sha256(Buffer.of(1), unhex(left), unhex(right))

/** RFC 6962: a tree's right edge is the roots of its perfect subtrees, the largest first. */
function appendLeaf(tree, leafHash) {
  let hash = leafHash
  for (let rest = tree.size; rest % 2 === 1; rest = Math.floor(rest / 2)) hash = node(tree.edge.pop(), hash)
  tree.edge.push(hash)
  tree.size++
}

const rootOf = ({ edge }) =>
  edge.length === 0 ? sha256(Buffer.alloc(0)) : edge.reduceRight((root, left) => node(left, root))

/** A C2SP signed note with a checkpoint in it: origin, size, root; then an empty line; then signatures. */
function readNote(note) {
  if (note.length > 700_000 || /[\0-\x09\x0b-\x1f]|\p{Cs}/u.test(note)) throw new Wrong("isn't a note's text")
  const gap = note.lastIndexOf("\n\n")
  const lines = note.slice(gap + 2).split("\n")
  if (gap < 0 || lines.pop() !== "" || lines.length < 1 || lines.length > 100)
    throw new Wrong("has no signatures as it must")
  const signatures = lines.map((line) => {
    const [dash, name, base64, ...more] = line.split(" ")
    if (
      dash !== "—" ||
      more.length > 0 ||
      base64 === undefined ||
      !/^[^\p{White_Space}\p{Cc}\p{Cs}+]+$/u.test(name)
    )
      throw new Wrong("has a line that is no signature")
    const bytes = unbase64(base64)
    if (bytes.length <= 4) throw new Wrong("has a signature that is too short")
    return { name, keyId: bytes.toString("hex", 0, 4), hex: bytes.toString("hex", 4) }
  })
  const body = note.slice(0, gap + 1)
  const [origin, size, root, ...rest] = body.split("\n")
  if (!origin || root === undefined || rest.pop() !== "" || rest.includes(""))
    throw new Wrong("isn't a checkpoint")
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw new Wrong("has a size that is none")
  const rootBytes = unbase64(root)
  if (rootBytes.length !== 32) throw new Wrong("has a root that is none")
  return {
    body,
    signatures,
    origin,
    size: Number(size),
    root: rootBytes.toString("hex"),
    hasExtensions: rest.length > 0,
  }
}

const keyId = (name, type, key) => sha256(Buffer.from(`${name}\n`), Buffer.of(type), unhex(key)).slice(0, 8)

/** The witnesses' cosignatures under a note of this log. The log's own signature must be there and hold; so must every
 * signature that names a known key. */
function openNote(note, origin, logKey, witnesses) {
  const by = (name, id) =>
    note.signatures.filter((signature) => signature.name === name && signature.keyId === id)
  const logs = by(origin, keyId(origin, 1, logKey))
  if (logs.length === 0 || !logs.every(({ hex }) => isSigned(logKey, Buffer.from(note.body), unhex(hex))))
    throw new Wrong("isn't signed by the log's key")
  if (note.origin !== origin || note.hasExtensions) throw new Wrong("isn't this log's")
  const cosigned = []
  for (const { name, key } of witnesses) {
    if (key === logKey) continue
    const times = by(name, keyId(name, 4, key)).map(({ hex }) => {
      const bytes = unhex(hex)
      const time = bytes.length === 72 ? new Reader(bytes).number(8) : -1
      if (
        time * 1000 > MAX_TIME_MS ||
        !isSigned(key, Buffer.from(`cosignature/v1\ntime ${time}\n${note.body}`), bytes.subarray(8))
      )
        throw new Wrong(`has a cosignature of ${name} that isn't valid`)
      return time
    })
    if (times.length > 0) cosigned.push({ name, timeSeconds: Math.max(...times) })
  }
  return cosigned
}

// ---- 8 one clinic's log -------------------------------------------------------------------------------------------

/** A relay signs its first checkpoint some seconds after a policy names its key. */
const FIRST_CHECKPOINT_MS = 60_000
const TITLES = {
  checkpoint: "the log's checkpoint",
  witnessed: "the witnessed checkpoint",
  kept: "the checkpoint that was kept",
}

/** @param kept - notes, read, that somebody kept of this clinic's log. */
function beginClinic({ clinic, rootKey, checkpoint, witnessed }, kept) {
  if (clinic !== sha256(Buffer.from("wl1/clinic"), unhex(rootKey)).slice(0, 32))
    throw new Wrong("the clinic's id isn't that of its key")
  const directory = newDirectory(rootKey, clinic)
  const notes = []
  for (const [kind, note] of Object.entries({ checkpoint, witnessed })) {
    if (note === undefined) continue
    try {
      notes.push({ kind, ...readNote(note), actual: undefined })
    } catch (error) {
      throw new Wrong(`${TITLES[kind]} ${error.message}`)
    }
  }
  for (const note of kept) notes.push({ kind: "kept", ...note, actual: undefined })
  const log = {
    clinic,
    rootKey,
    directory,
    notes,
    tree: { size: 0, edge: [] },
    head: ZEROS,
    /** scope → { newest, position, link, recordEntry, isConfirmed } */
    scopes: new Map(),
    /** An entry that doesn't continue the one before it: which of the two is wrong, what follows says. */
    broken: undefined,
    records: 0,
    signableMs: undefined,
    newestMs: 0,
    hasEnded: false,
    cosigned: [],
  }
  noteRoots(log)
  return log
}

/** Notes the log's root for those checkpoints that are of its present size. */
function noteRoots({ notes, tree }) {
  for (const note of notes) if (note.size === tree.size) note.actual = rootOf(tree)
}

/** @param record - what the export says is stored for the entry's record. */
function addEntry(log, bytes, record) {
  const entry = readEntry(bytes)
  if (log.broken !== undefined) breakOff(log, entry.previous)
  const sequence = log.tree.size + 1
  const wrong = (message) => new Wrong(message, { sequence })
  if (entry.problem !== undefined) throw wrong(entry.problem)
  if (entry.sequence > sequence) throw wrong(`is missing: entry ${entry.sequence} stands in its place`)
  if (entry.sequence < sequence) throw wrong(`isn't here: entry ${entry.sequence} stands in its place`)
  if (entry.previous !== log.head) {
    log.broken = { sequence, leafHash: entry.leafHash }
    return
  }
  const scope = log.scopes.get(entry.scope) ?? {
    newest: 0,
    position: 0,
    link: sha256(Buffer.from("wl1/chain"), unhex(entry.scope)),
    recordEntry: 0,
    isConfirmed: false,
  }
  log.scopes.set(entry.scope, scope)
  if (entry.before !== scope.newest)
    throw wrong(`names entry ${entry.before} as the one before it of its scope; that is ${scope.newest}`)
  scope.newest = sequence
  if (!RECORD_ACTIONS.includes(entry.action)) {
    if (record !== undefined) throw wrong("comes with a record that it doesn't name")
  } else {
    try {
      addRecord(log, scope, entry, record)
    } catch (error) {
      if (error instanceof Wrong) throw wrong(error.message)
      throw error
    }
  }
  log.head = entry.leafHash
  log.newestMs = entry.time
  appendLeaf(log.tree, entry.leafHash)
  noteRoots(log)
}

function addRecord(log, scope, entry, record) {
  const { position, recordHash, link } = entry
  if (position !== scope.position + 1)
    throw new Wrong(`names position ${position}; ${scope.position + 1} comes next in its chain`)
  if (record === undefined) throw new Wrong("its record is missing")
  if (record.hash !== recordHash) throw new Wrong("its record was changed")
  if (record.link !== link) throw new Wrong("the link stored with its record was changed")
  const isDirectory = entry.scope === log.clinic
  if (record.bytes === undefined) {
    if (isDirectory || entry.action !== MESSAGE_ACTION) throw new Wrong("its record's bytes are missing")
  } else {
    if (sha256(record.bytes) !== recordHash) throw new Wrong("its record's bytes were changed")
    const parsed = readRecord(record.bytes)
    checkKind(parsed, entry)
    if (!isDirectory && parsed.type < 0x20) throw new Wrong("its record belongs to another chain")
    if (isDirectory) {
      try {
        addToDirectory(log.directory, parsed)
      } catch (error) {
        if (error instanceof Wrong)
          throw new Wrong(`its record isn't the directory's next: it ${error.message}`)
        throw error
      }
      if (log.directory.policies.at(-1)?.logKey !== undefined) log.signableMs ??= entry.time
    }
  }
  const next = sha256(Buffer.from("wl1/link"), unhex(scope.link), u64(position), unhex(recordHash))
  if (next !== link) throw new Wrong("its link doesn't continue its chain")
  scope.position = position
  scope.link = link
  scope.recordEntry = entry.sequence
  log.records++
}

/** An entry didn't continue the one before it. If what follows continues that entry, it is as it was written, and the one
 * before it was changed; otherwise it was changed itself. */
function breakOff({ broken }, continued) {
  if (broken === undefined) return
  const { sequence, leafHash } = broken
  if (sequence > 1 && continued === leafHash)
    throw new Wrong("was changed: the entry after it continues another", { sequence: sequence - 1 })
  throw new Wrong("doesn't continue the entry before it", { sequence })
}

function endEntries(log, entries, head) {
  breakOff(log, head)
  const count = log.tree.size
  if (entries > count) throw new Wrong(`is missing: the log has ${entries} entries`, { sequence: count + 1 })
  if (entries < count)
    throw new Wrong(`is one too many: the log has ${entries} entries`, { sequence: entries + 1 })
  if (head !== log.head)
    throw new Wrong("isn't the one with which the log says that it ends", { sequence: count })
  judgeNotes(log)
  log.hasEnded = true
}

/** Signatures first, by the keys that the clinic's own directory names; then the roots. */
function judgeNotes(log) {
  const { policies, clinic } = log.directory
  const policy = policies.at(-1)
  const origin = `wardline/audit/${clinic}`
  const logKeys = policies.flatMap(({ logKey }) => (logKey === undefined ? [] : [logKey])).reverse()
  for (const note of log.notes) {
    const keys = note.kind === "kept" ? logKeys : logKeys.slice(0, policy?.logKey === undefined ? 0 : 1)
    if (note.kind !== "kept" && keys.length === 0) continue
    if (keys.length === 0)
      throw new Wrong(`${TITLES.kept} can't be judged: no policy of the clinic names a log key`)
    const problems = keys.map((key) => {
      try {
        const cosigned = openNote(note, origin, key, note.kind === "kept" ? [] : policy.witnesses)
        if (note.kind === "witnessed") log.cosigned = cosigned
        return undefined
      } catch (error) {
        if (error instanceof Wrong) return error.message
        throw error
      }
    })
    if (!problems.includes(undefined)) throw new Wrong(`${TITLES[note.kind]} ${problems.at(-1)}`)
  }
  if (policy?.logKey !== undefined) {
    if (log.cosigned.length < policy.quorum)
      throw new Wrong(
        `the clinic's policy asks for ${policy.quorum} witnesses; ${log.cosigned.length} of them have signed`,
      )
    const hasCheckpoint = log.notes.some(({ kind }) => kind === "checkpoint")
    if (!hasCheckpoint && log.newestMs - log.signableMs > FIRST_CHECKPOINT_MS)
      throw new Wrong("the log has no checkpoint, although the clinic's policy names a key for it")
  }
  // Up to where entries are known to be those that others saw. What the log's key alone says of a log can't tell where
  // that key was used to sign another one.
  const sound = [0]
  for (const note of [...log.notes].sort((a, b) => a.size - b.size)) {
    if (note.kind !== "kept" && policy?.logKey === undefined) continue
    if (note.actual === undefined)
      throw new Wrong(`is missing: ${TITLES[note.kind]} is of ${note.size} entries`, {
        sequence: log.tree.size + 1,
      })
    if (note.actual !== note.root) {
      const from = 1 + Math.max(...sound.filter((size) => size < note.size))
      throw new Wrong(
        `${TITLES[note.kind]} is of other entries: of ${from} to ${note.size}, some were changed since`,
        { from, sequence: note.size },
      )
    }
    if (note.kind === "kept" || (note.kind === "witnessed" && log.cosigned.length > 0)) sound.push(note.size)
  }
}

/** A record chain as stored, against what the entries said of it. */
function confirmChain(log, name, records, link) {
  const scope = log.scopes.get(name)
  const wrong = (message, place) => new Wrong(`chain ${name}: ${message}`, place)
  if (scope?.isConfirmed) throw wrong("stands there twice")
  const position = scope?.position ?? 0
  const place = position === 0 ? {} : { sequence: scope.recordEntry }
  if (records > position) throw wrong(`the record at position ${position + 1} has no entry`)
  if (records < position) throw wrong(`the record at position ${records + 1} is missing`, place)
  const expected = scope?.link ?? sha256(Buffer.from("wl1/chain"), unhex(name))
  if (link !== expected) throw wrong("its head isn't the one logged", place)
  if (position > 0) scope.isConfirmed = true
}

// ---- 9 the file ---------------------------------------------------------------------------------------------------

const MAX_LINE_BYTES = 4 * 1024 * 1024

/** The state of a check, before the first line. Plain data: whoever wants to try two ways on copies it. */
export function beginCheck({ clinicKey, noted, checkpoints = [] } = {}) {
  return {
    clinicKey: clinicKey?.toLowerCase(),
    noted,
    kept: checkpoints.map(readNote),
    isNotedFound: false,
    line: 0,
    isLogLine: false,
    clinics: [],
    log: undefined,
    firstLine: 0,
    hasEnded: false,
    fault: undefined,
  }
}

/** Takes the next line (bytes, without the newline). False: something was wrong, `state.fault` says what. */
export function takeLine(state, bytes) {
  if (state.fault === undefined) attempt(state, () => takeNext(state, bytes))
  return state.fault === undefined
}

/** There are no more lines. */
export function endCheck(state) {
  if (state.fault === undefined) attempt(state, () => finish(state))
  const { fault, clinics } = state
  return { ok: fault === undefined, fault, clinics }
}

function attempt(state, step) {
  try {
    step()
  } catch (error) {
    if (!(error instanceof Wrong)) throw error
    const fault = { line: state.line, message: error.message, ...error.place }
    const { log } = state
    if (log !== undefined) {
      fault.clinic = log.clinic
      if (!log.hasEnded) {
        // An entry belongs here, or the log's end.
        if (!state.isLogLine) fault.sequence ??= log.tree.size + 1
        if (fault.sequence !== undefined) fault.line = state.firstLine + fault.sequence - 1
      }
    }
    state.fault = fault
  }
}

function takeNext(state, bytes) {
  state.line++
  state.isLogLine = bytes.toString("latin1", 0, 7) === '{"log":'
  if (bytes.length > MAX_LINE_BYTES) throw new Wrong("a line of more than 4 MiB")
  if (state.hasEnded) throw new Wrong("something follows the export's end")
  const { log } = state
  let line
  try {
    line = readLine(bytes)
  } finally {
    // What was wrong before this line is the first thing wrong.
    if (log !== undefined && line?.kind !== "entry" && line?.kind !== "log") breakOff(log, undefined)
  }
  const { kind, fields } = line
  if ((state.line === 1) !== (kind === "wardline")) throw new Wrong("the header is the first line alone")
  if (["entry", "log", "scope", "clinicEnd"].includes(kind) && log === undefined)
    throw new Wrong("a line that belongs to no clinic")
  switch (kind) {
    case "clinic":
      if (log !== undefined) throw new Wrong("a clinic begins within another")
      if (state.clinics.some(({ clinic }) => clinic === fields.clinic))
        throw new Wrong("the same clinic twice")
      state.log = beginClinic(
        fields,
        state.kept.filter(({ origin }) => origin === `wardline/audit/${fields.clinic}`),
      )
      state.firstLine = state.line + 1
      return
    case "entry":
      if (log.hasEnded) throw new Wrong("an entry after the log's end")
      addEntry(log, fields.entry, fields.record)
      if (log.tree.size === state.noted?.sequence && log.head === state.noted.hash) state.isNotedFound = true
      return
    case "log":
      if (log.hasEnded) throw new Wrong("the log ends twice")
      endEntries(log, fields.log, fields.head)
      return
    case "scope":
      if (!log.hasEnded) throw new Wrong("a chain before the log's end")
      confirmChain(log, fields.scope, fields.records, fields.link)
      return
    case "clinicEnd":
      endClinic(state, log, fields.clinicEnd)
      return
    case "end":
      if (log !== undefined) throw new Wrong("the last clinic has no end")
      if (fields.clinics !== state.clinics.length) throw new Wrong("another number of clinics than it says")
      state.hasEnded = true
  }
}

function endClinic(state, log, clinic) {
  if (!log.hasEnded) throw new Wrong("the log's end is missing")
  if (clinic !== log.clinic) throw new Wrong("another clinic ends than began")
  const chains = [...log.scopes.values()].filter(({ position }) => position > 0)
  const missing = chains.filter(({ isConfirmed }) => !isConfirmed).length
  if (missing > 0) throw new Wrong(`${missing} chains of the log are missing from the store`)
  const signed = log.notes.filter(
    ({ kind }) => kind === "kept" || log.directory.policies.at(-1)?.logKey !== undefined,
  )
  state.clinics.push({
    clinic,
    rootKey: log.rootKey,
    entries: log.tree.size,
    records: log.records,
    chains: chains.length,
    head: log.head === ZEROS ? "" : log.head,
    root: rootOf(log.tree),
    signed: signed.map(({ kind, size }) => ({ kind, size })),
    cosigned: log.cosigned,
  })
  state.log = undefined
}

function finish(state) {
  state.line++
  if (state.log !== undefined) breakOff(state.log, undefined)
  if (!state.hasEnded) throw new Wrong("the export was cut: its last line is missing")
  const { clinics, clinicKey, kept, noted } = state
  if (clinicKey !== undefined && !clinics.some(({ rootKey }) => rootKey === clinicKey))
    throw new Wrong("the export doesn't hold the clinic whose key was given")
  if (kept.some(({ origin }) => !clinics.some(({ clinic }) => origin === `wardline/audit/${clinic}`)))
    throw new Wrong("the export doesn't hold the clinic of the checkpoint that was kept")
  if (noted !== undefined && !state.isNotedFound)
    throw new Wrong(
      "the noted entry isn't there: entries were cut off, or the log was rewritten since it was noted",
    )
}

/** Checks a whole export. `options` are clinicKey (hex), noted ({ sequence, hash }), checkpoints (texts of notes).
 * @param pieces - its bytes, in pieces of any size. */
export function verifyAudit(pieces, options) {
  const state = beginCheck(options)
  let rest = Buffer.alloc(0)
  for (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    let start = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      if (!takeLine(state, bytes.subarray(start, end))) return endCheck(state)
      start = end + 1
    }
    // A copy: whoever reads the file may use the same room again.
    rest = Buffer.from(bytes.subarray(start))
    if (rest.length > MAX_LINE_BYTES && !takeLine(state, rest)) return endCheck(state)
  }
  if (rest.length > 0) takeLine(state, rest)
  return endCheck(state)
}

// ---- 10 the command -----------------------------------------------------------------------------------------------

const USAGE = `Usage: node verify-audit.mjs EXPORT [options]

Checks a Wardline audit export (wardline-relay audit export) with nothing but Node.

  --clinic-key HEX    the export must hold the clinic with this root key
  --noted N:HASH      entry N must have this hash, as an earlier check printed it
  --checkpoint FILE   a signed checkpoint that somebody kept: the log must contain it (may be repeated)

Ends with 0 if the log is whole, 1 if it isn't, 2 if the command is wrong.
`

function* readPieces(path) {
  const file = openSync(path)
  try {
    const buffer = Buffer.alloc(1 << 20)
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer))
      yield buffer.subarray(0, read)
  } finally {
    closeSync(file)
  }
}

/** A checkpoint's text, from a file that must hold one. */
function readKept(path) {
  const note = readFileSync(path, "utf8")
  try {
    readNote(note)
  } catch (error) {
    throw new Error(`${path} is no signed checkpoint: it ${error.message}`)
  }
  return note
}

function readArguments(words) {
  const options = { checkpoints: [] }
  let path
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    const value = words[i + 1]
    if (word === "--help") return undefined
    if (word === "--clinic-key" && /^[0-9a-fA-F]{64}$/.test(value ?? "")) options.clinicKey = value
    else if (word === "--noted" && /^[0-9]{1,15}:[0-9a-f]{64}$/.test(value ?? ""))
      options.noted = { sequence: Number(value.split(":")[0]), hash: value.split(":")[1] }
    else if (word === "--checkpoint" && value !== undefined) options.checkpoints.push(readKept(value))
    else if (word.startsWith("-") || path !== undefined)
      throw new Error(`${word} isn't understood here, or lacks its value`)
    else {
      path = word
      continue
    }
    i++
  }
  if (path === undefined) throw new Error("EXPORT is missing")
  return { path, options }
}

function describe({ ok, fault, clinics }) {
  const lines = clinics.flatMap(({ clinic, entries, records, chains, head, signed, cosigned }) => [
    `Clinic ${clinic}: ${entries} entries, ${records} records in ${chains} chains`,
    ...signed.map(({ kind, size }) => `  ${TITLES[kind]}: the log has it, over entries 1 to ${size}`),
    ...cosigned.map(
      ({ name, timeSeconds }) => `  cosigned by ${name} on ${new Date(timeSeconds * 1000).toISOString()}`,
    ),
    ...notCovered(entries, signed, cosigned).map((line) => `  NOT CHECKED: ${line}`),
    `  write down for the next check: --noted ${entries}:${head}`,
  ])
  if (ok) return ["The log is whole.", ...lines]
  const { line, sequence, from = sequence, clinic } = fault
  const place = [`line ${line}`]
  if (sequence !== undefined)
    place.push(from === sequence ? `entry ${sequence}` : `entries ${from} to ${sequence}`)
  if (clinic !== undefined) place.push(`clinic ${clinic}`)
  // What comes from the file mustn't steer a terminal.
  const message = fault.message.replace(/[^\x20-\x7e]/g, "?")
  return ["THE LOG IS NOT WHOLE.", `${place.join(", ")}: ${message}`, ...lines]
}

/** What no signature says anything of. */
function notCovered(entries, signed, cosigned) {
  const largest = (...kinds) =>
    Math.max(0, ...signed.filter(({ kind }) => kinds.includes(kind)).map(({ size }) => size))
  const byKey = largest("checkpoint", "witnessed", "kept")
  const byOthers = Math.max(cosigned.length > 0 ? largest("witnessed") : 0, largest("kept"))
  const lines = []
  if (byKey < entries) lines.push(`entries ${byKey + 1} to ${entries} are under no signature`)
  if (byOthers < entries)
    lines.push(`entries ${byOthers + 1} to ${entries} are under no witness's, nor under what was kept`)
  return [...lines, "the transcripts' signatures: clients check each"]
}

function main() {
  let input
  try {
    input = readArguments(process.argv.slice(2))
    if (input === undefined) {
      process.stdout.write(USAGE)
      return 0
    }
    const report = verifyAudit(readPieces(input.path), input.options)
    process.stdout.write(`${describe(report).join("\n")}\n`)
    return report.ok ? 0 : 1
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`)
    return 2
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename)
  process.exitCode = main()
