import { useFormats } from "@headroom/react";
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { nextPage, useTRPC } from "../api.ts";
import { downloadCsv } from "../audit/download.ts";
import { Entries } from "../audit/entries.tsx";
import { askedFor, everything, type Filter } from "../audit/filter.ts";
import { Filters } from "../audit/filters.tsx";
import { Button } from "../components/button.tsx";
import { Page } from "../components/page.tsx";
import { Answer, Banner, Empty, Failure, Loading } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import { useSurroundings } from "../surroundings.tsx";
import "../styles/audit.css";

const csvEntries = 10_000;

/** Who did what, when. */
export default function Audit() {
  const { audit: words } = useToolMessages();
  const { id: organizationId } = useOrganization();
  const query = useQuery(useTRPC().permissions.get.queryOptions({ organizationId }));
  return (
    <Answer query={query}>
      {({ permissions }) =>
        permissions.includes("audit.view") ? (
          <Trail />
        ) : (
          <Page title={words.title}>
            <div className="hr-card">
              <Empty title={words.notAllowedTitle} text={words.notAllowedText} />
            </div>
          </Page>
        )
      }
    </Answer>
  );
}

function Trail() {
  const { audit: words } = useToolMessages();
  const { id: organizationId, settings } = useOrganization();
  const [filter, setFilter] = useState<Filter>(everything);
  const asked = { organizationId, ...askedFor(filter, settings.timeZone) };
  const query = useInfiniteQuery(
    useTRPC().audit.list.infiniteQueryOptions(asked, {
      getNextPageParam: nextPage,
      placeholderData: keepPreviousData,
    }),
  );
  const entries = query.data?.pages.flatMap((page) => page.entries) ?? [];
  const isFiltered = Object.values(filter).some((value) => value !== "");
  return (
    <Page title={words.title} text={words.text}>
      <section className="hr-card section" aria-label={words.title}>
        <div className="audit-head">
          <Filters filter={filter} onChange={setFilter} />
          <Download asked={asked} />
        </div>
        {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : null}
        {query.isPending ? <Loading lines={6} /> : null}
        {query.isSuccess && entries.length === 0 ? (
          <Empty title={isFiltered ? words.emptyFiltered : words.empty} />
        ) : null}
        {entries.length === 0 ? null : <Entries entries={entries} />}
        {query.hasNextPage ? (
          <p>
            <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {words.more}
            </Button>
          </p>
        ) : null}
      </section>
    </Page>
  );
}

function Download({ asked }: { asked: Parameters<typeof downloadCsv>[0] }) {
  const { audit: words } = useToolMessages();
  const formats = useFormats();
  const { session } = useSurroundings();
  const download = useMutation({
    mutationFn: async () => downloadCsv(asked, await session.token()),
  });
  return (
    <>
      <Button busy={download.isPending} onClick={() => download.mutate()}>
        {download.isPending ? words.csvBusy : words.csv}
      </Button>
      {download.isError ? <Failure error={download.error} /> : null}
      {download.data === true ? (
        <Banner tone="info">{words.csvMore(formats.number(csvEntries))}</Banner>
      ) : null}
    </>
  );
}
