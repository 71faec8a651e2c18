import { headroom } from "../headroom";

/** Asked anew for each request, instead of once while the site is built. */
export const dynamic = "force-dynamic";

export default async function Page() {
  const { usage } = await headroom.usage.get.query({ organizationId: "current" });
  return (
    <main>
      <h1>Usage</h1>
      <p>{`${usage.dailyUsed} of ${usage.dailyLimit ?? "unlimited"} ${usage.meter} used today`}</p>
    </main>
  );
}
