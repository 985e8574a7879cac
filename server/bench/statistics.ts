/** Sums up what the rounds gave: a median with its lowest and highest value, ratios pair by pair. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The value below which `share` (0 … 1) of the values lie; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) }
}

/** Ratios of two subjects within each round: what disturbs a machine for seconds disturbs both. */
export function ratiosOf(values: readonly number[], references: readonly number[]): Spread {
  return spreadOf(values.map((value, i) => value / (references[i] ?? Number.NaN)))
}
