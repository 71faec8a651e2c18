import { describe, expect, test } from "vitest";
import { coalesce } from "./coalesced-reads.ts";

/** Statements that end when the test says so. */
function openDatabase() {
  const statements: { keys: string[]; end: (error?: Error) => void }[] = [];
  const send = (keys: string[]) =>
    new Promise<string[]>((resolve, reject) => {
      const end = (error?: Error) => (error ? reject(error) : resolve(keys.map((key) => `answer to ${key}`)));
      statements.push({ keys, end });
    });
  return { statements, send };
}

const tick = () => new Promise((resolve) => setImmediate(resolve));
const refusal = (code: string) => Object.assign(new Error(code), { code });

describe("coalesced reads", () => {
  test("those of one tick are one statement, each key once, and each caller gets its own answer", async () => {
    const { statements, send } = openDatabase();
    const read = coalesce(send);
    const answers = ["a", "b", "a", "c"].map(read);
    await tick();
    expect(statements.map(({ keys }) => keys)).toEqual([["a", "b", "c"]]);
    statements[0]?.end();
    expect(await Promise.all(answers)).toEqual(["answer to a", "answer to b", "answer to a", "answer to c"]);
  });

  test("a read never joins a statement that was sent before it, even one that asks the same", async () => {
    const { statements, send } = openDatabase();
    const read = coalesce(send, { patienceMs: 60_000 });
    const first = read("a");
    await tick();
    const second = read("a");
    const third = read("b");
    await tick();
    expect(statements).toHaveLength(1);
    statements[0]?.end();
    expect(await first).toBe("answer to a");
    await tick();
    expect(statements.map(({ keys }) => keys)).toEqual([["a"], ["a", "b"]]);
    statements[1]?.end();
    expect(await Promise.all([second, third])).toEqual(["answer to a", "answer to b"]);
  });

  test("a statement that takes long holds nobody back for longer than the patience", async () => {
    const { statements, send } = openDatabase();
    const read = coalesce(send, { patienceMs: 5, statements: 2 });
    void read("stuck");
    await tick();
    const others = [read("a"), read("b")];
    await expect.poll(() => statements.length).toBe(2);
    statements[1]?.end();
    expect(await Promise.all(others)).toEqual(["answer to a", "answer to b"]);
    const [c, d] = [read("c"), read("d")];
    await expect.poll(() => statements.length).toBe(3);
    // Two are under way: a third waits for one of them, however long that takes.
    const e = read("e");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(statements).toHaveLength(3);
    statements[2]?.end();
    expect(await Promise.all([c, d])).toHaveLength(2);
    await expect.poll(() => statements.length).toBe(4);
    statements[3]?.end();
    expect(await e).toBe("answer to e");
  });

  test("what cannot be sent while the database hangs is refused in time, and what is sent is not", async () => {
    const { statements, send } = openDatabase();
    const read = coalesce(send, { patienceMs: 1, statements: 2, most: 2, longestMs: 40 });
    const stuck = ["a", "b", "c", "d"].map(read);
    await expect.poll(() => statements.length).toBe(2);
    const began = performance.now();
    const waiting = Array.from({ length: 2_000 }, (_, index) => read(String(index % 100)));
    const late = new Promise((resolve) => setTimeout(resolve, 20)).then(() => read("late"));
    const outcomes = await Promise.allSettled([...waiting, late]);
    expect(performance.now() - began).toBeLessThan(2_000);
    const codes = outcomes.map((one) => one.status === "rejected" && one.reason.code);
    expect(new Set(codes)).toEqual(new Set(["unavailable"]));
    expect(statements).toHaveLength(2);
    const next = read("next");
    for (const statement of statements) statement.end();
    expect(await Promise.all(stuck)).toHaveLength(4);
    await expect.poll(() => statements.length).toBe(3);
    statements[2]?.end();
    expect(await next).toBe("answer to next");
  });

  test("a statement has so many keys at most, and the rest follows", async () => {
    const { statements, send } = openDatabase();
    const read = coalesce(send, { most: 2, patienceMs: 60_000 });
    const answers = ["a", "b", "c", "d", "e"].map(read);
    for (let index = 0; index < 3; index++) {
      await expect.poll(() => statements.length).toBe(index + 1);
      statements[index]?.end();
    }
    expect(statements.map(({ keys }) => keys)).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(await Promise.all(answers)).toHaveLength(5);
  });

  test("what the database refuses for its content fails alone", async () => {
    const asked: string[][] = [];
    const read = coalesce(async (keys) => {
      asked.push(keys);
      if (keys.includes("bad")) throw refusal("22P02");
      return keys;
    });
    const answers = await Promise.allSettled(["a", "bad", "b"].map(read));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(asked).toEqual([["a", "bad", "b"], ["a"], ["bad"], ["b"]]);
  });

  test("a connection that ends under a statement costs nobody an answer; a second time it does, and all hear", async () => {
    for (const [losses, status] of [
      [1, "fulfilled"],
      [2, "rejected"],
    ] as const) {
      let lost = 0;
      const read = coalesce(async (keys) => {
        if (lost++ < losses) throw refusal("57P01");
        return keys;
      });
      const answers = await Promise.allSettled(["a", "b", "a"].map(read));
      expect(answers.map((one) => one.status)).toEqual([status, status, status]);
    }
  });

  test("any other failure reaches everybody who waits, and the next read starts afresh", async () => {
    let broken = true;
    const read = coalesce(async (keys) => {
      if (broken) throw refusal("53300");
      return keys;
    });
    const failed = await Promise.allSettled(["a", "b"].map(read));
    expect(failed.map((one) => one.status === "rejected" && one.reason.code)).toEqual(["53300", "53300"]);
    broken = false;
    expect(await read("a")).toBe("a");
  });
});
