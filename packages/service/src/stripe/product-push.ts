import { isUsageRole } from "@headroom/domain/catalogue";
import { differencesOf, type FieldChange } from "@headroom/domain/plan-differences";
import type { KnownPrice } from "@headroom/domain/price-pushes";
import { makeOnce } from "./faults.ts";
import type { NewProduct, StripeGateway, StripeProduct } from "./gateway.ts";

export interface ProductChange {
  id: string;
  change: "created" | "updated" | "archived" | "unchanged";
  fields: FieldChange[];
}

/** The product that a push makes for the prices of a plan, or for its seats. */
export function productIdOf({ planId, role }: Pick<KnownPrice, "planId" | "role">): string {
  return `headroom_${planId}_${role.replace(":", "_")}`;
}

export function newProduct(price: Pick<KnownPrice, "planId" | "role">, displayName: string): NewProduct {
  return {
    id: productIdOf(price),
    name: nameOf(price.role, displayName),
    metadata: { headroom_plan: price.planId, headroom_role: price.role },
  };
}

function nameOf(role: KnownPrice["role"], displayName: string): string {
  if (isUsageRole(role)) {
    return `${displayName}: ${role.slice("overage:".length)} above the included`;
  }
  return role === "seat" ? `${displayName} seat` : displayName;
}

/**
 * Makes a product what it shall be: there and open while a price of it is, with the plan's name. One that nobody needs
 * and that is not there is not made. Answers what was, or would be, done.
 */
export async function pushProduct(
  stripe: StripeGateway,
  product: NewProduct,
  { open, dryRun }: { open: boolean; dryRun: boolean },
): Promise<ProductChange> {
  const { id } = product;
  const existing = await stripe.fetchProduct(id);
  if (existing === null) {
    if (open && !dryRun) {
      await makeOnce(
        `product:${id}:${product.name}`,
        (key) => stripe.createProduct(product, key),
        () => stripe.fetchProduct(id),
      );
    }
    return { id, change: open ? "created" : "unchanged", fields: [] };
  }
  const fields = differencesOf(labelsOf(existing, product), labelsOf({ ...product, active: open }, product));
  if (fields.length > 0 && !dryRun) {
    const { name, metadata } = product;
    await stripe.updateProduct(id, { name, metadata, active: open });
  }
  const archived = !open && existing.active;
  return { id, change: fields.length === 0 ? "unchanged" : archived ? "archived" : "updated", fields };
}

// Metadata that others keep on our products is theirs.
function labelsOf({ name, active, metadata }: Omit<StripeProduct, "id">, { metadata: ours }: NewProduct) {
  const own = Object.keys(ours).map((key) => [key, metadata[key]]);
  return { name, active, metadata: Object.fromEntries(own) };
}
