/** The three kinds of run, the same for every subject. */
import { cpuSeconds } from "../cpu-time.ts"
import { startPace } from "../pace.ts"
import { CONVERSATIONS, SUBSCRIBERS } from "../shape.ts"
import { Syncs } from "../syncs.ts"
import { Crowd } from "./crowd.ts"
import type { Connection, Dialect } from "./dialect.ts"

/** Connections opened at once when many are wanted. */
const OPEN_AT_ONCE = 16

export interface ThroughputResult {
  /** Acknowledged messages per second. */
  perSecond: number
  /** Flushes of the disk for each acknowledgement, where the system counts them. */
  syncsPerAck: number | undefined
  /** Processor time of the server for each acknowledgement, in microseconds, where the system tells. */
  cpuMicros: number | undefined
  /** Share of its core that the load generator used: near 1 it would have measured itself. */
  loadBusy: number
}

export interface LatencyResult {
  latenciesMs: number[]
}

/** As many messages as the server acknowledges, IN_FLIGHT under way for each sender.
 * @param run.dir - on the disk whose flushes are counted.
 * @param run.pid - of the server. */
export async function runThroughput(
  dialect: Dialect,
  run: { warmMs: number; runMs: number; subscribers: number; dir: string; pid: number },
): Promise<ThroughputResult> {
  const syncs = new Syncs(run.dir)
  const crowd = await Crowd.open(dialect, run.subscribers)
  crowd.start()
  await crowd.wait(run.warmMs)
  const [ackedBefore, syncsBefore, cpuBefore] = [crowd.acked, syncs.count(), process.cpuUsage()]
  const serverBefore = cpuSeconds(run.pid)
  const startMs = performance.now()
  await crowd.wait(run.runMs)
  const seconds = (performance.now() - startMs) / 1000
  const acks = crowd.acked - ackedBefore
  const syncsPerAck = syncs.since(syncsBefore, acks)
  const cpu = process.cpuUsage(cpuBefore)
  const serverAfter = cpuSeconds(run.pid)
  await crowd.finish()
  return {
    perSecond: acks / seconds,
    syncsPerAck,
    cpuMicros:
      serverBefore === undefined || serverAfter === undefined
        ? undefined
        : ((serverAfter - serverBefore) * 1e6) / acks,
    loadBusy: (cpu.user + cpu.system) / 1e6 / seconds,
  }
}

/** A steady pace, spread over the senders in turn: from writing a message to reading its acknowledgement. */
export async function runLatency(
  dialect: Dialect,
  run: { perSecond: number; warmMs: number; runMs: number; subscribers: number },
): Promise<LatencyResult> {
  const crowd = await Crowd.open(dialect, run.subscribers)
  const sentMs: number[][] = Array.from({ length: crowd.senders }, () => [])
  let latenciesMs: number[] = []
  crowd.onAcks = (sender, count) => {
    const nowMs = performance.now()
    for (const startMs of sentMs[sender]?.splice(0, count) ?? []) latenciesMs.push(nowMs - startMs)
  }
  const act = (index: number): void => {
    const sender = index % crowd.senders
    sentMs[sender]?.push(performance.now())
    crowd.send(sender, 1)
  }
  await startPace(run.perSecond, run.warmMs, act)
  latenciesMs = []
  await startPace(run.perSecond, run.runMs, act)
  await crowd.finish()
  return { latenciesMs }
}

/** Opens subscribed connections that then say nothing, spread over the conversations. */
export async function openIdle(dialect: Dialect, count: number): Promise<Connection[]> {
  const connections: Connection[] = []
  let failure: Error | undefined
  const events = {
    onDelivered: () => {},
    onFailure: (why: string) => {
      failure ??= new Error(why)
    },
  }
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count && failure === undefined; i = next++)
      connections.push(
        await dialect.openSubscriber(i % CONVERSATIONS, Math.floor(i / CONVERSATIONS) % SUBSCRIBERS, events),
      )
  }
  await Promise.all(Array.from({ length: OPEN_AT_ONCE }, worker))
  if (failure) throw failure
  return connections
}
