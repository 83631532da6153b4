// What this computer keeps: IndexedDB with strict durability, so that a change survives a power cut.

import type { Anchor } from "./_clock";
import type { Attempt, Change, Paper } from "./_wire";

/** One attempt as this computer knows it. */
export interface Kept {
  attempt: string;
  lease: number;
  /** Last state heard from the box. */
  view: Attempt;
  acked: number;
  paper: Paper | null;
  flagged: number[];
  position: number;
  /** When `flagged` or `position` was changed here last, and up to when the box has it; not there: never. */
  markedAt?: string;
  markedSent?: string;
  confirmed: boolean;
  /** The candidate has confirmed handing in; it is delivered when the box answers. */
  handingIn: boolean;
  anchor: Anchor;
  /** Leases of this attempt that ended with changes unsent: they are queued again under the new lease. */
  carry: { lease: number; after: number }[];
  /** When this row was last the current one. */
  used: number;
}

interface Row extends Change {
  attempt: string;
  lease: number;
}

const STRICT: IDBTransactionOptions = { durability: "strict" };

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class Store {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(name = "exam-station"): Promise<Store> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("attempts", { keyPath: "attempt" });
      request.result.createObjectStore("changes", { keyPath: ["attempt", "lease", "n"] });
    };
    const db = await result(request);
    await navigator.storage?.persist?.().catch(() => false);
    return new Store(db);
  }

  private write(stores: string[]): IDBTransaction {
    return this.db.transaction(stores, "readwrite", STRICT);
  }

  /** Make a change durable; rejects when the disk refuses. */
  async keep(attempt: string, lease: number, change: Change): Promise<void> {
    const transaction = this.write(["changes"]);
    const finished = done(transaction);
    transaction.objectStore("changes").put({ ...change, attempt, lease } satisfies Row);
    await finished;
  }

  private range(attempt: string, lease: number, after: number): IDBKeyRange {
    return IDBKeyRange.bound([attempt, lease, after], [attempt, lease, Infinity], true, false);
  }

  /** Kept changes of a lease with n > after, in order. */
  async after(attempt: string, lease: number, after: number, limit?: number): Promise<Change[]> {
    const rows: Row[] = await result(
      this.db
        .transaction("changes")
        .objectStore("changes")
        .getAll(this.range(attempt, lease, after), limit),
    );
    return rows.map(({ attempt: _, lease: __, ...change }) => change);
  }

  async save(kept: Kept): Promise<void> {
    const transaction = this.write(["attempts"]);
    const finished = done(transaction);
    transaction.objectStore("attempts").put({ ...kept, used: Date.now() });
    await finished;
  }

  async find(attempt: string): Promise<Kept | undefined> {
    return result(this.db.transaction("attempts").objectStore("attempts").get(attempt));
  }

  /** The attempt this computer worked on last. */
  async latest(): Promise<Kept | undefined> {
    const all: Kept[] = await result(this.db.transaction("attempts").objectStore("attempts").getAll());
    return all.sort((a, b) => b.used - a.used)[0];
  }

  /** Remove an attempt whose every change the box has acknowledged. */
  async wipe(attempt: string): Promise<void> {
    const transaction = this.write(["attempts", "changes"]);
    const finished = done(transaction);
    transaction.objectStore("attempts").delete(attempt);
    transaction.objectStore("changes").delete(IDBKeyRange.bound([attempt, 0, 0], [attempt, Infinity, Infinity]));
    await finished;
  }
}
