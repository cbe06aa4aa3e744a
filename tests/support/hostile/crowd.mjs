/**
 * A crowd of clients, each with an address of its own (127.0.0.2 and on), that does one thing again and
 * again until its standard input ends. It says "here" when every place in the crowd was taken once, and
 * at the end how many connections it has made.
 * Arguments: the port, how many clients, and the thing. A program of its own, since it takes as many
 * descriptors as it attacks, and Node's because Deno 2.4 neither chooses an address nor resets.
 */

import net from "node:net";
import process from "node:process";

const [port, clients, thing] = process.argv.slice(2);
const HOST = "Host: 127.0.0.1\r\n";
const GET = `GET /metrics HTTP/1.1\r\n${HOST}\r\n`;
const POST = `POST /api/dead-letters/retry HTTP/1.1\r\n${HOST}`;

/** What a client does with a connection that it has made. */
const THINGS = {
  leave: (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
  "send and reset": (socket) => socket.write(GET, () => socket.resetAndDestroy()),
  idle: () => {},
  drip: (socket) => {
    const timer = setInterval(() => socket.write("G"), 20);
    socket.on("close", () => clearInterval(timer));
  },
  "drip a body": (socket) => {
    socket.write(`${POST}Content-Length: 9999\r\n\r\n`);
    const timer = setInterval(() => socket.write("x"), 20);
    socket.on("close", () => clearInterval(timer));
  },
  "ask and read": (socket) => socket.write(GET),
  "ask and not read": (socket) => {
    socket.pause();
    socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  },
  "pipeline HTTP/1.0": (socket) => {
    const request = `GET /metrics HTTP/1.0\r\n${HOST}Connection: keep-alive\r\n\r\n`;
    socket.write(request.repeat(200));
  },
  "pipeline and not read": (socket) => {
    socket.pause();
    socket.write(GET.repeat(20_000));
  },
  "close half": (socket) => socket.end("GET /met"),
  "send without end": (socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write("X: y\r\n".repeat(1_000)));
    };
    socket.write("GET / HTTP/1.1\r\n");
    socket.on("drain", more);
    more();
  },
  "break chunks": (socket) => socket.write(`${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`),
  "speak TLS": (socket) => socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])),
  "speak HTTP/2": (socket) => socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
};

let made = 0;
let goesOn = true;

const attack = (client) => {
  if (!goesOn) return;
  const localAddress = `127.0.${Math.floor(client / 250)}.${2 + client % 250}`;
  const socket = net.connect({ port: Number(port), host: "127.0.0.1", localAddress });
  socket.on("connect", () => {
    if (++made === Number(clients)) process.stdout.write("here\n");
    THINGS[thing === "everything" ? Object.keys(THINGS)[made % Object.keys(THINGS).length] : thing](
      socket,
    );
  });
  socket.on("data", () => {});
  socket.on("error", () => {});
  socket.on("close", () => setImmediate(() => attack(client)));
};

for (let client = 0; client < Number(clients); client++) attack(client);
process.stdin.resume();
process.stdin.on("end", () => {
  goesOn = false;
  process.stdout.write(`${made}\n`, () => process.exit());
});
