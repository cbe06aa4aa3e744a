/** The settings of a program under test, which keep its connections within the test. */
export function settings(
  databaseUrl: string,
  streamUrl: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    JETSTREAM_URL: streamUrl,
    JETSTREAM_COMPRESS: "false",
    START_FROM: "0",
    LOCATION_JITTER_SECRET: "a secret of the tests",
    RECONNECT_BASE_MS: "10",
    RECONNECT_MAX_MS: "100",
    HTTP_HOST: "127.0.0.1",
    METRICS_PORT: "0",
    ...more,
  };
}
