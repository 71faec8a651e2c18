import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amountOf } from "./money.ts";
import { billableUnits } from "./overage.ts";
import {
  amendLedger,
  itemPricing,
  type LedgerEntry,
  type LineTerms,
  linesOf,
  type Segment,
  splitUnits,
} from "./overage-lines.ts";

const terms: LineTerms = { planId: "pro", planVersion: 1, unitPrice: "2.5", currency: "usd" };
const plain = (total: number, included: number | null) => ({ total, included, hardCap: null, overCap: 0 });
const units = fc.nat(10_000);
const segmentsOf = (used: [number, number | null][]) =>
  used.map(([total, included]) => ({ count: plain(total, included), billAboveCap: false }));

// Counts grow within a period, and any plan may follow any.
const changes = fc
  .array(fc.tuple(units, fc.option(units, { nil: null })), { maxLength: 4 })
  .map((drawn) => drawn.sort(([a], [b]) => a - b));

describe("splitUnits", () => {
  it.each([
    ["no change", 120, 100, [], [20]],
    ["20 over, then more included", 130, 200, [[120, 100]], [20, 0]],
    ["and enough for the new plan too", 260, 200, [[120, 100]], [20, 40]],
    ["20 over, then less included", 130, 50, [[120, 100]], [20, 60]],
    ["nothing over before", 130, 50, [[90, 100]], [0, 80]],
    [
      "two changes: units are settled once",
      400,
      300,
      [
        [120, 100],
        [250, 200],
      ],
      [20, 30, 50],
    ],
    [
      "an unlimited plan in between",
      400,
      300,
      [
        [120, 100],
        [250, null],
      ],
      [20, 0, 80],
    ],
    ["voids take from the rest first", 110, 50, [[120, 100]], [10, 50]],
    ["and then from the segment", 100, 200, [[120, 100]], [0, 0]],
    [
      "the latest segment before the one before it",
      215,
      500,
      [
        [120, 100],
        [250, 200],
      ],
      [20, 0, 0],
    ],
    ["an unlimited plan at the end", 1000, null, [[120, 100]], [20, 0]],
  ] as [string, number, number | null, [number, number | null][], number[]][])(
    "%s",
    (_name, total, included, used, billed) => {
      expect(splitUnits(plain(total, included), false, segmentsOf(used))).toEqual(billed);
    },
  );

  it("is the plain overage where no plan changed, units above the cap left out", () => {
    const count = fc.record({
      total: units,
      included: fc.option(units, { nil: null }),
      hardCap: fc.option(units, { nil: null }),
      overCap: units,
    });
    fc.assert(
      fc.property(count, fc.boolean(), (one, all) => {
        expect(splitUnits(one, all, [])).toEqual([billableUnits(one, all)]);
      }),
    );
  });

  it("is never negative, and no segment grows after its end", () => {
    fc.assert(
      fc.property(changes, units, fc.option(units, { nil: null }), (used, total, included) => {
        const segments = segmentsOf(used);
        const billed = splitUnits(plain(total, included), false, segments);
        expect(Math.min(...billed)).toBeGreaterThanOrEqual(0);
        const more = splitUnits(plain(total + 20_000, included), false, segments);
        for (const [index, one] of billed.slice(0, -1).entries()) {
          expect(one).toBeLessThanOrEqual(more[index] ?? 0);
        }
      }),
    );
  });

  it("bills no unit twice, and more only when more was used", () => {
    fc.assert(
      fc.property(changes, units, fc.option(units, { nil: null }), (used, total, included) => {
        const segments = segmentsOf(used);
        const all = (of: number) =>
          splitUnits(plain(of, included), false, segments).reduce((a, b) => a + b, 0);
        expect(all(total)).toBeLessThanOrEqual(total);
        expect(all(total + 1) - all(total)).toBeGreaterThanOrEqual(0);
        expect(all(total + 1) - all(total)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("keeps what a segment settled, whatever the later plan includes", () => {
    fc.assert(
      fc.property(units, units, units, units, (included, over, more, later) => {
        const used = included + over;
        const [settled] = splitUnits(plain(used + more, later), false, segmentsOf([[used, included]]));
        expect(settled).toBe(over);
      }),
    );
  });
});

describe("linesOf", () => {
  const segment: Segment = {
    ...terms,
    position: 1,
    planVersion: 3,
    unitPrice: "1.25",
    count: plain(120, 100),
    billAboveCap: false,
  };

  it("has a line for each plan version, rounded on its own", () => {
    expect(linesOf(plain(203, 180), { ...terms, billAboveCap: false }, [segment])).toEqual([
      {
        segment: 1,
        planId: "pro",
        planVersion: 3,
        unitPrice: "1.25",
        currency: "usd",
        quantity: 20,
        amount: 25,
      },
      { ...terms, segment: 0, quantity: 3, amount: 8 },
    ]);
  });

  it("bills what was settled also where the plan at the end sells none", () => {
    expect(linesOf(plain(500, 100), null, [segment])).toMatchObject([{ segment: 1, quantity: 20 }]);
  });
});

describe("amendLedger", () => {
  const line = (quantity: number, segment = 0) => ({
    ...terms,
    segment,
    quantity,
    amount: amountOf(terms.unitPrice, quantity),
  });
  const row = (more: Partial<LedgerEntry>): LedgerEntry => ({
    ...line(20),
    id: "a",
    kind: "charge",
    fixed: false,
    ...more,
  });

  it("writes what is not there yet", () => {
    expect(amendLedger([line(20)], [])).toEqual([{ change: "insert", kind: "charge", line: line(20) }]);
    expect(amendLedger([], [])).toEqual([]);
  });

  it("changes a row that can be changed, and empties one that bills nothing any more", () => {
    expect(amendLedger([line(19)], [row({})])).toEqual([
      { change: "update", id: "a", quantity: 19, amount: 48 },
    ]);
    expect(amendLedger([], [row({})])).toEqual([{ change: "update", id: "a", quantity: 0, amount: 0 }]);
    expect(amendLedger([line(20)], [row({})])).toEqual([]);
  });

  it("puts the difference of what is fixed beside it, rounding included", () => {
    expect(amendLedger([line(19)], [row({ fixed: true })])).toEqual([
      { change: "insert", kind: "adjustment", line: { ...line(1), quantity: -1, amount: -2 } },
    ]);
  });

  it("leaves other segments alone", () => {
    expect(amendLedger([line(20), line(5, 1)], [row({}), row({ id: "b", ...line(7, 1) })])).toEqual([
      { change: "update", id: "b", quantity: 5, amount: 13 },
    ]);
  });

  it("adds up exactly after any number of corrections, drafts that finalize in between included", () => {
    const step = fc.tuple(units, fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        let rows: LedgerEntry[] = [];
        for (const [quantity, finalizes] of steps) {
          const lines = quantity === 0 ? [] : [line(quantity)];
          for (const change of amendLedger(lines, rows)) {
            rows =
              change.change === "insert"
                ? [...rows, { ...change.line, id: String(rows.length), kind: change.kind, fixed: false }]
                : rows.map((one) => (one.id === change.id ? { ...one, ...change } : one));
          }
          expect(rows.reduce((sum, one) => sum + one.quantity, 0)).toBe(quantity);
          expect(rows.reduce((sum, one) => sum + one.amount, 0)).toBe(amountOf(terms.unitPrice, quantity));
          expect(rows.filter(({ kind }) => kind === "charge").length).toBeLessThanOrEqual(1);
          expect(amendLedger(lines, rows)).toEqual([]);
          rows = rows.map((one) => ({ ...one, fixed: one.fixed || finalizes }));
        }
      }),
    );
  });
});

describe("itemPricing", () => {
  it.each([
    ["units at a price", 20, 50, { unitPrice: "2.5", quantity: 20 }],
    ["rounded up, as Stripe does", 3, 8, { unitPrice: "2.5", quantity: 3 }],
    ["given back, a whole amount", -4, -10, { unitPrice: "-2.5", quantity: 4 }],
    ["given back where rounding would be Stripe's to choose", -1, -2, { amount: -2 }],
    ["units that are worth nothing any more", -1, 0, { amount: 0 }],
    ["a difference of amounts", 1, 2, { amount: 2 }],
  ])("%s", (_name, quantity, amount, expected) => {
    expect(itemPricing({ unitPrice: "2.5", quantity, amount })).toEqual(expected);
  });
});
