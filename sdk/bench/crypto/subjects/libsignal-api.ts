/** What the bench uses of @signalapp/libsignal-client 0.103, which isn't installed with the project. */

interface PublicKey {
  serialize(): Uint8Array
}

interface PrivateKey {
  getPublicKey(): PublicKey
  sign(message: Uint8Array): Uint8Array
}

interface KemPair {
  getPublicKey(): PublicKey
}

export interface LibsignalAddress {
  toString(): string
}

export interface LibsignalMessage {
  serialize(): Uint8Array
}

/** The methods that libsignal's abstract classes of stores name; it calls them. */
export interface LibsignalStores {
  getIdentityKey(): Promise<unknown>
  getIdentityKeyPair(): Promise<unknown>
  getLocalRegistrationId(): Promise<number>
  saveIdentity(): Promise<number>
  isTrustedIdentity(): Promise<boolean>
  getIdentity(): Promise<null>
  saveSession(at: LibsignalAddress, record: unknown): Promise<void>
  getSession(at: LibsignalAddress): Promise<unknown>
  getPreKey(id: number): Promise<unknown>
  removePreKey(): Promise<void>
  getSignedPreKey(id: number): Promise<unknown>
  getKyberPreKey(id: number): Promise<unknown>
  markKyberPreKeyUsed(): Promise<void>
  saveSenderKey(at: LibsignalAddress, id: string, record: unknown): Promise<void>
  getSenderKey(at: LibsignalAddress, id: string): Promise<unknown>
}

type Opaque = object
type Bytes = Uint8Array
type Address = LibsignalAddress
type Stores = LibsignalStores

export interface Libsignal {
  readonly PrivateKey: { generate(): PrivateKey }
  readonly IdentityKeyPair: { new (publicKey: PublicKey, privateKey: PrivateKey): Opaque }
  readonly KEMKeyPair: { generate(): KemPair }
  readonly ProtocolAddress: { "new"(name: string, device: number): Address }
  readonly PreKeyRecord: { "new"(id: number, publicKey: PublicKey, privateKey: PrivateKey): Opaque }
  readonly SignedPreKeyRecord: {
    "new"(id: number, time: number, publicKey: PublicKey, privateKey: PrivateKey, signature: Bytes): Opaque
  }
  readonly KyberPreKeyRecord: { "new"(id: number, time: number, pair: KemPair, signature: Bytes): Opaque }
  readonly PreKeyBundle: {
    "new"(
      registration: number,
      device: number,
      onceId: number,
      once: PublicKey,
      signedId: number,
      signed: PublicKey,
      signedSignature: Bytes,
      identity: PublicKey,
      kyberId: number,
      kyber: PublicKey,
      kyberSignature: Bytes,
    ): Opaque
  }
  readonly SignalMessage: { deserialize(bytes: Bytes): Opaque }
  readonly PreKeySignalMessage: { deserialize(bytes: Bytes): Opaque }
  readonly SenderKeyDistributionMessage: {
    create(sender: Address, id: string, stores: Stores): Promise<LibsignalMessage>
    deserialize(bytes: Bytes): Opaque
  }
  processPreKeyBundle(bundle: Opaque, they: Address, me: Address, s: Stores, i: Stores): Promise<void>
  signalEncrypt(text: Bytes, they: Address, me: Address, s: Stores, i: Stores): Promise<LibsignalMessage>
  signalDecrypt(message: Opaque, they: Address, me: Address, s: Stores, i: Stores): Promise<Bytes>
  signalDecryptPreKey(
    message: Opaque,
    they: Address,
    me: Address,
    sessions: Stores,
    identities: Stores,
    prekeys: Stores,
    signedPrekeys: Stores,
    kyberPrekeys: Stores,
  ): Promise<Bytes>
  processSenderKeyDistributionMessage(sender: Address, message: Opaque, stores: Stores): Promise<void>
  groupEncrypt(sender: Address, id: string, stores: Stores, text: Bytes): Promise<LibsignalMessage>
  groupDecrypt(sender: Address, stores: Stores, bytes: Bytes): Promise<Bytes>
}
