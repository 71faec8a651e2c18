import type { Books } from "./books.ts";
import type { Cause } from "./cause.ts";
import type { Database } from "./database.ts";
import type { Programs } from "./delivery-programs.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";
import type { Faults } from "./faults.ts";
import type { SandboxLog } from "./log.ts";
import type { RequestLog } from "./request-log.ts";
import type { Store } from "./store.ts";

/** What the parts of a running sandbox share. */
export interface Sandbox {
  database: Database;
  store: Store;
  queue: DeliveryQueue;
  programs: Programs;
  log: SandboxLog;
  base: string;
  faults: Faults;
  requests: RequestLog;
  /** Virtual time in milliseconds: real time (or the instant it stands still at) plus the offset. */
  now(): number;
  setNow(milliseconds: number): void;
  /** Looks at the deliveries again, after something about them was changed. */
  wakeDelivery(): void;
  /** Runs work in one transaction at the current (or a given) second, then wakes clock and delivery if it wrote. */
  transact<T>(cause: Cause, work: (books: Books) => T, at?: number): T;
}
