/** One segment of a path, as it was meant; as it stands where its escapes are none. */
export function decodedSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
