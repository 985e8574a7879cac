import { test } from "uvu"
import * as assert from "uvu/assert"
import { completePackages, platformEntry } from "../complete-lockfile.ts"

for (const { name, os, cpu, libc } of [
  { name: "@biomejs/cli-darwin-arm64", os: "darwin", cpu: "arm64", libc: undefined },
  { name: "@biomejs/cli-linux-x64-musl", os: "linux", cpu: "x64", libc: "musl" },
  { name: "@oxlint/binding-linux-arm64-gnu", os: "linux", cpu: "arm64", libc: "glibc" },
  { name: "@oxlint/binding-win32-ia32-msvc", os: "win32", cpu: "ia32", libc: undefined },
  { name: "@oxlint-tsgolint/win32-x64", os: "win32", cpu: "x64", libc: undefined },
])
  test(`reads the platform of ${name}`, () => {
    const entry = platformEntry(name, "1.2.3", true)
    assert.equal(entry?.os, [os])
    assert.equal(entry?.cpu, [cpu])
    assert.equal(entry?.libc, libc === undefined ? undefined : [libc])
    assert.is(entry?.version, "1.2.3")
    assert.ok(entry?.optional)
  })

test("adds what is missing and leaves alone what is there or has no platform in its name", () => {
  const present = { version: "1.0.0", os: ["linux"] }
  const packages = {
    "node_modules/tool": {
      version: "1.0.0",
      optionalDependencies: { "@t/linux-x64": "1.0.0", "@t/darwin-arm64": "1.0.0", fsevents: "2.0.0" },
    },
    "node_modules/@t/linux-x64": present,
  }
  assert.equal(completePackages(packages), ["@t/darwin-arm64"])
  assert.is(packages["node_modules/@t/linux-x64"], present)
})

test.run()
