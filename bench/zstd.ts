/** What the reference implementation of zstd makes of samples. Needs the `zstd` command. */

/** Compresses each content by itself, with the reference implementation at its usual level. */
export async function compress(
  contents: readonly Uint8Array[],
  dictionary: Uint8Array | null,
): Promise<Uint8Array[]> {
  const folder = await Deno.makeTempDir();
  try {
    const files = contents.map((_, i) => `${folder}/${i}`);
    await Promise.all(
      files.map((file, i) => Deno.writeFile(file, contents[i] ?? new Uint8Array())),
    );
    const args = ["-q", ...files];
    if (dictionary !== null) {
      await Deno.writeFile(`${folder}/dictionary`, dictionary);
      args.unshift("-D", `${folder}/dictionary`);
    }
    const { success, stderr } = await new Deno.Command("zstd", { args }).output();
    if (!success) throw new Error(`cannot compress: ${new TextDecoder().decode(stderr)}`);
    return await Promise.all(files.map((file) => Deno.readFile(`${file}.zst`)));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
