import assert from "node:assert/strict";
import { fetchZstdDictionary } from "../../../lib/client/live/fetch_dictionary.ts";
import { parseEndpoint } from "../../../lib/client/endpoint.ts";
import { corpusFile, WITHOUT_CORPUS } from "../../support/corpus.ts";

const endpoint = parseEndpoint("ws://127.0.0.1:1/subscribe");
const signal = new AbortController().signal;

function serving(bytes: Uint8Array<ArrayBuffer>): typeof fetch {
  return () => Promise.resolve(new Response(bytes));
}

const dictionary = corpusFile("dictionaries/legacy_subscribe.zdict");

Deno.test({
  name: `the dictionary of v1 is known by its hash${WITHOUT_CORPUS}`,
  ignore: dictionary === null,
  fn: async () => {
    const { id } = await fetchZstdDictionary(endpoint, {
      v1Url: "http://127.0.0.1:1/dictionary",
      signal,
      fetch: serving(dictionary!),
    });
    assert.equal(id, 1612007021);
  },
});

Deno.test("a dictionary with another hash is rejected for v1", async () => {
  const other = Uint8Array.of(0x37, 0xa4, 0x30, 0xec, 1, 0, 0, 0, 9);
  await assert.rejects(
    fetchZstdDictionary(endpoint, {
      v1Url: "http://127.0.0.1:1/dictionary",
      signal,
      fetch: serving(other),
    }),
    /got SHA-256 [0-9a-f]{64}, expected b8d77b46/,
  );
});
