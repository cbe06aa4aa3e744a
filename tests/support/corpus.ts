/** The corpus: data of third parties, in the directory that JETSTREAM_CORPUS names. */

const CORPUS = Deno.env.get("JETSTREAM_CORPUS") ?? "../shared/corpus/jetstream";

/** A file of the corpus; null where the corpus is missing. */
export function corpusFile(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Deno.readFileSync(`${CORPUS}/${path}`);
  } catch {
    return null;
  }
}

/** The 152 production events of the corpus, one JSON text each; null where the corpus is missing. */
export function corpusLines(): readonly string[] | null {
  const file = corpusFile("corpus/expected_v1.jsonl");
  return file && new TextDecoder().decode(file).trim().split("\n");
}

export const CORPUS_MISSING = corpusFile("README.md") === null;

/** For the end of a test's name, when the corpus is missing. */
export const WITHOUT_CORPUS = CORPUS_MISSING ? " (corpus missing: set JETSTREAM_CORPUS)" : "";
