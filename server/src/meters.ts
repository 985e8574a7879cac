/** What one device, and one address, may still do. Addresses stay in memory: they are never logged or stored. */
import { Bucket, type Rate } from "./buckets.ts"
import type { RelayLimits } from "./limits.ts"

const FORGET_AFTER_MS = 60_000

/** Buckets that come into being when first used: most sessions are idle, and most devices never use all of them. */
class Meter {
  #lastMs = 0
  readonly #buckets = new Map<Rate, Bucket>()

  protected take(rate: Rate, amount: number, nowMs: number): boolean {
    let bucket = this.#buckets.get(rate)
    if (bucket === undefined) {
      bucket = new Bucket(rate, nowMs)
      this.#buckets.set(rate, bucket)
    }
    this.#lastMs = nowMs
    return bucket.take(rate, amount, nowMs)
  }

  /** Whether a new meter would do the same: every bucket is full. */
  isIdle(nowMs: number): boolean {
    if (nowMs - this.#lastMs < FORGET_AFTER_MS) return false
    for (const [rate, bucket] of this.#buckets) if (!bucket.isFull(rate, nowMs)) return false
    return true
  }
}

export interface DeviceRates {
  requests: Rate
  records: Rate
  bytes: Rate
  entries: Rate
}

export interface AddressRates {
  logins: Rate
  records: Rate
  entries: Rate
  http: Rate
  posts: Rate
  blobBytes: Rate
}

export class DeviceMeter extends Meter {
  readonly #rates: DeviceRates

  constructor(rates: DeviceRates) {
    super()
    this.#rates = rates
  }

  takeRequest(nowMs: number): boolean {
    return this.take(this.#rates.requests, 1, nowMs)
  }

  takeRecord(bytes: number, nowMs: number): boolean {
    return this.take(this.#rates.records, 1, nowMs) && this.take(this.#rates.bytes, bytes, nowMs)
  }

  takeEntries(cost: number, nowMs: number): boolean {
    return this.take(this.#rates.entries, cost, nowMs)
  }
}

export class AddressMeter extends Meter {
  /** Sessions that are open. */
  sessions = 0
  readonly #rates: AddressRates

  constructor(rates: AddressRates) {
    super()
    this.#rates = rates
  }

  takeLogin(nowMs: number): boolean {
    return this.take(this.#rates.logins, 1, nowMs)
  }

  takeRecord(nowMs: number): boolean {
    return this.take(this.#rates.records, 1, nowMs)
  }

  takeEntries(cost: number, nowMs: number): boolean {
    return this.take(this.#rates.entries, cost, nowMs)
  }

  takeHttp(nowMs: number): boolean {
    return this.take(this.#rates.http, 1, nowMs)
  }

  takePost(nowMs: number): boolean {
    return this.take(this.#rates.posts, 1, nowMs)
  }

  takeBlob(bytes: number, nowMs: number): boolean {
    return this.take(this.#rates.blobBytes, bytes, nowMs)
  }
}

/** Every meter in use. */
export class Meters {
  readonly #devices = new Map<string, DeviceMeter>()
  readonly #addresses = new Map<string, AddressMeter>()
  readonly #deviceRates: DeviceRates
  readonly #addressRates: AddressRates

  constructor(limits: RelayLimits) {
    this.#deviceRates = {
      requests: { perSecond: limits.requestsPerSecond, burst: limits.requestsBurst },
      records: { perSecond: limits.recordsPerSecond, burst: limits.recordsBurst },
      bytes: { perSecond: limits.bytesPerSecond, burst: limits.bytesBurst },
      entries: { perSecond: limits.entriesPerSecond, burst: limits.entriesBurst },
    }
    this.#addressRates = {
      logins: { perSecond: limits.loginsPerSecond, burst: limits.loginsBurst },
      records: { perSecond: limits.addressRecordsPerSecond, burst: limits.addressRecordsBurst },
      entries: { perSecond: limits.addressEntriesPerSecond, burst: limits.addressEntriesBurst },
      http: { perSecond: limits.httpPerSecond, burst: limits.httpBurst },
      posts: { perSecond: limits.postsPerSecond, burst: limits.postsBurst },
      blobBytes: {
        perSecond: limits.blobBytesPerSecond,
        // Or the largest file could never be sent.
        burst: Math.max(limits.blobBytesBurst, limits.blobBytes),
      },
    }
  }

  device(key: string): DeviceMeter {
    return obtain(this.#devices, key, () => new DeviceMeter(this.#deviceRates))
  }

  address(name: string): AddressMeter {
    return obtain(this.#addresses, name, () => new AddressMeter(this.#addressRates))
  }

  sweep(nowMs: number): void {
    for (const [key, meter] of this.#devices) if (meter.isIdle(nowMs)) this.#devices.delete(key)
    for (const [name, meter] of this.#addresses)
      if (meter.sessions === 0 && meter.isIdle(nowMs)) this.#addresses.delete(name)
  }
}

function obtain<M>(meters: Map<string, M>, key: string, make: () => M): M {
  let meter = meters.get(key)
  if (meter === undefined) {
    meter = make()
    meters.set(key, meter)
  }
  return meter
}

/** What counts as one address: an IPv4 address, or an IPv6 network of 64 bits, since one subscriber has that many. */
export function addressName(remote: string): string {
  const address = remote.startsWith("::ffff:") ? remote.slice(7) : remote
  if (!address.includes(":")) return address
  const [head = "", tail = ""] = address.split("::", 2)
  const groups = head === "" ? [] : head.split(":")
  const after = tail === "" ? [] : tail.split(":")
  if (address.includes("::")) while (groups.length + after.length < 8) groups.push("0")
  return [...groups, ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")
}
