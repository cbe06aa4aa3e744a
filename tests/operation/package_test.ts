/** The Debian package, from its installation to its purge, and the workflows that make a release. */

import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { isInRepository, programTest, resultOf, run } from "../support/repository_files.ts";

const EXECUTABLE = "dist/jetstream-indexer-external";
const isMade = await isInRepository(EXECUTABLE);
const ENVIRONMENT = "/etc/jetstream-indexer.env";

// A hundred megabytes: compressed it would take half a minute of each test.
Deno.env.set("COMPRESSION", "none");

/** Packages are installed below a directory of the test's own: nothing of this machine changes. */
class Machine implements AsyncDisposable {
  private constructor(readonly root: string, readonly architecture: string) {}

  static async start(): Promise<Machine> {
    const architecture = (await resultOf("dpkg", ["--print-architecture"])).trim();
    return new Machine(await Deno.makeTempDir(), architecture);
  }

  /** Builds the package, of another version where one is given, and returns its path. */
  async build(version: string = manifest.version): Promise<string> {
    const directory = `${this.root}/packages-${version}`;
    await Deno.mkdir(directory, { recursive: true });
    const path =
      (await resultOf("systemd/debian/build", [EXECUTABLE, this.architecture, directory]))
        .trim();
    if (version === manifest.version) return path;
    const unpacked = `${directory}/unpacked`;
    await run("dpkg-deb", ["--raw-extract", path, unpacked]);
    const control = `${unpacked}/DEBIAN/control`;
    const text = await Deno.readTextFile(control);
    await Deno.writeTextFile(control, text.replace(/^Version: .*$/m, `Version: ${version}`));
    await run("dpkg-deb", ["--root-owner-group", "--build", "-Znone", unpacked, path]);
    return path;
  }

  async dpkg(...args: string[]): Promise<string> {
    // The libraries that it depends on are this machine's.
    const options = [`--root=${this.root}`, "--force-script-chrootless", "--force-depends"];
    return await run("dpkg", [...options, ...args]);
  }

  async read(path: string): Promise<string> {
    return await Deno.readTextFile(this.root + path);
  }

  async has(path: string): Promise<boolean> {
    return await isInRepository(this.root + path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

function packageTest(name: string, test: (machine: Machine) => Promise<void>): void {
  const why = isMade && Deno.uid() === 0 ? "" : ` (skipped: needs ${EXECUTABLE}, and root)`;
  if (why !== "") return Deno.test({ name: `package: ${name}${why}`, ignore: true, fn: () => {} });
  programTest("dpkg-deb", `package: ${name}`, async () => {
    await using machine = await Machine.start();
    await test(machine);
  });
}

packageTest("installed, it holds the program, its unit and its settings", async (machine) => {
  const said = await machine.dpkg("--install", await machine.build());
  assert.match(said, /set DATABASE_URL and LOCATION_JITTER_SECRET/);
  const program = `${machine.root}/usr/bin/jetstream-indexer`;
  assert.match(
    await run(program, ["version"]),
    new RegExp(`^jetstream-indexer ${manifest.version}`),
  );
  const unit = await machine.read("/lib/systemd/system/jetstream-indexer.service");
  assert.match(unit, /^ExecStart=\/usr\/bin\/jetstream-indexer run$/m);
  // The package creates no user: systemd creates one while the unit runs.
  assert.match(unit, /^DynamicUser=yes$/m);
  assert.match(unit, new RegExp(`^EnvironmentFile=${ENVIRONMENT}$`, "m"));
  assert.equal(((await Deno.stat(machine.root + ENVIRONMENT)).mode ?? 0) & 0o777, 0o600);
});

packageTest("an upgrade keeps the settings, a purge takes them away", async (machine) => {
  await machine.dpkg("--install", await machine.build());
  const settings = "DATABASE_URL=postgres://db.example/subcults\n";
  await Deno.writeTextFile(machine.root + ENVIRONMENT, settings);
  await machine.dpkg("--force-confold", "--install", await machine.build("99.0.0"));
  assert.equal(await machine.read(ENVIRONMENT), settings);
  await machine.dpkg("--remove", "jetstream-indexer");
  assert.equal(await machine.read(ENVIRONMENT), settings);
  assert.equal(await machine.has("/usr/bin/jetstream-indexer"), false);
  await machine.dpkg("--purge", "jetstream-indexer");
  assert.equal(await machine.has(ENVIRONMENT), false);
});

programTest("actionlint", "workflows: actionlint finds nothing", async () => {
  assert.equal(await run("actionlint", ["-no-color"]), "");
});

programTest("bash", "bash parses the scripts of the release", async () => {
  for (const script of [".ci/release", "systemd/debian/build"]) {
    assert.equal(await run("bash", ["-n", script]), "", script);
  }
});

Deno.test("workflows: every action is pinned to a commit, and no secret but the job's own is used", async () => {
  for (const name of ["test", "release"]) {
    const path = new URL(`../../.github/workflows/${name}.yml`, import.meta.url);
    const text = await Deno.readTextFile(path);
    for (const [, action = ""] of text.matchAll(/uses: (.*)$/gm)) {
      assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
    assert.doesNotMatch(text, /\$\{\{ *secrets\./);
  }
});

Deno.test("workflows: tests run on both Denos that CONTRIBUTING names", async () => {
  const read = (path: string): Promise<string> =>
    Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
  const [, versions = ""] = /deno: \[(.*)\]/.exec(await read(".github/workflows/test.yml")) ?? [];
  const [, newest, oldest] =
    /Deno (\d\S+) and (\d+\.\d+\.\d+)/.exec(await read("CONTRIBUTING.md")) ??
      [];
  assert.equal(versions, `"${newest}", "${oldest}"`);
});
