import type { Clock } from "./clock.ts";
import type { Sandbox } from "./parts.ts";

/** What any part of the server answers. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Incoming {
  method: string;
  path: string;
  query: string;
  body: string;
  headers: Record<string, string | undefined>;
}

/** What a request needs beside itself. */
export interface Serving {
  sandbox: Sandbox;
  clock: Clock;
  /** Ends what waits when the server closes. */
  closing: AbortSignal;
}
