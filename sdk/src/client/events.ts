/** Events that carry something. */

/** The device's clock is more than five minutes off: messages will show wrong times, and records by staff may be
 * refused. */
export class ClockEvent extends Event {
  /** The relay's clock minus this device's, milliseconds. */
  readonly skewMs: number

  constructor(skewMs: number) {
    super("clock")
    this.skewMs = skewMs
  }
}
