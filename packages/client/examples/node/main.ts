import { createHeadroomClient, isHeadroomError } from "@headroom/client";

const headroom = createHeadroomClient({
  url: process.env.HEADROOM_URL ?? "http://localhost:3000",
  token: process.env.HEADROOM_TOKEN ?? "",
});

const organization = await headroom.organizations.create.mutate({ name: "Example Works" });
const organizationId = organization.id;
console.log(`${organization.name} is ${organization.slug}`);

const { results } = await headroom.invites.bulk.mutate({
  organizationId,
  invites: ["bo", "cy", "di", "ed"].map((name) => ({
    email: `${name}@example.com`,
    role: "member" as const,
  })),
});
for (const { email, status } of results) console.log(`${email}: ${status}`);

try {
  await headroom.invites.create.mutate({ organizationId, email: "fay@example.com", role: "member" });
} catch (error) {
  if (!isHeadroomError(error, "seat_limit_reached")) throw error;
  const { used, limit, upgradePlans } = error.data.details;
  const plans = upgradePlans.map(({ displayName }) => displayName).join(", ");
  console.log(`${used} of ${limit} seats are taken; more with: ${plans || "no plan"}`);
}

const { usage } = await headroom.usage.get.query({ organizationId });
console.log(`${usage.dailyUsed} of ${usage.dailyLimit ?? "unlimited"} ${usage.meter} used today`);
