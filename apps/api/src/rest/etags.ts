/** An entity tag as headers carry it. @param etag without quotes: letters, digits, `-` and `_` */
export function quoteEtag(etag: string): string {
  return `"${etag}"`;
}

/**
 * True when `If-None-Match` names the tag, so that the caller has this answer already. Weak tags count: a proxy that
 * compresses makes them so (RFC 9110, 13.1.2).
 */
export function hasEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((one) => one.trim().replace(/^W\//, "") === quoteEtag(etag));
}
