import assert from "node:assert/strict";
import axe from "axe-core";
import { Browser, findChromium, type Look, type Page } from "../../support/browser.ts";
import { type PageState, STATES } from "../../support/page_states.ts";
import {
  fullStatus,
  HOSTILE,
  letter,
  type PageSubject,
  servePage,
  TOKEN,
} from "../../support/page_subject.ts";

const chromium = findChromium();

/** The token of all tests in this file. */
const browser = chromium === null ? null : await Browser.launch(chromium);

/** Directory for screenshots. Unset: none are kept. */
const pictures = Deno.env.get("PAGE_PICTURES");

const DESKTOP: Look = { width: 1280, height: 900, scheme: "light" };
const PHONE: Look = { width: 360, height: 740, scheme: "light", phone: true };

const HERE = {
  endpoint: { source: "jetstream1.us-east.bsky.network/subscribe", protocol: "v1" },
};

const SHOWN = "document.querySelector('#facts').hidden === false";

interface PageTest {
  readonly subject: PageSubject;
  readonly page: Page;
}

/** A test in the browser. What that holds open between two tests is no leak of theirs. */
function browserTest(name: string, run: (browser: Browser) => Promise<void>): void {
  const skipped = " (skipped: needs Chromium, in PATH or named by CHROMIUM)";
  Deno.test({
    name: browser === null ? name + skipped : name,
    ignore: browser === null,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      if (browser !== null) await run(browser);
    },
  });
}

/** A test with a server and a visit of its own. At its end nothing was forbidden or failed. */
function pageTest(
  name: string,
  options: { token?: string; look?: Look; minutes?: number },
  run: (test: PageTest) => Promise<void>,
): void {
  browserTest(name, async (browser) => {
    await using subject = servePage(options);
    await using visit = await browser.visit();
    const page = await visit.open(options.look ?? DESKTOP);
    await page.goto(subject.url);
    const failure: unknown = await run({ subject, page }).then(
      () => null,
      (error) => error,
    );
    // The cause of most failures.
    assert.deepEqual(page.problems, []);
    if (failure !== null) throw failure;
    const foreign = page.requests.filter((url) =>
      !url.startsWith(subject.url) && !url.startsWith("data:")
    );
    assert.deepEqual(foreign, []);
  });
}

async function keepPicture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  await Deno.mkdir(pictures, { recursive: true });
  await Deno.writeFile(`${pictures}/${name}.png`, await page.picture());
}

/** One for each width that a screen has, in the light and in the dark. */
async function keepPictures(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  for (const width of [390, 768, 1024, 1440]) {
    for (const scheme of ["light", "dark"] as const) {
      await page.resemble({ ...DESKTOP, width, scheme, reducedMotion: true });
      await keepPicture(page, `${name}-${width}-${scheme}`);
    }
  }
}

async function scrollsSideways(page: Page): Promise<unknown> {
  return await page.evaluate(
    "document.documentElement.scrollWidth > document.documentElement.clientWidth",
  );
}

/** Whoever comes back to the tab sees what is new at once, and not with the next of the page's questions. */
async function lookAgain(page: Page): Promise<void> {
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange')); undefined");
}

const resultLevel = "document.querySelector('#dead-letters-result').dataset.level";

pageTest("the page shows the numbers of the status", {}, async ({ page }) => {
  await page.until(SHOWN);
  assert.match(await page.text("#state-text"), /^All is well: connected, up to date$/);
  assert.equal(await page.evaluate("document.title"), "All is well · Jetstream Indexer");
  assert.match(await page.text("#about"), /version 1\.2\.3 · consumer default · up 60 min/);
  const tiles = await page.text("#tiles");
  for (const text of ["Connected", "Lag", "Queue", "Up", "14", "4"]) assert(tiles.includes(text));
  const collections = await page.text("#collections");
  assert.match(collections, /app\.subcult\.post\s+91,402\s+2\s+0\s+17/);
  assert.match(await page.text("#waiting"), /parent_missing\s+12/);
  assert.match(await page.text("#stream"), /jetstream1\.us-east\.bsky\.network\/subscribe/);
  assert.match(await page.text("#outcomes"), /dead letter/);
  assert.equal(await page.evaluate("document.querySelectorAll('#rate-plot .bar').length"), 60);
  assert.equal(await page.evaluate("document.querySelectorAll('#lag-plot .bar').length"), 60);
  assert.match(await page.text("#lag-summary"), /^At most 0 s; always connected\.$/);
  assert.equal(await page.evaluate("document.querySelectorAll('#map .dot').length"), 5);
  await keepPicture(page, "desktop-light");
});

pageTest(
  "names from the network are shown as text, whatever they contain",
  { token: TOKEN },
  async (test) => {
    const { page, subject } = test;
    subject.stored = {
      ...fullStatus(),
      collections: [{ collection: HOSTILE, states: { applied: 1 } }],
      waiting: { total: 1, reasons: [{ reason: HOSTILE, count: 1 }] },
      deadLetters: { open: 1, reasons: [{ reason: HOSTILE, count: 1 }] },
      recent: [{
        did: HOSTILE,
        collection: HOSTILE,
        rkey: "x".repeat(5_000),
        state: "applied",
        reason: HOSTILE,
        at: new Date(0),
      }],
    };
    subject.telemetry.stream.connected({ endpoint: { source: HOSTILE, protocol: "v1" } });
    await signIn(page, TOKEN);
    await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
    const count = `document.querySelectorAll('img, script, #facts b').length`;
    assert.equal(await page.evaluate(count), 1);
    assert.equal(await page.evaluate("document.title.includes('owned')"), false);
    for (const part of ["#collections", "#waiting", "#recent", "#stream", "#dead-letters-list"]) {
      assert((await page.text(part)).includes("</script><img src=//evil.example"), part);
    }
    const title = await page.evaluate("document.querySelector('#map title').textContent");
    assert.equal(title, HOSTILE);
    assert.equal(await scrollsSideways(page), false);
  },
);

pageTest("how the last connection ended is on the page", {}, async ({ page, subject }) => {
  await page.until(SHOWN);
  subject.telemetry.stream.disconnected({ kind: "closed", code: 1012, reason: "back at noon" });
  await page.until("document.querySelector('#stream').textContent.includes('closed 1012: back')");
});

pageTest("a page whose server is gone says that it is stale", {}, async ({ page, subject }) => {
  await page.until(SHOWN);
  await subject.stopServer();
  await page.until("document.title.startsWith('Stale')");
  const state = await page.text("#state-text");
  assert.match(state, /^Stale: the server does not answer; everything below is from \d\d:\d\d$/);
  assert.match(await page.text("#state-note"), /^The last answer came \d+ s ago\.$/);
  assert.equal(await page.evaluate("document.querySelector('#state').dataset.level"), "stale");
  await keepPicture(page, "stale");
});

pageTest("without the token nothing is shown, and a wrong one is rejected", {
  token: TOKEN,
}, async ({ page }) => {
  await page.until("document.querySelector('#access').hidden === false");
  assert.equal(await page.text("#state-text"), "No access: a token is required");
  assert.equal(await page.evaluate("document.activeElement.id"), "token");
  await keepPicture(page, "no-access");
  await page.type("wrong");
  await page.press("Enter");
  await page.until("document.querySelector('#access-error').textContent !== ''");
  assert.equal(await page.text("#access-error"), "The token is wrong.");
  assert.equal(await page.evaluate("document.querySelector('#facts').hidden"), true);
  assert.equal(await page.evaluate("sessionStorage.length"), 0);
});

pageTest("the token opens the page, is kept over a reload, and can be removed", {
  token: TOKEN,
}, async ({ page, subject }) => {
  await signIn(page, TOKEN);
  assert.equal(await page.evaluate("localStorage.length + document.cookie.length"), 0);
  // The keyboard goes on at what the token opened.
  assert.equal(await page.evaluate("document.activeElement.closest('#facts') !== null"), true);
  await page.goto(subject.url);
  await page.until(SHOWN);
  assert(page.requests.every((url) => !url.includes(TOKEN)));
  await page.click("#forget");
  await page.until("document.querySelector('#access').hidden === false");
  assert.equal(await page.evaluate("sessionStorage.length"), 0);
});

pageTest("retrying a dead letter shows the result and the remaining ones", {
  token: TOKEN,
}, async ({ page, subject }) => {
  await signIn(page, TOKEN);
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
  await page.click("[aria-label='Retry dead letter 2']");
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 3");
  assert.equal(await page.text("#dead-letters-result"), "Dead letter 2 is resolved.");
  await page.click("[aria-label='Retry dead letter 1']");
  await page.until("document.querySelector('#dead-letters-result').textContent.includes(' 1 ')");
  assert.equal(
    await page.text("#dead-letters-result"),
    "Dead letter 1 was rejected again: still name is a number.",
  );
  // The message stays beside the dead letter, in the list that is asked for then.
  await page.until(
    "document.querySelector('#dead-letters-list').innerText.includes('rejected again: still name is a number')",
  );
  assert.equal(await page.evaluate(resultLevel), "warn");
  await page.click("[data-focus='retry invalid_type']");
  await page.until(
    "document.querySelector('#dead-letters-result').textContent.includes('retried')",
  );
  assert.equal(await page.text("#dead-letters-result"), "2 dead letters retried, 1 resolved.");
  assert.equal(await page.evaluate(resultLevel), "warn");
  assert.deepEqual(subject.letters.asked, [
    'retry {"id":2}',
    'retry {"id":1}',
    'retry {"reason":"invalid_type"}',
  ]);
});

pageTest("the content of a dead letter stays visible when the list is rendered again", {
  token: TOKEN,
}, async ({ page }) => {
  await signIn(page, TOKEN);
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
  await page.click("[aria-label='Show the content of dead letter 3']");
  await page.until("document.querySelectorAll('.dead-letter-content').length === 1");
  assert.match(await page.text(".dead-letter-content"), / 3"/);
  assert.equal(await page.evaluate("document.activeElement.dataset.focus"), "content 3");
  await keepPicture(page, "dead-letter-content");
  await page.click("[aria-label='Retry dead letter 2']");
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 3");
  assert.match(await page.text(".dead-letter-content"), / 3"/);
  await page.click("[aria-label='Hide the content of dead letter 3']");
  await page.until("document.querySelectorAll('.dead-letter-content').length === 0");
});

pageTest("a dead letter is discarded only after a confirmation, by keyboard too", {
  token: TOKEN,
}, async ({ page, subject }) => {
  await signIn(page, TOKEN);
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
  const focusDiscard = `document.querySelector("[data-focus='discard 4']").focus()`;
  await page.evaluate(focusDiscard);
  await page.press("Enter");
  await page.until("document.querySelector('#confirm').open");
  await keepPicture(page, "confirm");
  await page.press("Escape");
  await page.until("!document.querySelector('#confirm').open");
  assert.equal(await page.evaluate("document.activeElement.dataset.focus"), "discard 4");
  assert.deepEqual(subject.letters.asked, []);
  await page.press("Enter");
  await page.until("document.querySelector('#confirm').open");
  assert.equal(await page.evaluate("document.activeElement.id"), "confirm-no");
  await page.press("Tab");
  await page.press("Enter");
  await page.until(
    "document.querySelector('#dead-letters-result').textContent.includes('discarded')",
  );
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 3");
  assert.deepEqual(subject.letters.asked, ["discard 4"]);
});

pageTest("a cancelled discard can be requested again at once", {
  token: TOKEN,
}, async ({ page, subject }) => {
  await signIn(page, TOKEN);
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
  await page.click("[data-focus='discard 3']");
  await page.until("document.querySelector('#confirm').open");
  // A dialog tells that it is closed in a turn of its own, when the next is open already.
  await page.evaluate(`new Promise((closed) => {
    document.querySelector("#confirm").addEventListener("close", closed);
    document.querySelector("#confirm-no").click();
    document.querySelector("[data-focus='discard 4']").click();
  })`);
  await page.click("#confirm-yes");
  await page.until(
    "document.querySelector('#dead-letters-result').textContent.includes('discarded')",
  );
  assert.equal(await page.text("#dead-letters-result"), "Dead letter 4 is discarded.");
  assert.deepEqual(subject.letters.asked, ["discard 4"]);
});

pageTest("new dead letters take neither the focus nor a click", {
  token: TOKEN,
}, async ({ page, subject }) => {
  const rows = "document.querySelectorAll('.dead-letters tbody tr').length";
  await signIn(page, TOKEN);
  await page.until(`${rows} === 4`);
  await page.click("[data-focus='discard 2']");
  await page.until("document.querySelector('#confirm').open");
  receiveLetter(subject, 5);
  await lookAgain(page);
  await page.until(`${rows} === 5`);
  await page.press("Escape");
  await page.until("document.activeElement.dataset.focus === 'discard 2'");

  await page.mouseDown("[data-focus='retry 2']");
  const lists = Number(await page.evaluate(answersOf("/dead-letters?")));
  receiveLetter(subject, 6);
  await lookAgain(page);
  await page.until(`${answersOf("/dead-letters?")} > ${lists}`);
  const statuses = Number(await page.evaluate(answersOf("/api/status")));
  await lookAgain(page);
  await page.until(`${answersOf("/api/status")} > ${statuses}`);
  assert.equal(await page.evaluate(rows), 5);
  await page.mouseUp();
  await page.until(
    "document.querySelector('#dead-letters-result').textContent.includes('resolved')",
  );
  assert.deepEqual(subject.letters.asked, ['retry {"id":2}']);
  await page.until(`${rows} === 5 && document.querySelector("[data-focus='retry 6']") !== null`);
});

const listed = "document.querySelectorAll('.dead-letters tbody tr').length";
const caption = "document.querySelector('.dead-letters caption').textContent";

pageTest(
  "the form filters dead letters by reason, collection, author and age, and can be reset",
  {
    token: TOKEN,
  },
  async ({ page, subject }) => {
    const far = letter(9, "invalid_type");
    subject.letters.open = [
      { ...far, did: "did:plc:another", collection: "app.subcult.post" },
      ...subject.letters.open,
    ];
    await signIn(page, TOKEN);
    await page.until(`${listed} === 5`);
    assert.equal(await page.evaluate(caption), "5 dead letters, newest first");
    const fill = async (values: Readonly<Record<string, string>>): Promise<void> => {
      await page.evaluate(`Object.entries(${JSON.stringify(values)}).forEach(([part, value]) =>
      document.querySelector("#filter-" + part).value = value)`);
      await page.click("#dead-letters-filter [type=submit]");
    };
    await fill({ reason: "not_scene_owner" });
    await page.until(`${listed} === 1`);
    assert.equal(
      await page.evaluate(caption),
      "1 dead letter with reason not_scene_owner, newest first",
    );
    await fill({ reason: "", did: "did:plc:another", collection: "app.subcult.post" });
    await page.until(`${listed} === 1 && ${caption}.includes("author")`);
    assert.match(
      String(await page.evaluate(caption)),
      /collection app\.subcult\.post, author did:/,
    );
    await fill({ did: "", collection: "", olderThan: "a while" });
    await page.until("document.querySelector('#dead-letters-result').textContent !== ''");
    assert.match(
      await page.text("#dead-letters-result"),
      /^The list can't be shown: cannot use olderThan: expected an age like 30m, 12h or 7d/,
    );
    await fill({ olderThan: "", reason: "invalid_type", did: "did:plc:nobody" });
    await page.until(
      "document.querySelector('#dead-letters-list').textContent.startsWith('None with')",
    );
    await page.click("#dead-letters-filter [type=reset]");
    await page.until(`${listed} === 5`);
    await keepPicture(page, "letters");
  },
);

pageTest("all matching dead letters are discarded after one confirmation that names their number", {
  token: TOKEN,
}, async ({ page, subject }) => {
  await signIn(page, TOKEN);
  await page.until(`${listed} === 4`);
  await page.click("[data-focus='show invalid_type']");
  await page.until(`${listed} === 3`);
  assert.equal(
    await page.evaluate("document.querySelector('#filter-reason').value"),
    "invalid_type",
  );
  await page.click("[data-focus='discard all']");
  await page.until("document.querySelector('#confirm').open");
  assert.equal(
    await page.text("#confirm-text"),
    "3 dead letters with reason invalid_type will be closed without being applied. This can't be undone.",
  );
  await keepPicture(page, "confirm-all");
  await page.press("Escape");
  await page.until("document.activeElement.dataset.focus === 'discard all'");
  // Between the list and the yes another one comes: nothing is done.
  subject.letters.open = [letter(6), ...subject.letters.open];
  await page.press("Enter");
  await page.until("document.querySelector('#confirm').open");
  await page.click("#confirm-yes");
  await page.until("document.querySelector('#dead-letters-result').dataset.level === 'bad'");
  await page.until(`${listed} === 4`);
  assert.deepEqual(subject.letters.asked, []);
  await page.click("[data-focus='discard all']");
  await page.click("#confirm-yes");
  await page.until(
    "document.querySelector('#dead-letters-result').textContent.includes('discarded')",
  );
  assert.equal(await page.text("#dead-letters-result"), "4 dead letters discarded.");
  assert.deepEqual(subject.letters.asked, ['discard {"reason":"invalid_type","count":4}']);
});

pageTest("all matching dead letters are retried, and each remaining one shows why", {
  token: TOKEN,
}, async ({ page, subject }) => {
  await signIn(page, TOKEN);
  await page.until(`${listed} === 4`);
  await page.click("[data-focus='retry all']");
  await page.until(
    "document.querySelector('#dead-letters-result').textContent.includes('retried')",
  );
  assert.equal(await page.text("#dead-letters-result"), "4 dead letters retried, 2 resolved.");
  await page.until(`${listed} === 2`);
  assert.match(await page.text("#dead-letters-list"), /rejected again: still name is a number/);
  assert.deepEqual(subject.letters.asked, ["retry {}"]);
});

/** A further dead letter, which the next status tells of. */
function receiveLetter(subject: PageSubject, id: number): void {
  subject.letters.open = [letter(id), ...subject.letters.open];
  const deadLetters = {
    open: subject.letters.open.length,
    reasons: [{ reason: "invalid_type", count: subject.letters.open.length }],
  };
  subject.stored = { ...fullStatus(), deadLetters };
}

/** How many answers the page has had to requests for such an address. */
function answersOf(address: string): string {
  return `performance.getEntriesByType("resource")
    .filter(({ name }) => name.includes(${JSON.stringify(address)})).length`;
}

pageTest("the page of a server without a token offers no actions", {}, async ({ page }) => {
  await page.until(SHOWN);
  assert.match(await page.text("#dead-letters-reasons"), /INTERNAL_AUTH_TOKEN/);
  assert.equal(await page.evaluate("document.querySelectorAll('#dead-letters-list *').length"), 0);
  assert(page.requests.every((url) => !url.includes("dead-letters")));
});

pageTest("the page shows problems: no connection, a pause, no database", {}, async (test) => {
  const { page, subject: { telemetry, clock }, subject } = test;
  await page.until(SHOWN);
  telemetry.stream.paused();
  clock.pass(12_000);
  await lookAgain(page);
  await page.until("document.querySelector('#tiles').innerText.includes('paused for 12 s')");
  assert.match(await page.text("#state-text"), /^Paused: /);
  telemetry.stream.resumed();
  telemetry.stream.disconnected({ kind: "closed", code: 1013, reason: "try again later" });
  telemetry.stream.attemptFailed({
    ...HERE.endpoint,
    failures: 3,
    why: "refused",
    retryInMs: 4_000,
  });
  clock.pass(90_000);
  subject.stored = null;
  await lookAgain(page);
  await page.until("document.querySelector('#collections p.warn') !== null");
  assert.match(
    await page.text("#state-text"),
    /^Not ready: the database does not answer; there is no connection/,
  );
  assert.match(await page.text("#state-note"), /bsky\.network\/subscribe: refused/);
  assert.match(await page.text("#stream"), /Cannot connect\s+refused, next attempt/);
  assert.match(await page.text("#tiles"), /3 attempts failed/);
  await page.until("document.querySelectorAll('#lag-plot .bar.late').length > 0");
  assert.match(await page.text("#lag-summary"), /^At most \d+ (s|min), .*; not always connected/);
  assert.match(await page.text("#collections"), /The database does not answer; this is from/);
  await keepPicture(page, "trouble");
});

pageTest(
  "a replay of the archive is shown as such, and as a failure when it fails",
  {},
  async (test) => {
    const { page, subject: { telemetry, clock }, subject } = test;
    await page.until(SHOWN);
    assert.equal(await page.evaluate("document.querySelector('#replay').hidden"), true);
    stateOf("replaying").enter(subject);
    await lookAgain(page);
    await page.until("!document.querySelector('#replay').hidden");
    assert.equal(
      await page.text("#state-text"),
      "Replaying the archive: 2 %, about 10 min left",
    );
    assert.equal(
      await page.evaluate("document.title"),
      "Replaying the archive · Jetstream Indexer",
    );
    assert.equal(await page.evaluate("document.querySelector('#state').dataset.level"), "busy");
    assert.equal(
      await page.text("#replay-text"),
      "2 % · 25 of 80 planned segments · 123,456 events · 1,625 sequence numbers/s · " +
        "running for 10 min · about 10 min left",
    );
    assert.equal(await page.evaluate("document.querySelector('progress').position"), 0.025);
    assert.doesNotMatch(await page.text("#tiles"), /None|never|×/);
    // An outdated figure must not be shown as a forecast.
    clock.pass(300_000);
    telemetry.database.answered();
    await lookAgain(page);
    await page.until("document.querySelector('#state-text').textContent.startsWith('Not ready')");
    assert.match(await page.text("#state-text"), /2 %, nothing arrived for 5 min$/);
    assert.doesNotMatch(await page.text("#replay-text"), /left/);
    telemetry.archive.requestFailed({ failures: 4, why: "it answered 503" });
    await lookAgain(page);
    await page.until("document.querySelector('#replay-problem').textContent.includes('503')");
  },
);

pageTest(
  "minutes in which the process did not run are unknown, not quiet",
  { minutes: 17 },
  async (test) => {
    const { page } = test;
    await page.until(SHOWN);
    const count = (selector: string): string => `document.querySelectorAll("${selector}").length`;
    assert.equal(await page.evaluate(count("#rate-plot .unknown")), 42);
    assert.equal(await page.evaluate(count("#rate-plot .bar")), 18);
    assert.match(await page.text("#rate-summary"), /Unknown: 42 minutes/);
    assert.match(
      String(await page.evaluate("document.querySelector('#rate-table').textContent")),
      /––––––/,
    );
  },
);

pageTest("a lock is shown with its holder and what is locked", {}, async ({ page, subject }) => {
  await page.until(SHOWN);
  stateOf("database-blocked").enter(subject);
  await lookAgain(page);
  await page.until("document.querySelector('#tiles').innerText.includes('Blocked')");
  assert.match(await page.text("#tiles"), /waits for the table scenes/);
  assert.match(
    await page.text("#state-note"),
    /^Waits for the table scenes since \d\d:\d\d, held by process 4711 of postgres \(pg_dump, idle in/,
  );
});

pageTest("each figure at the top links to its meaning", {}, async ({ page, subject }) => {
  await page.until(SHOWN);
  const missing = await page.evaluate(`[...document.querySelectorAll("#tiles dt a")]
    .filter((link) => document.querySelector(link.getAttribute("href")) === null).length`);
  assert.equal(missing, 0);
  assert.equal(await page.evaluate("document.querySelectorAll('#tiles dt a').length"), 8);
  const names = await page.evaluate(
    "[...document.querySelectorAll('#meanings code')].map((code) => code.textContent)",
  ) as string[];
  const metrics = await subject.telemetry.metrics.text();
  assert.deepEqual(names.filter((name) => !metrics.includes(`# TYPE ${name} `)), []);
});

pageTest("in every state and width the page does not scroll sideways and has no gaps", {
  token: TOKEN,
}, async ({ page }) => {
  await signIn(page, TOKEN);
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
  await page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)");
  const holes = `(() => {
    const tiles = [...document.querySelectorAll("#tiles > div")];
    const columns = new Set(tiles.map((tile) => tile.getBoundingClientRect().left)).size;
    return tiles.length % columns;
  })()`;
  for (const width of [320, 390, 600, 736, 740, 768, 800, 830, 876, 960, 1024, 1160, 1280, 1440]) {
    await page.resemble({ ...DESKTOP, width });
    assert.equal(await scrollsSideways(page), false, `${width}`);
    assert.equal(await page.evaluate(holes), 0, `${width}`);
  }
});

browserTest(
  "in every state, light and dark, axe finds no problem and the page is not wider than the screen",
  async (browser) => {
    await using visit = await browser.visit();
    const page = await visit.open({ ...DESKTOP, reducedMotion: true });
    for (const { name, enter, title, shown = "true" } of STATES) {
      await using subject = servePage({ minutes: 17, token: TOKEN });
      await page.resemble({ ...DESKTOP, reducedMotion: true });
      await page.goto(subject.url);
      await signIn(page, TOKEN);
      await page.until(`${listed} === 4`);
      await enter(subject);
      await lookAgain(page);
      const begins = `textContent.startsWith(${JSON.stringify(title)})`;
      await page.until(`document.querySelector('#state-text').${begins} && ${shown}`);
      await page.evaluate(`${axe.source}; undefined`);
      assert.deepEqual(await page.evaluate(axeRun("{}")), [], name);
      await page.resemble({ ...DESKTOP, scheme: "dark", reducedMotion: true });
      // What else it looks for is the same in the dark.
      assert.deepEqual(await page.evaluate(axeRun(`{ runOnly: ["color-contrast"] }`)), [], name);
      for (const width of [320, 390, 600, 740, 768, 876, 1024, 1440]) {
        await page.resemble({ ...DESKTOP, width, reducedMotion: true });
        assert.equal(await scrollsSideways(page), false, `${name} at ${width}`);
      }
      await keepPictures(page, name);
    }
  },
);

/** What axe finds: which rule, where, and why. */
function axeRun(options: string): string {
  return `axe.run(document, ${options}).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + " " + target + ": " + failureSummary)))`;
}

function stateOf(name: string): PageState {
  const state = STATES.find((state) => state.name === name);
  assert.ok(state !== undefined, name);
  return state;
}

pageTest("a first start without data is shown correctly", {}, async ({ page, subject }) => {
  subject.stored = {
    collections: [],
    cursor: null,
    waiting: { total: 0, reasons: [] },
    deadLetters: { open: 0, reasons: [] },
    countedAt: new Date(),
    recent: [],
    scenes: [],
  };
  await lookAgain(page);
  await page.until("document.querySelector('#collections').innerText === 'No record yet.'");
  await page.until("document.querySelector('#map-summary').textContent.startsWith('No scene')");
  assert.equal(await page.text("#dead-letters-reasons"), "None is open.");
  await keepPicture(page, "empty");
});

pageTest("on a phone nothing is wider than the screen, in the light and in the dark", {
  look: PHONE,
  token: TOKEN,
}, async ({ page }) => {
  await signIn(page, TOKEN);
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
  await page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)");
  assert.equal(await scrollsSideways(page), false);
  const ground = "getComputedStyle(document.body).backgroundColor";
  const light = await page.evaluate(ground);
  await keepPicture(page, "phone-light");
  await page.resemble({ ...PHONE, scheme: "dark" });
  assert.notEqual(await page.evaluate(ground), light);
  assert.equal(await scrollsSideways(page), false);
  await keepPicture(page, "phone-dark");
});

pageTest("with reduced motion nothing moves", {
  look: { ...DESKTOP, scheme: "dark", reducedMotion: true },
  token: TOKEN,
}, async ({ page }) => {
  await signIn(page, TOKEN);
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
  const durations = `[...document.querySelectorAll("*")].map((one) => {
    const { transitionDuration, animationName } = getComputedStyle(one);
    return transitionDuration + animationName;
  }).filter((text) => text !== "0snone").length`;
  assert.equal(await page.evaluate(durations), 0);
  await keepPicture(page, "desktop-dark");
});

pageTest("a screen reader announces only the state, and every table and plot has a name", {
  token: TOKEN,
}, async ({ page }) => {
  await signIn(page, TOKEN);
  await page.until("document.querySelectorAll('.dead-letters tbody tr').length === 4");
  const count = async (selector: string): Promise<unknown> =>
    await page.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
  assert.equal(await count("[aria-live]"), 1);
  assert.equal(await count("table:not(:has(> caption))"), 0);
  assert.equal(await count("svg:not([aria-hidden]):not([aria-label]):not(svg svg)"), 0);
  assert.equal(await count("section:not([aria-labelledby])"), 0);
  assert.equal(await count("[style], [onclick]"), 0);
  const changes = await page.evaluate(`new Promise((resolve) => {
    let changes = 0;
    const watch = new MutationObserver(() => changes++);
    watch.observe(document.querySelector("#state-text"), {
      childList: true, characterData: true, subtree: true,
    });
    setTimeout(() => resolve(changes), 3_500);
  })`);
  assert.equal(changes, 0);
});

pageTest("the map zooms to the scenes, to the world, and to one scene", {}, async ({ page }) => {
  await page.until(SHOWN);
  assert.match(
    await page.text("#map-summary"),
    /^5 scenes, from 38° N to 56° N, from 9° W to 24° E\. /,
  );
  const inside = `[...document.querySelectorAll("#map .dot")].filter((dot) => {
    const { width, height } = dot.ownerSVGElement.getBoundingClientRect();
    const [x, y] = [dot.cx.baseVal.value, dot.cy.baseVal.value];
    return x > 0 && x < width && y > 0 && y < height;
  }).length`;
  assert.equal(await page.evaluate(inside), 5);
  await page.click("[aria-label='Zoom out to the world']");
  await keepPicture(page, "map-world");
  assert.equal(await page.evaluate(inside), 5);
  await page.evaluate("document.querySelector('#map-list').closest('details').open = true");
  await page.click("[aria-label='Show Malmö on the map']");
  await page.until(`${inside} === 1`);
  assert.equal(
    await page.evaluate("document.querySelector('#map .land').getBBox().width > 0"),
    true,
  );
  await keepPicture(page, "map-scene");
  await page.click("[aria-label='Zoom to the scenes']");
  await page.until(`${inside} === 5`);
});

async function signIn(page: Page, token: string): Promise<void> {
  await page.until("document.activeElement?.id === 'token'");
  await page.type(token);
  await page.press("Enter");
  await page.until(SHOWN);
}
