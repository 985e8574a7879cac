/** Pictures as phones and programs leave them: with a place, a device, a thumbnail, words, and other pictures behind. */
import { readFileSync } from "node:fs"
import { crc32 } from "../../src/attachments/images/png.ts"

/** Words that mustn't be in what is sent. */
export const SECRETS: readonly string[] = [
  "SecretCam",
  "Secret Model",
  "SecretShop",
  "secret-words",
  "SECRET-THUMBNAIL",
  "SECRET-BEHIND",
]
export const LATITUDE = 48.5
export const ORIENTATION = 6

export function picture(name: string): Buffer {
  return readFileSync(new URL(`pictures/${name}`, import.meta.url))
}

type Value = { type: 2; text: string } | { type: 3 | 4; number: number } | { type: 5; rationals: number[] }

/** A TIFF structure: IFD0 with make, model, orientation, software; a GPS IFD; IFD1 with a thumbnail. */
export function tiff(isLittle = false, orientation: number = ORIENTATION): Buffer {
  const bytes = Buffer.alloc(600)
  const u16 = (value: number, at: number): unknown =>
    isLittle ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at)
  const u32 = (value: number, at: number): unknown =>
    isLittle ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at)
  bytes.write(isLittle ? "II" : "MM", 0, "latin1")
  u16(42, 2)
  u32(8, 4)
  let free = 300
  const directory = (
    at: number,
    entries: readonly (readonly [tag: number, value: Value])[],
    next: number,
  ): void => {
    u16(entries.length, at)
    for (const [i, [tag, value]] of entries.entries()) {
      const entry = at + 2 + 12 * i
      u16(tag, entry)
      u16(value.type, entry + 2)
      if (value.type === 2) {
        u32(value.text.length + 1, entry + 4)
        u32(free, entry + 8)
        free += bytes.write(`${value.text}\0`, free, "latin1")
      } else if (value.type === 5) {
        u32(value.rationals.length, entry + 4)
        u32(free, entry + 8)
        for (const number of value.rationals) {
          u32(number, free)
          u32(1, free + 4)
          free += 8
        }
      } else {
        u32(1, entry + 4)
        if (value.type === 3) u16(value.number, entry + 8)
        else u32(value.number, entry + 8)
      }
    }
    u32(next, at + 2 + 12 * entries.length)
  }
  directory(
    8,
    [
      [0x010f, { type: 2, text: "SecretCam" }],
      [0x0110, { type: 2, text: "Secret Model" }],
      [0x0112, { type: 3, number: orientation }],
      [0x0131, { type: 2, text: "SecretShop" }],
      [0x8825, { type: 4, number: 100 }],
    ],
    200,
  )
  directory(
    100,
    [
      [1, { type: 2, text: "N" }],
      [2, { type: 5, rationals: [48, 30, 0] }],
      [3, { type: 2, text: "E" }],
      [4, { type: 5, rationals: [9, 0, 0] }],
    ],
    0,
  )
  const thumbnail = "SECRET-THUMBNAIL"
  directory(
    200,
    [
      [0x0201, { type: 4, number: 560 }],
      [0x0202, { type: 4, number: thumbnail.length }],
    ],
    0,
  )
  bytes.write(thumbnail, 560, "latin1")
  return bytes
}

const EXIF = Buffer.from("Exif\0\0", "latin1")

function segment(marker: number, payload: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(payload.length + 2, 2)
  return Buffer.concat([head, payload])
}

const latin = (text: string): Buffer => Buffer.from(text, "latin1")

export function taggedJpeg(little = false, orientation = ORIENTATION): Buffer {
  const plain = picture("photo.jpg")
  const jfif = Buffer.concat([latin("JFIF\0\x01\x01\0\0\x01\0\x01\x06\x01"), latin("SECRET-THUMBNAIL..")])
  return Buffer.concat([
    plain.subarray(0, 2),
    segment(0xe0, jfif),
    segment(0xe0, latin("JFXX\0\x10SECRET-THUMBNAIL")),
    segment(0xe1, Buffer.concat([EXIF, tiff(little, orientation)])),
    segment(0xe1, latin("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>secret-words</x:xmpmeta>")),
    segment(0xe2, latin("MPF\0secret-words")),
    segment(0xed, latin("Photoshop 3.0\x008BIMsecret-words")),
    segment(0xee, latin("Adobe\0\x64\0\0\0\0\x01secret-words")),
    segment(0xeb, latin("JP\0secret-words")),
    segment(0xfe, latin("secret-words")),
    // Fill bytes are allowed before a marker.
    Buffer.from([0xff, 0xff]),
    plain.subarray(2),
    latin("SECRET-BEHIND"),
    plain,
  ])
}

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(12 + data.length)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, "latin1")
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length)
  return bytes
}

export function taggedPng(little = false, orientation = ORIENTATION): Buffer {
  const plain = picture("photo.png")
  const header = 8 + 25
  const end = plain.length - 12
  return Buffer.concat([
    plain.subarray(0, header),
    chunk("eXIf", tiff(little, orientation)),
    chunk("tEXt", latin("Comment\0secret-words")),
    chunk("zTXt", latin("Raw profile type exif\0\0secret-words")),
    chunk("iTXt", latin("XML:com.adobe.xmp\0\0\0\0\0secret-words")),
    chunk("tIME", Buffer.from([7, 0xe9, 1, 2, 3, 4, 5])),
    chunk("seCr", latin("secret-words")),
    plain.subarray(header, end),
    chunk("tEXt", latin("Software\0SecretShop")),
    plain.subarray(end),
    latin("SECRET-BEHIND"),
  ])
}

export function riffChunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`, "latin1")
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

export function riff(...chunks: readonly Uint8Array[]): Buffer {
  return riffChunk("RIFF", Buffer.concat([latin("WEBP"), ...chunks]))
}

/** @param name - of a picture in the extended format. */
export function taggedWebp(name: string, little = false, orientation = ORIENTATION): Buffer {
  const plain = picture(name)
  const extended = Buffer.from(plain.subarray(12, 30))
  extended[8] = (extended[8] as number) | 0x0c
  const exif = little ? Buffer.concat([EXIF, tiff(true, orientation)]) : tiff(false, orientation)
  return Buffer.concat([
    riff(
      extended,
      riffChunk("SECR", latin("secret-words")),
      plain.subarray(30),
      riffChunk("EXIF", exif),
      riffChunk("XMP ", latin("<x:xmpmeta>secret-words</x:xmpmeta>")),
    ),
    latin("SECRET-BEHIND"),
  ])
}

/** An animation of two frames, of which one holds more than its picture. */
export function taggedAnimation(): Buffer {
  const plain = picture("lossy.webp")
  const still = plain.subarray(plain.indexOf("VP8 ", 0, "latin1"))
  const frame = Buffer.alloc(16)
  frame.writeUIntLE(39, 6, 3)
  frame.writeUIntLE(23, 9, 3)
  const extended = Buffer.from(plain.subarray(12, 30))
  extended[8] = 0x02
  return riff(
    extended,
    riffChunk("ANIM", Buffer.alloc(6)),
    riffChunk("ANMF", Buffer.concat([frame, still])),
    riffChunk("ANMF", Buffer.concat([frame, still, riffChunk("SECR", latin("secret-words"))])),
  )
}
