/** How the driver's writes reach the network. */

import assert from "node:assert/strict";
import net from "node:net";
import { SessionSocket } from "../../../lib/repository/connection/session_socket.ts";

/** Runs something with a socket, and returns the sizes of what was written to the network. */
async function written(run: (socket: SessionSocket) => Promise<void>): Promise<number[]> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const opened = net.connect({ host: "127.0.0.1", port });
  const [accepted] = await Promise.all([
    listener.accept(),
    new Promise((resolve) => opened.once("connect", resolve)),
  ]);
  const sizes: number[] = [];
  const write = opened.write.bind(opened);
  opened.write = (chunk: Uint8Array): boolean => {
    sizes.push(chunk.length);
    return write(chunk);
  };
  await run(new SessionSocket(opened));
  opened.destroy();
  accepted.close();
  listener.close();
  return sizes;
}

/** The next turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("what one statement after another writes in a turn is sent together", async () => {
  const sizes = await written(async (socket) => {
    for (let statement = 0; statement < 5; statement++) {
      socket.write(new Uint8Array(10));
      // A statement is often written by what waited for the one before.
      await Promise.resolve();
      await Promise.resolve();
    }
    await nextTurn();
    socket.write(new Uint8Array(3));
    await nextTurn();
  });
  assert.deepEqual(sizes, [50, 3]);
});

Deno.test("much is sent before the turn ends, so that the server does not wait for the rest", async () => {
  const sizes = await written(async (socket) => {
    socket.write(new Uint8Array(20_000));
    assert.equal(socket.writable, true);
    socket.write(new Uint8Array(7));
    await nextTurn();
  });
  assert.deepEqual(sizes, [20_000, 7]);
});
