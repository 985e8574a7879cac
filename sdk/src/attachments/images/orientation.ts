/** The one thing that is kept of an image's Exif data: which way up it is (Exif 2.32, 4.6.4 A, tag 0x0112). */

const ORIENTATION_TAG = 0x0112
const SHORT = 3
const ENTRY_BYTES = 12
/** As stored: nothing to note. */
export const UPRIGHT = 1

/** The orientation, 1 … 8, that a TIFF structure names; 1 if it names none or can't be read. */
export function readOrientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return UPRIGHT
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length)
  const order = view.getUint16(0)
  const isLittle = order === 0x4949
  if ((!isLittle && order !== 0x4d4d) || view.getUint16(2, isLittle) !== 42) return UPRIGHT
  const directory = view.getUint32(4, isLittle)
  if (directory + 2 > tiff.length) return UPRIGHT
  const count = view.getUint16(directory, isLittle)
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + i * ENTRY_BYTES
    if (entry + ENTRY_BYTES > tiff.length) return UPRIGHT
    if (view.getUint16(entry, isLittle) !== ORIENTATION_TAG) continue
    const value = view.getUint16(entry + 8, isLittle)
    const isOne = view.getUint16(entry + 2, isLittle) === SHORT && value >= 1 && value <= 8
    return isOne ? value : UPRIGHT
  }
  return UPRIGHT
}

/** A TIFF structure of 26 bytes that says this and nothing else. */
export function orientationTiff(orientation: number): Uint8Array {
  const tiff = new Uint8Array(26)
  const view = new DataView(tiff.buffer)
  view.setUint16(0, 0x4d4d)
  view.setUint16(2, 42)
  view.setUint32(4, 8)
  view.setUint16(8, 1)
  view.setUint16(10, ORIENTATION_TAG)
  view.setUint16(12, SHORT)
  view.setUint32(14, 1)
  view.setUint16(18, orientation)
  return tiff
}

/** The TIFF structure of Exif data that may or may not begin with the header that JPEG gives it. */
export function withoutExifHeader(bytes: Uint8Array): Uint8Array {
  return hasExifHeader(bytes) ? bytes.subarray(6) : bytes
}

export function hasExifHeader(bytes: Uint8Array): boolean {
  return [0x45, 0x78, 0x69, 0x66, 0, 0].every((byte, i) => bytes[i] === byte)
}
