/** The largest body that a call may have, over tRPC as over REST: 1 MiB. */
export const largestBody = 1024 * 1024;
