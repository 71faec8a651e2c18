export type EventSourceOptions = {
  /** Asked before each connection, so that a token can be renewed. */
  headers: () => Promise<Record<string, string>>;
  fetch: typeof globalThis.fetch;
};

type Events = Pick<EventTarget, "addEventListener" | "removeEventListener">;
type EventSourceConstructor = new (
  url: string,
) => Events & {
  readonly CONNECTING: number;
  readonly OPEN: number;
  readonly CLOSED: number;
  readonly readyState: number;
  close(): void;
};

const connecting = 0;
const open = 1;
const closed = 2;

const firstPauseMs = 500;
const longestPauseMs = 15_000;

/**
 * What tRPC takes for an `EventSource`, over fetch: the browser's own sends no `Authorization` header, and Node has none.
 * Connects again when the stream breaks off, and says where it had come to. Any answer that is no stream and no passing
 * fault of a server ends it.
 */
export function eventSourceOver(options: EventSourceOptions): EventSourceConstructor {
  // tRPC calls it with `new`, which gives back the object that a function answers.
  return function start(url: string) {
    return startEventSource(url, options);
  } as unknown as EventSourceConstructor;
}

function startEventSource(url: string, options: EventSourceOptions) {
  const target = new EventTarget();
  const leaving = new AbortController();
  const state = { readyState: connecting, lastEventId: "", pause: firstPauseMs };

  async function connect(): Promise<"again" | "never"> {
    const headers = {
      ...(await options.headers()),
      accept: "text/event-stream",
      ...(state.lastEventId === "" ? {} : { "last-event-id": state.lastEventId }),
    };
    const { fetch } = options;
    const response = await fetch(url, { headers, signal: leaving.signal, cache: "no-store" });
    if (response.status >= 500) return "again";
    if (response.status !== 200 || response.body === null) return "never";
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return "never";
    state.readyState = open;
    state.pause = firstPauseMs;
    for await (const { name, data, id } of messagesOf(response.body)) {
      if (leaving.signal.aborted) break;
      if (id !== null) state.lastEventId = id;
      target.dispatchEvent(new MessageEvent(name, { data, lastEventId: state.lastEventId }));
    }
    return "again";
  }

  async function run(): Promise<void> {
    while (!leaving.signal.aborted) {
      const next = await connect().catch(() => "again" as const);
      if (leaving.signal.aborted) return;
      state.readyState = next === "again" ? connecting : closed;
      target.dispatchEvent(new Event("error"));
      if (next === "never") return;
      await pauseFor(state.pause * (0.5 + Math.random() / 2), leaving.signal);
      state.pause = Math.min(state.pause * 2, longestPauseMs);
    }
  }

  void run();
  return {
    CONNECTING: connecting,
    OPEN: open,
    CLOSED: closed,
    get readyState() {
      return state.readyState;
    },
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
    close() {
      state.readyState = closed;
      leaving.abort();
    },
  };
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

type Message = { name: string; data: string; id: string | null };

/** The messages of a stream (WHATWG HTML, "Server-sent events", section 9.2.6). */
async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  let name = "message";
  let data: string[] = [];
  let id: string | null = null;
  for await (const line of linesOf(body)) {
    if (line === "") {
      if (data.length > 0) yield { name, data: data.join("\n"), id };
      name = "message";
      data = [];
      id = null;
      continue;
    }
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === "event") name = value;
    if (field === "data") data.push(value);
    if (field === "id" && !value.includes("\0")) id = value;
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n/);
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
