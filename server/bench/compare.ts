import { PACED_STORE, type Sample, type Samples } from "./measure.ts"
import type { Comparison } from "./results.ts"
import { ratiosOf } from "./statistics.ts"
import { BEST_REFERENCE, RELAY } from "./subjects.ts"

type Figure = "perSecond" | "p50Ms" | "p99Ms" | "bytesPerConnection"

interface Aim {
  what: string
  reference: string
  figure: Figure
  /** None where the ratio is only told. */
  aim?: number
  atLeast: boolean
}

/** What the relay aims at, as ratios to a reference of the same run. */
const AIMS: readonly Aim[] = [
  { what: "throughput", reference: BEST_REFERENCE, figure: "perSecond", aim: 0.5, atLeast: true },
  { what: "throughput", reference: "socket-io", figure: "perSecond", aim: 3, atLeast: true },
  { what: "throughput", reference: "socket-io-base64", figure: "perSecond", atLeast: true },
  { what: "throughput", reference: "redis", figure: "perSecond", atLeast: true },
  { what: "ack p50 at 500/s", reference: PACED_STORE, figure: "p50Ms", aim: 2, atLeast: false },
  { what: "ack p99 at 500/s", reference: PACED_STORE, figure: "p99Ms", aim: 3.5, atLeast: false },
  {
    what: "memory per connection",
    reference: "echo",
    figure: "bytesPerConnection",
    aim: 1.7,
    atLeast: false,
  },
]

function figuresOf(samples: readonly Sample[], figure: Figure): number[] {
  return samples.map((sample) => sample[figure]).filter((value) => value !== undefined)
}

/** The relay against each reference that took part. */
export function compare(samples: Samples): Comparison[] {
  return AIMS.flatMap(({ what, reference, figure, aim, atLeast }) => {
    const own = figuresOf(samples.get(RELAY) ?? [], figure)
    const others = figuresOf(samples.get(reference) ?? [], figure)
    if (own.length === 0 || own.length !== others.length) return []
    return [
      { name: reference, what, ratio: ratiosOf(own, others), atLeast, ...(aim === undefined ? {} : { aim }) },
    ]
  })
}
