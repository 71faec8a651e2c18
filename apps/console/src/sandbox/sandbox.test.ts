import { describe, expect, test } from "vitest";
import type { StripeEvent } from "./controls.ts";
import { arrivalOf, doubled, reversed } from "./events.ts";
import { piecesOf, stepParts } from "./texts.ts";

const delivery = (
  state: "pending" | "delivered" | "failed",
  attempts: number,
  lastResult: string | null,
) => ({
  state,
  attempts,
  lastResult,
});
const event = (id: string): StripeEvent => ({
  id,
  type: "invoice.paid",
  at: "",
  object: null,
  deliveries: [],
});

describe("events", () => {
  test("an event is as far as the endpoint that is behind", () => {
    expect(arrivalOf({ deliveries: [] })).toEqual({ state: "unheard", attempts: 0, last: null });
    const behind = [delivery("delivered", 1, "200"), delivery("pending", 2, "503")];
    expect(arrivalOf({ deliveries: behind })).toEqual({ state: "pending", attempts: 3, last: "503" });
    const lost = [...behind, delivery("failed", 6, "refused")];
    expect(arrivalOf({ deliveries: lost })).toEqual({ state: "failed", attempts: 9, last: "refused" });
  });

  test("newest first is the wrong way round; twice is each one twice, oldest first", () => {
    const shown = ["c", "b", "a"].map(event);
    expect(reversed(shown, new Set(["a", "c"]))).toEqual(["c", "a"]);
    expect(doubled(shown, new Set(["a", "c"]))).toEqual(["a", "a", "c", "c"]);
  });
});

describe("texts", () => {
  test("addresses are found without the sentence around them", () => {
    const text =
      "Accept:\nhttp://127.0.0.1:4000/invites/accept?token=Sn-C_V, or see (https://a.test/b).\nBye";
    expect(piecesOf(text)).toEqual([
      { kind: "text", text: "Accept:\n" },
      { kind: "link", text: "http://127.0.0.1:4000/invites/accept?token=Sn-C_V" },
      { kind: "text", text: ", or see (" },
      { kind: "link", text: "https://a.test/b" },
      { kind: "text", text: ").\nBye" },
    ]);
    expect(piecesOf("nothing")).toEqual([{ kind: "text", text: "nothing" }]);
  });

  test("a step names what it was and of what", () => {
    expect(stepParts("renewal: sub_1")).toEqual({ name: "renewal", object: "sub_1" });
    expect(stepParts("odd")).toEqual({ name: "odd", object: null });
  });
});
