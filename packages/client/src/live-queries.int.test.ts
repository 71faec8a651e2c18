import { changed, createStage, raise, tokenOf } from "@headroom/api/testing/live";
import { QueryClient, type QueryKey, QueryObserver } from "@tanstack/react-query";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createHeadroomClient, isHeadroomError } from "./index.ts";
import {
  createHeadroomQueries,
  invalidateOnEvents,
  type LiveEvent,
  retryUnlessRefused,
} from "./react-query.ts";

let stage: Awaited<ReturnType<typeof createStage>>;
beforeAll(async () => {
  stage = await createStage();
});
afterAll(() => stage?.close());

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

/** A page that shows queries of an organization and follows its events. Counts what it has asked. */
async function openPage(
  token: () => string = () => tokenOf(stage.ada),
  organizationId = stage.organizationId,
) {
  const client = createHeadroomClient({ url: stage.server.url, token });
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: retryUnlessRefused } } });
  const queries = createHeadroomQueries(client, queryClient);
  const heard: string[] = [];
  const live: boolean[] = [];
  const ends: unknown[] = [];
  const show = (options: { queryKey: QueryKey }) => {
    // The options of each query have a type of their own.
    const observer = new QueryObserver(
      queryClient,
      options as ConstructorParameters<typeof QueryObserver>[1],
    );
    const page = { asked: 0, data: undefined as unknown };
    open.push(
      observer.subscribe(({ isFetching, data }) => {
        if (!isFetching) page.asked += 1;
        page.data = data;
      }),
    );
    return page;
  };
  const follow = async () => {
    const stop = invalidateOnEvents(queryClient, client, organizationId, {
      onEvent: (event: LiveEvent) => heard.push(event.name),
      onLive: (now) => live.push(now),
      onEnd: (error) => ends.push(error),
    });
    open.push(stop, () => queryClient.clear());
    await soon(() => expect(live.length + ends.length).toBeGreaterThan(0));
    return stop;
  };
  return { queries, queryClient, show, follow, heard, live, ends };
}

/** Until nothing has been asked for a while. */
async function settled(page: Awaited<ReturnType<typeof openPage>>) {
  await soon(() => expect(page.queryClient.isFetching()).toBe(0));
  await new Promise((resolve) => setTimeout(resolve, 150));
  await soon(() => expect(page.queryClient.isFetching()).toBe(0));
}

test("an event asks again for what it touches in its organization, and for nothing else", async () => {
  const { world, ada, acme, organizationId } = stage;
  const other = await world.organization(ada);
  const page = await openPage();
  const members = page.show(page.queries.members.list.queryOptions({ organizationId }));
  const current = page.show(page.queries.organizations.list.queryOptions({}));
  const usage = page.show(page.queries.usage.get.queryOptions({ organizationId }));
  const keys = page.show(page.queries.apiKeys.list.queryOptions({ organizationId }));
  const foreign = page.show(page.queries.members.list.queryOptions({ organizationId: `org_${other}` }));
  await page.follow();
  await soon(() => expect(members.asked).toBeGreaterThan(0));
  await settled(page);
  const before = [members, current, usage, keys, foreign].map(({ asked }) => asked);
  await world.join(acme, ada);
  await soon(() => expect(page.heard).toContain("member.joined"));
  await soon(() => expect((members.data as { members: unknown[] }).members).toHaveLength(2));
  await settled(page);
  const again = [members, current, usage, keys, foreign].map(
    ({ asked }, index) => asked - (before[index] ?? 0),
  );
  expect(again.map((times) => times > 0)).toEqual([true, true, false, false, false]);
});

test("what changed between the first answers and the stream is asked for once more", async () => {
  const { world, ada, acme, organizationId } = stage;
  const page = await openPage();
  const members = page.show(page.queries.members.list.queryOptions({ organizationId }));
  await settled(page);
  const count = () => (members.data as { members: unknown[] }).members.length;
  const before = count();
  await world.join(acme, ada);
  await page.follow();
  await soon(() => expect(count()).toBe(before + 1));
});

test("it goes on beyond the end of a token, from where it was", async () => {
  const { world, acme, ada } = stage;
  let asked = 0;
  // Tokens are good for 30 s more than they say.
  const page = await openPage(() => {
    asked += 1;
    return tokenOf(ada, Math.floor(Date.now() / 1_000) - 28);
  });
  await page.follow();
  await raise(world, acme, changed("one"));
  await soon(() => expect(page.heard).toEqual(["max_overage.changed"]));
  await soon(() => expect(asked).toBeGreaterThan(1));
  await raise(world, acme, changed("two"));
  await soon(() => expect(page.heard).toEqual(["max_overage.changed", "max_overage.changed"]));
  expect(page.ends).toEqual([]);
});

test("a token that stays expired ends it, once", async () => {
  const token = tokenOf(stage.ada, Math.floor(Date.now() / 1_000) - 28);
  const page = await openPage(() => token);
  await page.follow();
  await soon(() => expect(page.ends).toHaveLength(1));
  expect(isHeadroomError(page.ends[0], "token_expired")).toBe(true);
  expect(page.live).toEqual([true, false]);
});

test("who is removed is asked to look again, and told why nothing more comes", async () => {
  const { world, acme, ada, organizationId } = stage;
  const member = await world.join(acme, ada);
  const page = await openPage(() => tokenOf(member));
  const list = page.show(page.queries.organizations.list.queryOptions({}));
  await page.follow();
  await settled(page);
  const owner = createHeadroomClient({ url: stage.server.url, token: tokenOf(ada) });
  await owner.members.remove.mutate({ organizationId, userId: `usr_${member.userId}` });
  await soon(() =>
    expect(page.ends.map((error) => isHeadroomError(error, "organization_not_found"))).toEqual([true]),
  );
  await soon(() => expect((list.data as { organizations: unknown[] }).organizations).toEqual([]));
});

test("after it is stopped nothing is asked any more", async () => {
  const { world, acme, organizationId } = stage;
  const page = await openPage();
  const usage = page.show(page.queries.usage.get.queryOptions({ organizationId }));
  const stop = await page.follow();
  await soon(() => expect(usage.asked).toBeGreaterThan(0));
  await settled(page);
  const before = usage.asked;
  stop();
  await raise(world, acme, changed("pages"));
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([usage.asked, page.heard, page.ends]).toEqual([before, [], []]);
});

test("a refusal is not asked again, an outage three times", async () => {
  const client = createHeadroomClient({ url: stage.server.url, token: tokenOf(stage.ada) });
  const refusal = await client.members.list
    .query({ organizationId: "org_01980000-0000-7000-8000-000000000000" })
    .catch((error: unknown) => error);
  const outage = await createHeadroomClient({ url: "http://127.0.0.1:1" })
    .me.get.query()
    .catch((error: unknown) => error);
  expect([0, 1, 2, 3].map((failures) => retryUnlessRefused(failures, refusal))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect([0, 1, 2, 3].map((failures) => retryUnlessRefused(failures, outage))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test("an infinite query reads a list to its end", async () => {
  const { world, ada } = stage;
  await world.organization(ada);
  const { queries, queryClient } = await openPage();
  const lists = await queryClient.fetchInfiniteQuery({
    ...queries.organizations.list.infiniteQueryOptions(
      { limit: 1 },
      { getNextPageParam: (page) => page.nextCursor },
    ),
    pages: 2,
  });
  expect(lists.pages.map(({ organizations }) => organizations.length)).toEqual([1, 1]);
});
