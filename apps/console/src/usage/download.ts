/** Saves the history as the file that the api makes of it. @throws Error when the api refuses or does not answer */
export async function downloadHistory(input: {
  token: string;
  organizationId: string;
  meter: string;
  days: number;
  filename: string;
}): Promise<void> {
  const query = new URLSearchParams({ days: String(input.days), meter: input.meter });
  const answer = await fetch(`/v1/organizations/${input.organizationId}/usage/history/export?${query}`, {
    headers: { authorization: `Bearer ${input.token}`, accept: "text/csv" },
  });
  if (!answer.ok) throw new Error(`export: ${answer.status}`);
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = input.filename;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
