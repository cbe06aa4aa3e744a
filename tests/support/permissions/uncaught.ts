/** An uncaught error, with all properties of a driver's error. */

import { endOnUncaught } from "../../../lib/log/uncaught.ts";

const [how = "", secret = ""] = Deno.args;

endOnUncaught([secret], (line) => {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
});
const error = Object.assign(new Error(`cannot reach postgres://u:${secret}@h/db`), {
  detail: "Failing row contains (61.381927465, 101.127465381).",
  query: `insert into scenes values ('${secret}')`,
});
if (how === "thrown") {
  setTimeout(() => {
    throw error;
  });
} else void Promise.reject(error);
