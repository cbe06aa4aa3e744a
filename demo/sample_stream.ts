/**
 * A sample stream in the shape of Jetstream v1: a few repositories of a fictional underground, with
 * everything that happens in a real stream. Deterministic, except for its start time.
 */

/** One event as the server sends it. */
export interface SampleEvent {
  readonly did: string;
  readonly time_us: number;
  readonly kind: string;
  readonly [member: string]: unknown;
}

const REPOSITORIES = [
  { did: "did:plc:basement2kq7w3x5z6y4abcd", handle: "basement.example" },
  { did: "did:plc:warehousek5m3n7p2q6r4stu", handle: "warehouse.example" },
  { did: "did:plc:rooftop4v6w2x7y3z5abcdef", handle: "rooftop.example" },
  { did: "did:plc:harbour7g3h5j2k6m4npqrst", handle: "harbour.example" },
  { did: "did:plc:listenerau2v4w6x3y5z7abc", handle: "listener.example" },
  { did: "did:plc:dancer5d7e3f6g2h4j6kmnpq", handle: "dancer.example" },
] as const;

const SCENES = [
  {
    owner: 0,
    rkey: "basement-tapes",
    name: "Basement Tapes",
    location: { lat: 52.50183, lng: 13.44127, allowPrecise: false },
    tags: ["tape", "noise"],
  },
  {
    owner: 1,
    rkey: "cold-storage",
    name: "Cold Storage",
    location: { lat: 52.51712, lng: 13.45391, allowPrecise: true },
    tags: ["techno", "industrial"],
  },
  {
    owner: 2,
    rkey: "antenna",
    name: "Antenna",
    location: { coarseGeohash: "u33db8" },
    tags: ["ambient"],
  },
  {
    owner: 3,
    rkey: "low-tide",
    name: "Low Tide",
    location: { lat: 53.54508, lng: 9.96682, allowPrecise: false },
    tags: ["dub", "jungle"],
  },
  { owner: 3, rkey: "nowhere", name: "Nowhere in Particular", location: null, tags: [] },
] as const;

const LINES = [
  "who has the stem of the last tape",
  "doors moved to eleven, bring ear plugs",
  "found a turntable, tell me whose it is",
  "the second room was the better room",
  "looking for a ride home on Sunday",
  "that bass line is still in my chest",
];

const TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz";

/** The TID of a time, Unix microseconds, as the protocol writes it. */
export function tidAt(micros: number, clockId = 0): string {
  let value = (BigInt(micros) << 10n) | BigInt(clockId);
  let text = "";
  for (let index = 0; index < 13; index++) {
    text = TID_ALPHABET.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}

/**
 * The stream, about `SAMPLE_SECONDS` long.
 *
 * @param startUs when its first event happened, Unix microseconds
 */
export function sampleStream(startUs: number): SampleEvent[] {
  return new Sample(startUs).play();
}

/** The key of an event that comes before its scene. */
export const WAITING_EVENT = "opening";

/** The key of an invalid event. */
export const REFUSED_EVENT = "no-date";

/** How much time the sample stream spans. */
export const SAMPLE_SECONDS = 400;

class Sample {
  readonly #events: SampleEvent[] = [];
  #timeUs: number;
  #relaySeq = 0;

  constructor(startUs: number) {
    this.#timeUs = startUs;
  }

  play(): SampleEvent[] {
    for (const { did, handle } of REPOSITORIES) this.#identity(did, handle);
    // An event that arrives before its scene waits for it.
    this.#event(1, WAITING_EVENT, "cold-storage", "Opening Night");
    SCENES.forEach((scene) => this.#scene(scene));
    this.#events.push(...this.#foreign(12));
    SCENES.forEach((scene, index) => {
      for (let night = 1; night <= 10; night++) {
        this.#event(scene.owner, `${scene.rkey}-${night}`, scene.rkey, `${scene.name} #${night}`);
        this.#posts(index, scene, night);
      }
    });
    this.#alliances();
    this.#memberships();
    const duplicated = this.#events.slice(-25);
    this.#events.push(...duplicated);
    this.#invalid();
    this.#changes();
    this.#accounts();
    this.#events.push(...this.#foreign(20));
    // This event is sent to every client, so whoever has received it has the whole stream.
    this.#identity(REPOSITORIES[0].did, REPOSITORIES[0].handle);
    return this.#events;
  }

  #scene({ owner, rkey, name, location, tags }: typeof SCENES[number], more: object = {}): void {
    this.#commit(owner, "create", "app.subcult.scene", rkey, {
      name,
      description: `${name}: what happens there stays there.`,
      tags,
      visibility: "public",
      ...(location === null ? {} : { location }),
      palette: { primary: "#7f1d1d", background: "#0a0a0a", text: "#fafafa" },
      ...more,
    });
  }

  #event(owner: number, rkey: string, scene: string, name: string): void {
    const startsAt = new Date(this.#timeUs / 1000 + 7 * 86_400_000).toISOString();
    this.#commit(owner, "create", "app.subcult.event", rkey, {
      name,
      sceneId: this.#uri(owner, "app.subcult.scene", scene),
      startsAt,
      tags: ["night"],
    });
  }

  #posts(index: number, scene: typeof SCENES[number], night: number): void {
    for (let count = 0; count < 4; count++) {
      const author = (index + night + count) % REPOSITORIES.length;
      const text = LINES[(night + count) % LINES.length];
      const about = count % 2 === 0
        ? { sceneId: this.#uri(scene.owner, "app.subcult.scene", scene.rkey) }
        : { eventId: this.#uri(scene.owner, "app.subcult.event", `${scene.rkey}-${night}`) };
      this.#commit(author, "create", "app.subcult.post", this.#rkey(), { text, ...about });
    }
  }

  #alliances(): void {
    for (const [from, to] of [[0, 1], [1, 2], [2, 3], [3, 0], [1, 3]] as const) {
      this.#commit(SCENES[from].owner, "create", "app.subcult.alliance", this.#rkey(), {
        fromSceneId: SCENES[from].rkey,
        toSceneId: this.#uri(SCENES[to].owner, "app.subcult.scene", SCENES[to].rkey),
        weight: 0.25 * (to + 1),
        reason: "shared nights",
      });
    }
  }

  #memberships(): void {
    const sceneId = this.#uri(0, "app.subcult.scene", "basement-tapes");
    this.#commit(4, "create", "app.subcult.membership", this.#rkey(), { sceneId });
    this.#commit(5, "create", "app.subcult.membership", this.#rkey(), { sceneId, role: "owner" });
    this.#commit(0, "create", "app.subcult.membership", this.#rkey(), {
      sceneId,
      member: REPOSITORIES[4].did,
      role: "curator",
      status: "active",
      trustWeight: 0.8,
    });
    this.#commit(1, "create", "app.subcult.stream", this.#rkey(), {
      sceneId: "cold-storage",
      roomName: "cold-storage-live",
    });
  }

  /** An invalid record, which becomes a dead letter. */
  #invalid(): void {
    this.#commit(0, "create", "app.subcult.event", REFUSED_EVENT, {
      name: "Some Time",
      sceneId: this.#uri(0, "app.subcult.scene", "basement-tapes"),
    });
  }

  #changes(): void {
    this.#scene(SCENES[0], { description: "New tapes every new moon." });
    // Consent is revoked.
    this.#scene(
      { ...SCENES[1], location: { ...SCENES[1].location, allowPrecise: false } } as never,
    );
    for (let night = 1; night <= 3; night++) {
      this.#commit(1, "delete", "app.subcult.event", `cold-storage-${night}`, null);
    }
    this.#commit(1, "update", "app.subcult.event", "cold-storage-4", {
      name: "Cold Storage #4",
      sceneId: "cold-storage",
      startsAt: new Date(this.#timeUs / 1000 + 14 * 86_400_000).toISOString(),
      status: "cancelled",
    });
    this.#commit(2, "create", "app.subcult.badge", "first", {
      name: "A collection without a table",
    });
  }

  #accounts(): void {
    this.#account(3, false, "deactivated");
    this.#account(3, true, null);
    this.#account(5, false, "suspended");
  }

  #commit(
    owner: number,
    operation: "create" | "update" | "delete",
    collection: string,
    rkey: string,
    record: Record<string, unknown> | null,
  ): void {
    const timeUs = this.#tick();
    const rev = tidAt(timeUs, owner);
    const content = record === null ? {} : {
      record: { $type: collection, ...record, createdAt: new Date(timeUs / 1000).toISOString() },
      cid: "bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    };
    this.#push(owner, timeUs, "commit", { rev, operation, collection, rkey, ...content });
  }

  #identity(did: string, handle: string): void {
    const owner = REPOSITORIES.findIndex((repository) => repository.did === did);
    this.#push(owner, this.#tick(), "identity", { did, handle, ...this.#upstream() });
  }

  #account(owner: number, active: boolean, status: string | null): void {
    const { did } = REPOSITORIES[owner]!;
    const detail = status === null ? {} : { status };
    this.#push(owner, this.#tick(), "account", { did, active, ...detail, ...this.#upstream() });
  }

  #foreign(count: number): SampleEvent[] {
    return Array.from({ length: count }, (_, index) => {
      const timeUs = this.#tick();
      return {
        did: "did:plc:somebodyelse234567abcdef",
        time_us: timeUs,
        kind: "commit",
        commit: {
          rev: tidAt(timeUs),
          operation: "create",
          collection: index % 2 === 0 ? "app.bsky.feed.post" : "app.bsky.feed.like",
          rkey: this.#rkey(),
          record: { text: "nothing to do with us" },
          cid: "bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        },
      };
    });
  }

  #push(owner: number, timeUs: number, kind: string, body: Record<string, unknown>): void {
    const { did } = REPOSITORIES[owner]!;
    this.#events.push({ did, time_us: timeUs, kind, [kind]: body });
  }

  #tick(): number {
    this.#timeUs += 1_000_003;
    return this.#timeUs;
  }

  #rkey(): string {
    return tidAt(this.#timeUs + 500, 7);
  }

  #upstream(): { seq: number; time: string } {
    this.#relaySeq++;
    return { seq: this.#relaySeq, time: new Date(this.#timeUs / 1000).toISOString() };
  }

  #uri(owner: number, collection: string, rkey: string): string {
    return `at://${REPOSITORIES[owner]!.did}/${collection}/${rkey}`;
  }
}
