/** Events that carry something. */

/** This device's clock and the relay's differ by more than five minutes. Either may be wrong, and the relay can say any
 * time: tell people that the two disagree. If it is the device's, its messages will show wrong times, and records by
 * staff may be refused. */
export class ClockEvent extends Event {
  /** The relay's clock minus this device's, milliseconds. */
  readonly skewMs: number

  constructor(skewMs: number) {
    super("clock")
    this.skewMs = skewMs
  }
}
