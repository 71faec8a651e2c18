type Asked = { organizationId: string; action?: string; actorId?: string; from?: string; to?: string };

const names = { action: "action", actorId: "actor_id", from: "from", to: "to" } as const;

/** The trail as a file, saved as the browser saves files. Answers whether there is more than one file holds. */
export async function downloadCsv({ organizationId, ...filter }: Asked, token: string): Promise<boolean> {
  const query = new URLSearchParams({ format: "csv" });
  for (const [field, value] of Object.entries(filter)) query.set(names[field as keyof typeof names], value);
  const answer = await fetch(`/v1/organizations/${organizationId}/audit/export?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw new Error(`the export answered ${answer.status}`);
  const address = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement("a"), { href: address, download: "audit.csv" });
  link.click();
  URL.revokeObjectURL(address);
  return answer.headers.has("headroom-next-cursor");
}
